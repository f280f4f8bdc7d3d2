// Who belongs to whom, in a tree; what this step has changed; and of the chosen object two revisions side by side.
import { diffLines } from "./diff.js";
import { html } from "./kit.js";

const quiet = words => html("p", { class: "k8s-quiet" }, words);
const revision = number => number ? `@${number}` : "not there";

export function draw(host, act) {
  const tree = html("ul", { class: "k8s-kin", "aria-label": "who belongs to whom" }), side = html("div", { class: "k8s-kin-diff", "aria-live": "polite" });
  host.append(html("div", { class: "k8s-kin-sides" }, tree, side));

  // One click chooses the object here and, by its key, in all panels.
  function choose(row) {
    act("order", { order: "look", who: row.resource, what: row.key });
    act("select", { player: null, object: row.chosen ? null : row.key });
  }

  const branch = row => html("li", {},
    html("span", { class: "k8s-twig", "aria-hidden": "true" }, row.twig),
    html("button", {
      class: "k8s-note k8s-kinsman", type: "button", disabled: !row.key, "data-mark": row.mark, "aria-pressed": String(row.chosen),
      "data-order": `${row.resource} ${row.key}`, onclick: () => choose(row),
    }, html("b", {}, row.kind), " ", html("span", {}, row.name)),
    row.words && html("span", { class: "k8s-quiet" }, ` ${row.words}`),
    row.marks.map(mark => html("mark", {}, mark)),
    row.mark && html("span", { class: "k8s-changed", "data-mark": row.mark }, row.mark === "+" ? "+ new" : row.counted || "~"));

  const earlier = told => told.revisions.length > 0 && html("label", {}, "since ", html("select", {
    "aria-label": "compare with", "data-order": "since", onchange: event => act("order", { order: "since", what: event.target.value }),
  }, told.revisions.map(([number, by]) => html("option", { value: number, selected: number === told.since }, `@${number} by ${by}`))));

  function compared(told) {
    if (!told) return [quiet("Click an object: what has changed in it?")];
    return [html("h4", {}, told.object), html("p", {}, `${revision(told.since)} → ${told.ends ? "gone" : revision(told.until)}, by `, html("b", {}, told.by)),
      earlier(told), told.lines.length ? diffLines(told.lines, `what has changed in ${told.object}`) : quiet("Nothing differs.")].filter(Boolean);
  }

  function show({ owners }) {
    const { rows = [], more = 0, gone = [], diff } = owners ?? {};
    const focused = host.contains(document.activeElement) && document.activeElement.dataset.order;
    tree.replaceChildren(...rows.map(branch), ...gone.map(name => html("li", {}, html("span", { class: "k8s-changed", "data-mark": "-" }, `- ${name} is gone`))),
      ...(more ? [html("li", { class: "k8s-quiet" }, `+${more} more`)] : []), ...(rows.length ? [] : [quiet("Nothing lives in a namespace yet.")]));
    side.replaceChildren(...compared(diff));
    if (focused) host.querySelector(`[data-order="${CSS.escape(focused)}"]`)?.focus();
    return null;
  }
  return { show, close() {} };
}
