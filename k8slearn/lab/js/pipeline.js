// A request on its way through the API server: stations on a rail, the request as a capsule that stops at each,
// and below what this station has changed.
import { diffLines } from "./diff.js";
import { html } from "./kit.js";

const MARKS = { passed: "✓", refused: "✕", ahead: "–" }, SAID = { passed: "passed", refused: "refused here", ahead: "not reached" };

function stop(station, i, at, goto) {
  const { name, counted, state } = station, seen = i <= at ? state : "ahead";
  return html("button", {
    class: "k8s-stop", type: "button", "data-state": seen, "data-stop": i, "aria-pressed": String(i === at),
    "aria-label": `${name}: ${i <= at ? SAID[state] : "still ahead"}${counted && i <= at ? `, ${counted}` : ""}`, onclick: () => goto(i),
  }, html("b", {}, name), html("span", {}, i > at ? "" : counted || MARKS[state]));
}

export function draw(host, act) {
  const line = html("code", { class: "k8s-request-line" }), rail = html("div", { class: "k8s-rail", role: "group", "aria-label": "Stations" });
  const dot = html("i", { class: "k8s-request", "aria-hidden": "true" }), body = html("div", { class: "k8s-station" });
  host.append(line, rail, body);
  const goto = i => act("goto", { step: i });
  let timer = 0;

  // The capsule glides from where it was to the station that the request has come to.
  function place(at, hop) {
    const here = rail.querySelector(`[data-stop="${at}"]`);
    dot.style.transition = hop ? `transform ${hop}ms cubic-bezier(.3, 0, .2, 1)` : "none";
    dot.style.transform = `translate(${here.offsetLeft + here.offsetWidth / 2}px, ${here.offsetTop}px)`;
  }

  function paint({ line: words, who, stations, at }) {
    const here = stations[at], focused = rail.contains(document.activeElement) && document.activeElement.dataset.stop;
    line.textContent = `${words}   by ${who}`;
    rail.replaceChildren(...stations.map((each, i) => stop(each, i, at, goto)), dot);
    dot.dataset.state = here.state;
    body.dataset.state = here.state;
    const idle = !here.diff.length && !here.remark;
    body.replaceChildren(...[
      here.remark && html("p", { class: "k8s-remark" }, here.remark),
      here.diff.length > 0 && diffLines(here.diff, `what ${here.name} changed`),
      idle && html("p", { class: "k8s-quiet" }, here.state === "ahead" ? "The request never came here." : "Nothing to change, and nothing to object to."),
    ].filter(Boolean));
    if (focused) rail.querySelector(`[data-stop="${focused}"]`)?.focus();
  }

  function show({ journey }, { hop, before, same }) {
    if (!journey) return null;
    paint(journey);
    clearTimeout(timer);
    if (hop && before?.journey) place(before.journey.at, 0);
    dot.getBoundingClientRect(); // so that the browser begins the glide from there
    place(journey.at, hop);
    return hop && !same ? new Promise(resolve => { timer = setTimeout(resolve, hop); }) : null;
  }
  const resized = new ResizeObserver(() => { const at = rail.querySelector("[aria-pressed=true]"); if (at) place(at.dataset.stop, 0); });
  resized.observe(host);
  return { show, close() { clearTimeout(timer); resized.disconnect(); } };
}
