// The store's log as a tape, a column per write; below it a row per reader, whose cursor is a place on the tape.
import { diffLines } from "./diff.js";
import { html, shortName } from "./kit.js";

const CELLS = { read: "●", waiting: "○", lost: "✕", "": "·" };
const SAID = { read: "read", waiting: "waiting to be read", lost: "compacted away before it was read" };

function card(entry, chosen, goto) {
  const { revision, mark, resource, key, compacted, step, who } = entry;
  return html("button", {
    class: "k8s-entry", type: "button", "data-revision": revision, "data-gone": compacted, disabled: step == null,
    "aria-pressed": String(revision === chosen), title: `${resource} ${key}${who ? `, written by ${who}` : ""}`,
    onclick: () => goto(step),
  }, html("b", {}, `@${revision}`, html("i", {}, mark)), html("span", {}, resource), html("span", {}, shortName(key)),
  who && html("span", { class: "k8s-quiet" }, who));
}

function stand({ lag, expired, cut }) {
  if (cut) return "not connected";
  if (expired) return "expired";
  return lag ? `${lag} behind` : "level";
}

function row(reader, entries) {
  const at = entries.findLastIndex(entry => entry.revision <= reader.revision);
  return [
    html("div", { class: "k8s-reader", "data-room": reader.room, title: reader.name }, html("b", {}, reader.name),
      html("span", { class: reader.lag || reader.cut ? "k8s-late" : "k8s-quiet" }, `@${reader.revision}, ${stand(reader)}`)),
    ...reader.cells.map((cell, i) => html("div", {
      class: `k8s-cell${i === at ? " k8s-cursor" : ""}`, "data-room": reader.room, "data-cell": cell,
      role: cell && "img", "aria-label": cell && `@${entries[i].revision} ${SAID[cell]}`,
    }, CELLS[cell])),
  ];
}

function details({ chosen, present }) {
  if (!chosen) return [];
  return [
    html("div", {}, html("h4", {}, chosen.title), diffLines(chosen.diff, "what this write changed")),
    html("div", {}, html("h4", {}, `There at @${chosen.revision}`),
      html("ul", {}, present.map(each => html("li", {}, `${each.resource} ${each.key} `, html("b", {}, `@${each.revision}`))))),
  ];
}

export function draw(host, act) {
  const tape = html("div", { class: "k8s-tape", "data-room": "store", role: "group", "aria-label": "The store's log" });
  const foot = html("div", { class: "k8s-entry-details" });
  host.append(tape, foot);
  const goto = step => act("goto", { step });
  const reveal = () => {
    const here = tape.querySelector("[aria-pressed=true]");
    if (here) tape.scrollLeft = here.offsetLeft + here.offsetWidth - tape.clientWidth + 90;
  };
  const resized = new ResizeObserver(reveal);
  resized.observe(host);

  function show({ log = {} }) {
    const { entries = [], readers = [], before = 0, more = 0, chosen } = log;
    const focused = tape.contains(document.activeElement) && document.activeElement.dataset.revision;
    tape.style.setProperty("--columns", entries.length);
    tape.replaceChildren(
      html("div", { class: "k8s-reader" }, html("b", {}, "log"),
        html("span", { class: "k8s-quiet" }, before ? `after ${before} earlier` : entries.length ? "oldest first" : "empty")),
      ...entries.map(entry => card(entry, chosen?.revision, goto)),
      ...readers.flatMap(reader => row(reader, entries)),
      ...(more ? [html("div", { class: "k8s-reader k8s-quiet" }, `+${more} more readers`)] : []));
    foot.replaceChildren(...details(log));
    reveal();
    if (focused) tape.querySelector(`[data-revision="${focused}"]`)?.focus();
    return null;
  }
  return { show, close: () => resized.disconnect() };
}
