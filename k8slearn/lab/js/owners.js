// Who belongs to whom, in a tree; what has changed in each since the step before, or since a revision that the reader
// picks; and of the chosen object all that differs. Who is gone keeps his place.
import { diffLines } from "./diff.js";
import { html, pod, svg } from "./kit.js";

const SAID = { "+": "new", "-": "gone now" };
const quiet = words => html("p", { class: "k8s-quiet" }, words);

export function draw(host, act) {
  const head = html("p", { class: "k8s-quiet k8s-kin-head" }), tree = html("ul", { class: "k8s-kin", "aria-label": "who belongs to whom" });
  const side = html("div", { class: "k8s-kin-diff", "aria-live": "polite" });
  host.append(head, html("div", { class: "k8s-kin-sides" }, tree, side));
  const compare = revision => act("order", { order: "compare", what: String(revision) });

  const glyph = data => svg("svg", { width: 18, height: 18, viewBox: "-3 -3 26 26", "data-room": "node" }, pod(data));
  function change({ mark, changes, more, key, there }) {
    if (mark === "~") return [changes.join(", ") || "written again", more > 0 && `+${more} more`].filter(Boolean).join(", ");
    return SAID[mark] ?? (key && !there ? "gone" : "");
  }

  const branch = (row, { player }) => html("li", { "data-there": String(row.there) },
    html("span", { class: "k8s-twig", "aria-hidden": "true" }, row.twig),
    html("button", {
      class: "k8s-kinsman", type: "button", disabled: !row.key, "data-mark": row.mark, "aria-pressed": String(row.chosen),
      "data-order": row.uid, onclick: () => act("select", { player, object: row.chosen ? null : row.key }),
    }, row.pod && glyph(row.pod), html("b", {}, row.kind), " ", html("span", {}, row.name)),
    !row.pod?.ready && row.words && html("span", { class: "k8s-quiet" }, row.words), row.marks.map(mark => html("mark", {}, mark)),
    change(row) && html("span", { class: "k8s-changed", "data-mark": row.mark, title: change(row) }, change(row)));

  const earlier = (each, { since, until, picked }) => html("label", {}, "compare with ", html("select", {
    "aria-label": `compare ${each.object} with`, "data-order": `compare ${each.object}`, onchange: event => compare(event.target.value),
  }, html("option", { value: 0, selected: !picked }, "the step before"),
    picked && !each.revisions.some(([number]) => number === since) && html("option", { value: since, selected: true }, `@${since}`),
    each.revisions.filter(([number]) => number < until).map(([number, by]) => html("option", { value: number, selected: picked && number === since }, `@${number} by ${by}`))));

  const inFull = (each, told) => html("div", { "data-object": each.object }, html("h4", {}, each.object),
    html("p", {}, `@${told.since} → @${told.until}`, each.by && [", last written by ", html("b", {}, each.by)]), earlier(each, told),
    each.lines.length ? diffLines(each.lines, `what has changed in ${each.object}`) : quiet("Nothing differs."));

  function show({ owners, selection }) {
    const { rows = [], more = 0, chosen = [], since = 0, picked = false } = owners ?? {};
    const focused = host.contains(document.activeElement) && document.activeElement.dataset.order;
    head.replaceChildren(picked ? `What has changed since @${since}. ` : "What has changed in this step.",
      ...(picked ? [html("button", { type: "button", class: "k8s-kin-back", onclick: () => compare(0) }, "in this step only")] : []));
    tree.replaceChildren(...rows.map(row => branch(row, selection)), ...(more ? [html("li", { class: "k8s-quiet" }, `+${more} more`)] : []),
      ...(rows.length ? [] : [quiet("Nothing lives in a namespace yet.")]));
    side.replaceChildren(...(chosen.length ? chosen.map(each => inFull(each, owners)) : [quiet("Click an object: what has changed in it?")]));
    if (focused) host.querySelector(`[data-order="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    return null;
  }
  return { show, close() {} };
}
