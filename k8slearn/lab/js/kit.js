// The shapes: one per noun, the same in every panel. A pod is a small rounded square, a player a box with
// badges, a node a tray, a workload a stack of cards, a message a capsule that carries its verb.
// Colours come from `data-room` (see palette.py) and the notebook's theme (see studio.css), never from here.

const build = create => (tag, attrs = {}, ...children) => {
  const made = create(tag);
  for (const [name, value] of Object.entries(attrs)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value != null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(2).filter(child => child != null && child !== false));
  return made;
};
export const html = build(tag => document.createElement(tag));
export const svg = build(tag => document.createElementNS("http://www.w3.org/2000/svg", tag));

// Children of `parent` become one <g> per item. An item that was there before keeps its <g>, so it keeps the
// keyboard's focus and can glide to a new place.
export function keyed(parent, items, keyOf, draw) {
  const old = new Map([...parent.children].map(group => [group.dataset.key, group]));
  for (const item of items) {
    const key = keyOf(item), group = old.get(key) ?? parent.appendChild(svg("g", { "data-key": key }));
    old.delete(key);
    draw(group, item);
  }
  for (const group of old.values()) group.remove();
}

const pen = document.createElement("canvas").getContext("2d");
export function widthOf(words, weight = 400) {
  pen.font = `${weight} 12px system-ui, sans-serif`;
  return pen.measureText(words).width * 1.04;
}

// `words` shortened to `width` pixels. The middle goes: Kubernetes names differ at their end.
export function fit(words, width, weight) {
  if (widthOf(words, weight) <= width) return words;
  for (let keep = words.length - 1; keep > 2; keep--) {
    const half = Math.ceil(keep / 2), tried = `${words.slice(0, half)}…${words.slice(words.length - (keep - half))}`;
    if (widthOf(tried, weight) <= width) return tried;
  }
  return words.slice(0, 1) + "…";
}

// A label of at most two lines, broken after a space or hyphen or, as in ServiceAccount, before a capital.
export function twoLines(words, width) {
  const parts = words.split(/(?<=[ -])|(?<=[a-z])(?=[A-Z])/);
  if (widthOf(words, 500) <= width || parts.length < 2) return [fit(words, width, 500)];
  let cut = parts.length - 1;
  while (cut > 1 && widthOf(parts.slice(0, cut).join(""), 500) > width) cut--;
  return [parts.slice(0, cut), parts.slice(cut)].map(line => fit(line.join("").trim(), width, 500));
}

export const shortName = key => key.slice(key.indexOf("/") + 1);

const button = (name, chosen, choose) => ({
  role: "button", tabindex: 0, "aria-label": name, "aria-pressed": String(chosen), onclick: choose,
  onkeydown: event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); } },
});

// What makes `group` pressable. Said once: a <g> outlives its drawings.
export function pressable(group, name, chosen, choose) {
  group.choose = choose;
  const attrs = button(name, chosen, () => group.choose());
  for (const key of ["role", "tabindex", "aria-label", "aria-pressed"]) group.setAttribute(key, attrs[key]);
  if (group.pressable) return;
  group.pressable = true;
  group.addEventListener("click", attrs.onclick);
  group.addEventListener("keydown", attrs.onkeydown);
}

// Deletion beats phase; readiness refines Running. The same rule as pod_state in text.py.
export function podState(pod) {
  if (pod.deleting) return "Terminating";
  if (pod.phase === "Running" && pod.ready) return "Ready";
  if (pod.phase === "Pending" && pod.reason === "ContainerCreating") return "ContainerCreating";
  return pod.phase || "Unknown";
}

const MARKS = {
  Ready: "M5 10.5 L8.6 14 L15 6.5", Succeeded: "M5 10.5 L8.6 14 L15 6.5", Failed: "M6 6 L14 14 M14 6 L6 14",
  Terminating: "M-2 22 L22 -2", Unknown: "M7.4 7.6 a2.7 2.7 0 1 1 3.7 2.5 q-1.1.5-1.1 1.7 M10 14.6 v.4",
};

