// Every decision explained: nodes are rows, plugins are columns, refusals say why. Below, knobs: what if?
import { html, shortName } from "./kit.js";

const MARKS = { chosen: ["★", "chosen"], tied: ["=", "as good"], fits: ["✓", "would do"], refused: ["✕", "refused"] };
const words = name => name.replace("NodeResourcesBalancedAllocation", "BalancedAllocation").split(/(?<=[a-z])(?=[A-Z])/).flatMap(part => [part, html("wbr")]);

function score(each, { name, weight }) {
  if (!each) return html("td", { class: "k8s-score", "data-none": true }, html("small", {}, "no say"));
  const [raw, normalized, weighted] = each;
  return html("td", { class: "k8s-score", style: `--heat: ${normalized}%`, title: `${name}: raw ${raw}, normalised ${normalized}, times ${weight} is ${weighted}` },
    html("b", {}, String(weighted)), html("small", {}, raw === normalized ? `${raw} × ${weight}` : `${raw} → ${normalized} × ${weight}`));
}

function row(each, plugins, best) {
  const [sign, said] = MARKS[each.mark];
  const told = each.mark === "refused"
    ? [html("td", { class: "k8s-reason", colspan: plugins.length + 1 }, html("b", {}, each.plugin), ` ${each.reasons.join(", ")}`)]
    : [...plugins.map((plugin, i) => score(each.scores[i], plugin)),
      html("td", { class: "k8s-total" }, html("b", {}, String(each.total)), html("i", { style: `width: ${best ? 100 * each.total / best : 0}%` }))];
  return html("tr", { "data-node": each.node, "data-mark": each.mark },
    html("th", { scope: "row" }, each.node), html("td", { class: "k8s-mark" }, html("span", { "aria-hidden": "true" }, `${sign} `), said), ...told);
}

export function draw(host, act) {
  const pods = html("div", { class: "k8s-decided", role: "group", "aria-label": "Pods" }), remark = html("p", { class: "k8s-remark", role: "status" });
  const table = html("table", { class: "k8s-decision", "data-room": "scheduler" }), knobs = html("div", { class: "k8s-knobs", role: "group", "aria-label": "What if?" });
  const back = html("button", { type: "button", class: "k8s-order", "data-order": "as decided", onclick: () => act("order", { order: "as decided" }) }, "as it was decided");
  const note = html("p", { class: "k8s-quiet" });
  host.append(pods, remark, table, note, knobs);
  let sliders = {}, kind = "", pod = "", timer = 0;

  // A slider under somebody's hand must not be drawn anew: they are made when there are others than before.
  function slider({ order, name }) {
    const value = html("output"), input = html("input", {
      type: "range", min: 0, "data-knob": name, "aria-label": order === "weigh" ? `weight of ${name}` : `${name} requested`,
      oninput: () => { clearTimeout(timer); timer = setTimeout(() => act("order", { order, who: name, what: `${pod} ${input.value}` }), 80); },
    });
    const label = html("label", { class: "k8s-knob" }, html("span", {}, words(name)), input, value);
    sliders[name] = { input, value, label };
    return label;
  }
  function showKnobs(all, turned) {
    const now = all.map(each => each.name).join();
    if (now !== kind) {
      [sliders, kind] = [{}, now];
      const group = (title, order, ...more) => html("div", {}, html("h4", {}, title), all.filter(each => each.order === order).map(slider), more);
      knobs.replaceChildren(...(all.length ? [group("What if it requested …", "request", back), group("What if the weights were …", "weigh")] : []));
    }
    for (const { name, value, decided, max, step, unit } of all) {
      const { input, value: said, label } = sliders[name];
      Object.assign(input, { max, step });
      if (document.activeElement !== input || value === decided) input.value = value;
      said.textContent = value === decided ? `${value}${unit}` : `${value}${unit} (was ${decided}${unit})`;
      label.toggleAttribute("data-turned", value !== decided);
    }
    back.toggleAttribute("disabled", !turned);
  }

  function show({ scheduler: told, selection }) {
    table.hidden = knobs.hidden = !told || told.failed && !told.turned;
    if (!told) { remark.textContent = "The scheduler has not decided anything yet."; pods.replaceChildren(); note.textContent = ""; return null; }
    const focused = host.contains(document.activeElement) && document.activeElement.dataset.pod;
    pods.replaceChildren(...told.pods.map(key => html("button", {
      class: "k8s-order", type: "button", "data-pod": key, "aria-pressed": String(key === told.pod), onclick: () => act("select", { player: selection.player, object: key }),
    }, shortName(key))));
    if (focused) pods.querySelector(`[data-pod="${CSS.escape(focused)}"]`)?.focus();
    remark.textContent = told.remark;
    pod = told.pod;
    host.toggleAttribute("data-turned", told.turned);
    const best = Math.max(0, ...told.rows.map(each => each.total));
    table.replaceChildren(
      html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "node"), html("th"),
        told.plugins.map(({ name, weight }) => html("th", { scope: "col" }, words(name), html("small", {}, `× ${weight}`))), html("th", { scope: "col" }, "total"))),
      html("tbody", {}, told.rows.map(each => row(each, told.plugins, best))));
    note.textContent = [told.nominated && `Others make room for it on ${told.nominated}. It is not bound to it.`, told.more && `+${told.more} more nodes`].filter(Boolean).join(" ");
    showKnobs(told.knobs, told.turned);
    return null;
  }
  return { show, close: () => clearTimeout(timer) };
}
