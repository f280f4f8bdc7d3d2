// The reconcile loop as a ring: observe (a cache, at some revision), compare (desired with actual), act (API
// calls), and round again, because a watch brings the change back. The stages light up in turn.
import { html, pod, svg } from "./kit.js";

const STAGES = ["observe", "compare", "act"], COUNTED = 12;
const line = (...children) => html("p", {}, children);

// The store's log as a ruler: where the cache is, where the store is.
function ruler({ revision = 0, store_revision: store = revision, lag = 0 }) {
  const ends = lag ? [`cache @${revision}`, `store @${store}`] : ["", `cache and store @${store}`];
  return html("div", { class: `k8s-ruler${lag ? " k8s-stale" : ""}` },
    html("div", {}, ends.map(end => html("span", {}, end))), html("i", {}),
    lag > 0 && html("div", {}, html("span", { class: "k8s-late" }, `${lag} behind`)));
}

function observe({ observe: seen = {} }) {
  const saw = seen.saw ?? [];
  return [ruler(seen), line(html("b", {}, "The cache showed")),
    saw.length ? html("ul", {}, saw.map(item => html("li", {}, item))) : line("nothing")];
}

function pods(count, state, ghosts) {
  const shapes = Array.from({ length: count + ghosts }, (_, i) =>
    svg("g", { class: i < count ? "" : "k8s-ghost", transform: `translate(${2 + i * 25},2)` },
      pod({ key: "", phase: i < count ? state : "Pending" })));
  const width = 4 + shapes.length * 25;
  return svg("svg", { class: "k8s-count-row", "data-room": "node", width, height: 24, "aria-hidden": "true" }, shapes);
}

const countable = value => Number.isInteger(value) && value >= 0 && value <= COUNTED;

// Counts are drawn as pods. What is wanted but not there is drawn as a ghost, under the one that is wanted.
function side(name, pairs, state, wanted = []) {
  return html("div", { class: "k8s-side" }, html("b", {}, name), (pairs ?? []).map(([what, value], i) => {
    const ghosts = countable(wanted[i]?.[1]) ? Math.max(0, wanted[i][1] - value) : 0;
    return html("div", {}, html("span", {}, `${what} `), html("strong", {}, String(value)),
      countable(value) && value + ghosts > 0 && pods(value, state, ghosts));
  }));
}

function yaml({ desired_yaml: desired, actual_yaml: actual }, open, remember) {
  if (!desired && !actual) return null;
  return html("details", { open, ontoggle: event => remember(event.target.open) }, html("summary", {}, "as YAML"),
    html("pre", { "aria-label": "desired" }, desired ?? ""), html("pre", { "aria-label": "actual" }, actual ?? ""));
}

function compare(loop, open, remember) {
  const { desired, actual, difference } = loop.compare ?? {};
  return [side("desired", desired, "Pending"), side("actual", actual, "Running", desired),
    html("p", { class: "k8s-difference" }, difference || "no difference"), yaml(loop, open, remember)];
}

function call({ verb, what, ok, revision }) {
  const came = ok ? (revision ? `@${revision}` : "ok") : "✕ refused";
  return html("li", { class: "k8s-call" },
    html("code", {}, verb), html("span", { class: ok ? "k8s-quiet" : "k8s-late" }, came), html("span", {}, what));
}

function act(loop) {
  const calls = loop.act ?? [];
  return [calls.length ? html("ul", {}, calls.map(call)) : line("no calls: nothing to do"),
    html("p", { class: "k8s-result" }, `result: ${loop.result || "running"}`)];
}

function causes(loop, goto) {
  const steps = loop.caused_by ?? [];
  if (!steps.length) return [];
  return [html("span", { class: "k8s-quiet" }, "caused by"), ...steps.map(step =>
    html("button", { class: "k8s-cause", type: "button", "data-step": step, onclick: () => goto(step) }, `step ${step}`))];
}

export function draw(host, send) {
  const head = html("header", { class: "k8s-loop-head" });
  const bodies = Object.fromEntries(STAGES.map(name => [name, html("div")]));
  const stages = STAGES.map((name, i) => html("section", { class: "k8s-stage", "data-stage": name },
    html("h4", {}, html("span", { class: "k8s-number" }, i + 1), name), bodies[name]));
  const ring = html("div", { class: "k8s-ring" }, stages,
    html("p", { class: "k8s-return" }, "watch events bring the change back into the cache"));
  const empty = html("p", { class: "k8s-quiet k8s-empty" }, "No reconcile yet: step until a player takes a key from its queue.");
  host.append(head, empty, ring);
  let timers = [], open = false;

  const light = active => stages.forEach((stage, i) => stage.classList.toggle("k8s-active", i === active));
  const stop = () => { timers.forEach(clearTimeout); timers = []; light(-1); };

  const lighting = (each, ended) => [
    ...STAGES.map((_, i) => setTimeout(() => light(i), i * each)), setTimeout(() => { light(-1); ended(); }, STAGES.length * each)];

  function paint(loop, frame) {
    host.dataset.room = frame.players.find(player => player.id === loop.player)?.room ?? "";
    const label = frame.players.find(player => player.id === loop.player)?.label ?? loop.player;
    head.replaceChildren(html("strong", {}, label), html("code", {}, `${loop.resource ?? ""} ${loop.key}`),
      ...causes(loop, step => send("goto", { step })));
    bodies.observe.replaceChildren(...observe(loop));
    bodies.compare.replaceChildren(...compare(loop, open, now => { open = now; }).filter(Boolean));
    bodies.act.replaceChildren(...act(loop));
  }

  function show(frame, { hop, same }) {
    const { loop } = frame, moving = hop && loop && loop.player === frame.mover;
    empty.hidden = Boolean(loop);
    head.hidden = ring.hidden = !loop;
    if (loop) paint(loop, frame);
    if (same) return null;
    stop();
    return moving ? new Promise(resolve => { timers = lighting(hop * 1.5, resolve); }) : null;
  }
  return { show, close: stop };
}