// A pod, 20 px wide, at the origin of its group; `chosen` rings it.
export function pod(data, chosen = false) {
  const state = podState(data), why = data.reason && data.reason !== state ? `, ${data.reason}` : "";
  return svg("g", { class: "k8s-pod", "data-state": state, "data-pod": data.key, role: "img", "aria-label": `pod ${data.key} ${state}` },
    svg("title", {}, `${data.key}: ${state}${why}`),
    chosen && svg("rect", { class: "k8s-halo", x: -4, y: -4, width: 28, height: 28, rx: 8 }),
    svg("rect", { class: "k8s-pod-body", width: 20, height: 20, rx: 5 }),
    MARKS[state] && svg("path", { class: "k8s-pod-mark", d: MARKS[state] }));
}

// A small label in a box, its middle at (x, y).
export function chip(x, y, words, kind) {
  const width = Math.max(20, widthOf(words, 600) + 12);
  return svg("g", { class: `k8s-chip ${kind}`, transform: `translate(${x},${y})` },
    svg("rect", { x: -width / 2, y: -10, width, height: 20, rx: 10 }),
    svg("text", { "text-anchor": "middle", dy: ".35em" }, words));
}

// A box with a name; `at` is { x, y, w, h } with (x, y) its upper left corner.
export function box(at, lines, kind = "") {
  const top = at.y + at.h / 2 - (lines.length - 1) * 7.5;
  return svg("g", { class: `k8s-box ${kind}` },
    svg("rect", { x: at.x, y: at.y, width: at.w, height: at.h, rx: 9 }),
    lines.map((line, i) => svg("text", { x: at.x + at.w / 2, y: top + i * 15, "text-anchor": "middle", dy: ".35em" }, line)));
}

// The store: a cylinder that shows the revision of its last write.
export function cylinder(at, label, revision) {
  const { x, y, w, h } = at, r = 9;
  return svg("g", { class: "k8s-box k8s-store" },
    svg("path", { d: `M${x} ${y + r} v${h - 2 * r} a${w / 2} ${r} 0 0 0 ${w} 0 v${2 * r - h}` }),
    svg("ellipse", { cx: x + w / 2, cy: y + r, rx: w / 2, ry: r }),
    svg("text", { x: x + w / 2, y: y + 31, "text-anchor": "middle" }, fit(label, w - 8)),
    svg("text", { class: "k8s-revision", x: x + w / 2, y: y + 51, "text-anchor": "middle" }, `@${revision}`));
}

// A workload at the origin: a stack of cards with `actual/desired`, its name and its kind.
export function workload(data, width) {
  const { kind, key, desired = 0, actual = 0, ready = 0 } = data, told = `${kind}, ${ready} ready`;
  return [
    svg("title", {}, `${kind} ${key}: ${actual} of ${desired} there, ${ready} ready`),
    svg("rect", { class: "k8s-ground", width, height: 40 }),
    ...[8, 4, 0].map(shift => svg("rect", { class: "k8s-card", x: shift, y: 8 - shift, width: 40, height: 28, rx: 5 })),
    svg("text", { class: "k8s-count", x: 20, y: 26, "text-anchor": "middle" }, `${actual}/${desired}`),
    svg("text", { class: "k8s-name", x: 58, y: 15 }, fit(shortName(key), width - 58, 500)),
    svg("text", { class: "k8s-quiet", x: 58, y: 31 }, widthOf(told) > width - 58 ? fit(kind, width - 58) : told),
  ];
}

// A message in flight, its middle at the origin: its verb, and what it is about on a tag behind. Without
// either it is a mere dot.
export function capsule(verb, label = "") {
  if (!verb) return [svg("rect", { x: -6, y: -6, width: 12, height: 12, rx: 6 })];
  const head = widthOf(verb, 600) + 16, tail = label ? widthOf(label) + 16 : 0, left = -(head + tail) / 2;
  return [
    tail > 0 && svg("rect", { class: "k8s-tag", x: left, y: -11, width: head + tail, height: 22, rx: 11 }),
    svg("rect", { x: left, y: -11, width: head, height: 22, rx: 11 }),
    svg("text", { x: left + head / 2, dy: ".35em", "text-anchor": "middle" }, verb),
    tail > 0 && svg("text", { class: "k8s-tag-words", x: left + head + 7, dy: ".35em" }, label),
  ].filter(Boolean);
}
