// Nodes and pods as a board: machines are trays with their size drawn, pods are small squares on them, and those that
// have no node wait in the row at the top. Heights do not depend on what is there, so nothing jumps between steps.
import { fit, html, keyed, pod, pressable, svg, widthOf } from "./kit.js";
import { LIST_ROW } from "./map_layout.js";
import { drawPod, drawTray, podPlaces } from "./map_parts.js";

const GAP = 10, POD = 25, NARROWEST = 600, LISTED = 4, ROOMY = 8; // up to so many nodes, pods are listed by name
const EMPTY = { nodes: [], more: 0, waiting: [], waiting_count: 0, chosen: null };
const LEGEND = [
  [{ phase: "Pending" }, "pending"], [{ phase: "Pending", reason: "ContainerCreating" }, "creating"],
  [{ phase: "Running" }, "running, not ready"], [{ phase: "Running", ready: true }, "ready"],
  [{ phase: "Succeeded" }, "succeeded"], [{ phase: "Failed" }, "failed"], [{ phase: "Running", deleting: true }, "terminating"],
];
const inRow = w => Math.max(1, Math.floor((w - 19) / POD));

// The waiting row, then a tray for each node: large ones with names, or many small ones.
function plan({ nodes, waiting, waiting_count }, width) {
  const roomy = nodes.length <= ROOMY, free = width + GAP;
  const columns = roomy ? Math.max(1, Math.min(nodes.length, Math.floor(free / 220))) : Math.floor(free / 122);
  const w = Math.min(free / columns, 400) - GAP, top = roomy ? 92 : 66, h = roomy ? top + LISTED * LIST_ROW + 6 : top + 30;
  const above = { kind: "waiting", id: "waiting", at: { x: 0, y: 0, w: width, h: 70 }, pods: waiting, count: waiting_count };
  Object.assign(above, { inRow: inRow(width - 60), room: inRow(width - 60) });
  const cells = nodes.map((node, i) => ({
    kind: "node", id: `kubelet/${node.name}`, node, pods: node.pods, count: node.count, listed: roomy, top,
    inRow: inRow(w), room: roomy ? LISTED : inRow(w),
    at: { x: (i % columns) * (w + GAP), y: 80 + Math.floor(i / columns) * (h + GAP), w, h },
  }));
  return { roomy, cells: [above, ...cells], height: 80 + Math.ceil(nodes.length / columns) * (h + GAP) };
}

// As long as what there is; filled as far as is requested; a tick where the use is.
function meter({ name, unit, asked, used, has }, x, y, w, words) {
  const left = x + (words ? 58 : 0), said = `${asked} of ${has}${unit}`, h = words ? 10 : 6;
  const long = Math.max(20, w - (words ? 66 + widthOf("99.99 of 99Gi") : 0)), share = part => long * Math.min(1, has ? part / has : 0);
  return svg("g", { class: "k8s-meter", "data-meter": name },
    svg("title", {}, `${name}: ${asked}${unit} requested, ${used}${unit} used, ${has}${unit} there are to give`),
    words && svg("text", { class: "k8s-quiet", x, y: y + 9 }, name),
    svg("rect", { class: "k8s-has", x: left, y, width: long, height: h, rx: 2 }),
    svg("rect", { class: "k8s-asked", x: left, y, width: share(asked), height: h, rx: 2 }),
    svg("path", { class: "k8s-used", d: `M${left + share(used)} ${y - 3} v${h + 6}` }),
    words && svg("text", { x: x + w, y: y + 9, "text-anchor": "end" }, said));
}

function drawNode(group, cell, frame, roomy, choose) {
  const found = frame.players.find(each => each.id === cell.id), player = found && { ...found, cut_off: false }; // the title says it
  drawTray(group, cell, player, frame, choose);
  if (cell.kind === "waiting") return;
  const { x, y, w } = cell.at, { signs, meters } = cell.node, told = signs.join("; "), room = w - 24;
  const said = widthOf(told, 600) > room ? signs.map(sign => sign.split(":")[0].replace("taint ", "⊘ ")).join("; ") : told; // without effects
  group.append(
    ...meters.map((each, i) => meter(each, x + 12, y + (roomy ? 34 + i * 18 : 30 + i * 10), w - 24, roomy)),
    svg("text", { class: "k8s-signs", x: x + 12, y: y + (roomy ? 84 : 60) }, svg("title", {}, told), said && fit(said, room, 600)));
}

