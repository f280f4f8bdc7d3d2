// The entry: a widget is a transport bar and some panels. Panels draw; this file decides when.
// A panel's module exports draw(host, act), which returns
//   show(frame, { hop, before, same }) -> null, or a promise kept when its motion has ended, and
//   close().
// `hop` is what a message needs from player to player in milliseconds, 0 when nothing is to move; `before` is the
// frame shown before; `same` tells that only the selection may differ.
// `act(verb, more)` sends a command to Python (the verbs are in studio.py); the answer is a new frame.
import { html } from "./kit.js";
import { transport } from "./transport.js";

const HOP = 400, REST = 350, READ = 900; // milliseconds at speed 1
const NO_FRAME = {
  step: 0, last: 0, time: 0, revision: 0, title: "", text: "", mover: null, players: [], edges: [], messages: [],
  workloads: [], nodes: [], unscheduled: [], loop: null, selection: {},
};
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function errorCard(words, dismiss) {
  return html("div", { class: "k8s-error", role: "alert" }, html("span", {}, words),
    html("button", { type: "button", "aria-label": "Dismiss", onclick: dismiss }, "✕"));
}

// Space plays and pauses, → steps, ← goes back. A focused button keeps its own space.
function keyboard(act, togglePlay) {
  const keys = { ArrowRight: () => act("step"), ArrowLeft: () => act("back"), " ": togglePlay };
  return event => {
    const own = event.key === " " && event.target.closest("button, summary, [role=button]");
    if (own || !keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  };
}

// What keeps playing going: when a step has been shown, and there was a moment to read it, ask for the next.
function pacemaker(model, act) {
  let timer = 0, ready = false;
  const ask = () => { if (ready && model.get("state").playing) act("next", { at: model.get("frame").step }); };
  return {
    showing() { clearTimeout(timer); ready = false; },
    shown(moved) { timer = setTimeout(() => { ready = true; ask(); }, (moved ? REST : READ) / model.get("state").speed); },
    playing: ask,
    close: () => { clearTimeout(timer); ready = false; },
  };
}

function mount(model, root) {
  const act = (verb, more = {}) => model.send({ do: verb, ...more });
  const bar = transport(act), pace = pacemaker(model, act), errors = html("div");
  const said = html("div", { class: "k8s-said", "aria-live": "polite" });
  const panels = model.get("panels").map(name => {
    const host = html("section", { class: "k8s-panel", "data-panel": name });
    const trouble = host.appendChild(html("div"));
    return { name, host, trouble, ...PANELS[name](host, act) };
  });
  root.append(...bar.parts, errors, ...panels.map(panel => panel.host), said);
  const complain = (place, words, dismiss) => place.replaceChildren(...(words ? [errorCard(words, dismiss)] : []));

  const showPanel = (panel, frame, how) => {
    complain(panel.trouble, "");
    try { return panel.show(frame, how); }
    catch (error) {
      complain(panel.trouble, `The panel “${panel.name}” could not be drawn. ${error}`, () => complain(panel.trouble, ""));
      return null;
    }
  };
  let before = null, turn = 0;
  const onFrame = () => {
    const frame = { ...NO_FRAME, ...model.get("frame") };
    const same = before?.step === frame.step, forward = before && frame.step === before.step + 1;
    const hop = forward && !still() ? HOP / model.get("state").speed : 0;
    bar.showFrame(frame);
    said.textContent = frame.text;
    const motions = panels.map(panel => showPanel(panel, frame, { hop, before, same })).filter(Boolean);
    before = frame;
    if (same) return;
    const mine = ++turn;
    pace.showing();
    Promise.all(motions).then(() => { if (mine === turn) pace.shown(motions.length > 0); });
  };
  const onState = () => {
    bar.showState(model.get("state"));
    complain(errors, model.get("state").error, () => act("dismiss"));
    if (model.get("state").playing) pace.playing();
  };
  const onKey = keyboard(act, bar.togglePlay);
  root.addEventListener("keydown", onKey);
  model.on("change:frame", onFrame);
  model.on("change:state", onState);
  onState();
  onFrame();
  return () => {
    root.removeEventListener("keydown", onKey);
    model.off("change:frame", onFrame);
    model.off("change:state", onState);
    turn = -1;
    [bar, pace, ...panels].forEach(part => part.close());
    root.remove();
  };
}

export default {
  render({ model, el }) {
    const root = html("div", {
      class: "k8s-studio", tabindex: 0, role: "group", "aria-label": "Studio: space plays, arrow keys step",
      "data-lm-suppress-shortcuts": "true", // JupyterLab: these keys are ours while the focus is here
    });
    el.append(root);
    return mount(model, root);
  },
};
