// Watches side by side, a column each: its stand, what it was told (the newest at the foot), what it believes.
// Above them, what is there and what can be done to it.
import { html } from "./kit.js";

const LEVELS = { level: "", old: "out of date", gone: "gone, and it does not know" };
const BAD = ["expired", "cut", "held"];
const version = ({ version: at }) => (at ? `remembers @${at}` : "remembers no version");

export function draw(host, act) {
  const world = html("div", { class: "k8s-world" });
  const columns = html("div", { class: "k8s-watchers" });
  host.append(world, columns);
  let chosen = "";

  const press = (who, { do: verb, label }) => html("button", {
    class: "k8s-order", type: "button", "data-order": `${who} ${verb}`.trim(),
    onclick: () => act("order", { order: verb, who, what: chosen }),
  }, label);

  const object = each => html("button", {
    class: "k8s-note", type: "button", "aria-pressed": String(each.chosen), "data-order": `note ${each.key}`,
    onclick: () => act("select", each.chosen ? {} : { object: each.key }),
  }, each.words);

  const line = ([mark, type, words]) => html("li", { "data-type": type },
    html("b", { "aria-hidden": "true" }, mark), html("span", {}, type), html("span", {}, words));

  const belief = ({ words, level }) => html("li", { "data-level": level }, words,
    LEVELS[level] && html("span", { class: "k8s-late" }, ` ${LEVELS[level]}`));

  function column(each) {
    const told = each.told.map(line), { name } = each;
    return html("div", { class: "k8s-watcher", "data-room": each.room, "data-state": each.state, "data-watcher": name, role: "group", "aria-label": `watcher ${name}` },
      html("header", {}, html("strong", {}, each.label), html("code", {}, each.asks),
        html("span", { class: BAD.includes(each.state) ? "k8s-late" : "k8s-quiet" }, each.words),
        html("span", {}, version(each), each.lag > 0 && html("b", { class: "k8s-late" }, ` ${each.lag} behind`))),
      html("ol", { class: "k8s-told", "aria-label": "was told" },
        each.before > 0 && html("li", { class: "k8s-quiet" }, `${each.before} earlier`),
        told.length ? told : html("li", { class: "k8s-quiet" }, "was told nothing yet")),
      html("h4", {}, "believes"),
      html("ul", { class: "k8s-beliefs" }, each.believes.map(belief),
        each.unknown.map(name => html("li", { "data-level": "unknown" }, name, html("span", { class: "k8s-late" }, " never heard of"))),
        !each.believes.length && !each.unknown.length && html("li", { class: "k8s-quiet" }, "nothing")),
      html("div", { class: "k8s-orders" }, each.orders.map(order => press(name, order))));
  }

  function show({ watches }) {
    const { orders = [], objects = [], watchers = [], more = 0 } = watches ?? {};
    const focused = host.contains(document.activeElement) && document.activeElement.dataset.order;
    chosen = objects.find(each => each.chosen)?.key ?? "";
    world.replaceChildren(
      html("div", { class: "k8s-orders" }, orders.map(order => press("", order))),
      html("div", { class: "k8s-orders" }, objects.map(object)));
    columns.replaceChildren(...watchers.map(column),
      ...(watchers.length ? [] : [html("p", { class: "k8s-quiet" }, "Nobody is behind: every watcher has heard of everything.")]),
      ...(more ? [html("p", { class: "k8s-quiet" }, `+${more} more watchers`)] : []));
    for (const list of columns.querySelectorAll(".k8s-told")) list.scrollTop = list.scrollHeight;
    if (focused) host.querySelector(`[data-order="${CSS.escape(focused)}"]`)?.focus();
    return null;
  }
  return { show, close() {} };
}