// On a large tray, a pod's name is followed by what is wrong with it.
function drawSquare(group, each, chosen, choose) {
  const { data, cell } = each, said = [data.reason, data.restarts > 0 && `↻${data.restarts}`].filter(Boolean).join(" ");
  const room = cell.at.w - 52, trouble = cell.listed && said ? fit(said, room * 0.55) : "";
  drawPod(group, each, chosen, choose);
  group.onclick = null;
  pressable(group, `pod ${data.key}`, chosen, choose);
  group.querySelector(".k8s-pod title").textContent += data.restarts ? `, ${data.restarts} restarts` : "";
  if (!cell.listed) return;
  group.prepend(svg("rect", { class: "k8s-ground", width: cell.at.w - 24, height: 20 })); // the whole line can be pressed
  const name = group.querySelector(".k8s-pod-name"), words = name.textContent;
  if (trouble) {
    name.textContent = fit(words, room - widthOf(trouble) - 8);
    group.append(svg("text", { class: "k8s-trouble", x: cell.at.w - 24, y: 14.5, "text-anchor": "end" }, trouble));
  }
}

const legend = () => html("p", { class: "k8s-legend k8s-quiet" },
  LEGEND.map(([data, words]) => html("span", {}, svg("svg", { width: 20, height: 20, viewBox: "-1 -1 22 22" }, pod({ key: words, ...data })), words)),
  html("span", {}, svg("svg", { width: 24, height: 16 }, meter({ name: "", unit: "", asked: 3, used: 4, has: 6 }, 1, 5, 22, false)), "requested, and │ used"));

export function draw(host, act) {
  const trays = svg("g"), pods = svg("g"), stage = svg("svg", { class: "k8s-board", role: "group", "aria-label": "Nodes and pods" }, trays, pods);
  const more = html("p", { class: "k8s-quiet" }), details = html("aside", { class: "k8s-about", "aria-live": "polite" });
  const key = legend();
  key.dataset.room = "node";
  host.append(stage, more, key, details);
  let shown = null;

  const width = () => Math.max(NARROWEST, host.clientWidth || 900);
  const toggle = (what, id) => act("select", { ...shown.selection, [what]: shown.selection[what] === id ? null : id });

  function paint(frame) {
    shown = frame;
    const told = { ...EMPTY, ...frame.board }, wide = width(), { cells, height, roomy } = plan(told, wide);
    stage.setAttribute("width", wide);
    stage.setAttribute("height", height);
    keyed(trays, cells, cell => cell.id, (group, cell) =>
      drawNode(group, cell, frame, roomy, () => toggle("player", cell.id)));
    keyed(pods, podPlaces(cells), ({ data }) => data.key, (group, each) =>
      drawSquare(group, each, frame.selection.object === each.data.key, () => toggle("object", each.data.key)));
    more.textContent = told.more ? `+${told.more} more nodes` : "";
    details.toggleAttribute("data-empty", !told.chosen);
    details.replaceChildren(...(told.chosen
      ? [html("strong", {}, told.chosen.title), html("ul", {}, told.chosen.lines.map(line => html("li", {}, line)))]
      : [html("span", { class: "k8s-quiet" }, "Press a pod or a node to read more about it.")]));
  }

  function show(frame, { hop }) {
    stage.classList.toggle("k8s-still", !hop);
    paint(frame);
    return null;
  }

  const resized = new ResizeObserver(() => { if (shown && Number(stage.getAttribute("width")) !== width()) paint(shown); });
  resized.observe(host);
  return { show, close() { resized.disconnect(); } };
}
