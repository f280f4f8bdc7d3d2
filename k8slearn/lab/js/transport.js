// The transport bar: time's controls, and the story of the present step. One per widget.
import { html, svg } from "./kit.js";

const SPEEDS = [0.5, 1, 2, 4];
const ICONS = {
  back: "M4 3h2.2v10H4z M14 3v10L7 8z", step: "M2 3v10l7-5z M9.8 3H12v10H9.8z",
  play: "M4 2.5v11l9-5.5z", pause: "M4 3h3v10H4z M9 3h3v10H9z",
};
const icon = name => svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));
const speedName = speed => (speed === 0.5 ? "½×" : `${speed}×`);

function press(name, label, onclick) {
  return html("button", { class: `k8s-${name}`, type: "button", "aria-label": label, title: label, onclick }, icon(name));
}

// Dragging the scrubber asks for a step at most every 80 ms.
function scrubber(act) {
  let waiting = 0;
  const bar = html("input", {
    class: "k8s-scrub", type: "range", min: 0, "aria-label": "Step",
    oninput: () => { waiting ||= setTimeout(() => { waiting = 0; act("goto", { step: Number(bar.value) }); }, 80); },
  });
  return {
    bar,
    show({ step, last }) { bar.max = last; if (!waiting) bar.value = step; bar.style.setProperty("--done", last ? step / last : 0); },
    close: () => clearTimeout(waiting),
  };
}

export function transport(act) {
  let now = { playing: false, speed: 1 };
  const togglePlay = () => act(now.playing ? "pause" : "play");
  const faster = () => act("speed", { speed: SPEEDS[(SPEEDS.indexOf(now.speed) + 1) % SPEEDS.length] });
  const play = press("play", "Play", togglePlay);
  const speed = html("button", { class: "k8s-speed", type: "button", onclick: faster });
  const scrub = scrubber(act), readout = html("span", { class: "k8s-readout" });
  const title = html("strong", { class: "k8s-title" }), text = html("span", { class: "k8s-text" });
  const notice = html("div", { class: "k8s-notice", hidden: true });
  const bar = html("div", { class: "k8s-transport", role: "toolbar", "aria-label": "Time" },
    press("back", "Back one step", () => act("back")), play,
    press("step", "One step", () => act("step")), speed, scrub.bar, readout);

  const showFrame = frame => {
    readout.textContent = `step ${frame.step} of ${frame.last}${frame.time == null ? "" : ` · t=${frame.time} s`} · revision ${frame.revision}`;
    title.textContent = frame.title;
    text.textContent = frame.text;
    scrub.show(frame);
  };
  const showState = state => {
    now = state;
    play.replaceChildren(icon(state.playing ? "pause" : "play"));
    play.setAttribute("aria-label", state.playing ? "Pause" : "Play");
    play.title = state.playing ? "Pause" : "Play";
    speed.textContent = speedName(state.speed);
    speed.setAttribute("aria-label", `Speed ${speedName(state.speed)}, press for the next`);
    notice.textContent = state.notice;
    notice.hidden = !state.notice;
  };
  const story = html("div", { class: "k8s-story" }, title, text, notice);
  return { parts: [bar, story], showFrame, showState, togglePlay, close: scrub.close };
}
