// The things on the map: rooms, roads, players, trays, pods and the shelf of workloads. Each function fills the
// <g> it is given; `choose` is what a press does.
import { box, chip, cylinder, fit, keyed, pod, pressable, shortName, svg, twoLines, workload } from "./kit.js";
import { LIST_ROW, route } from "./map_layout.js";

const ROOMS = { controllers: "Controllers", scheduler: "Scheduler", operator: "Operators", outside: "Outside" };
const lagOf = player => Math.max(0, ...(player.caches ?? []).map(cache => cache.lag ?? 0));
const place = (group, x, y) => { group.style.transform = `translate(${x}px,${y}px)`; };

export function drawRoom(group, room) {
  group.dataset.room = room.room;
  group.replaceChildren(
    svg("rect", { class: "k8s-room", x: room.x, y: room.y, width: room.w, height: room.h, rx: 14 }),
    svg("text", { class: "k8s-room-label", x: room.x + 14, y: room.y + 22 }, ROOMS[room.room] ?? room.room));
}

export function drawEdge(group, edge, plan, players) {
  const far = edge.from === "apiserver" ? edge.to : edge.from, player = players.get(far);
  const calls = Object.values(edge.verbs).reduce((sum, count) => sum + count, 0);
  group.dataset.room = player?.room ?? "";
  group.replaceChildren(svg("path", {
    class: `k8s-edge${player?.cut_off ? " k8s-cut" : ""}`, d: route(edge.from, edge.to, plan).path,
    "stroke-width": Math.min(6, 1.2 + Math.log2(1 + calls) * 0.55).toFixed(2),
  }));
}

// Traffic in both directions between two players is one road.
export function roads(edges) {
  const found = new Map();
  for (const edge of edges) {
    const key = [edge.from, edge.to].sort().join(" "), verbs = found.get(key)?.verbs ?? {};
    found.set(key, { ...edge, key, verbs: { ...verbs, ...edge.verbs } });
  }
  return [...found.values()];
}

function badges(at, player) {
  const queue = player.queue?.length ?? 0, lag = lagOf(player), held = (player.caches ?? []).some(cache => cache.held);
  const words = player.alive === false ? "down" : player.cut_off ? "cut off" : lag ? `${lag} behind` : held ? "held" : "";
  return [
    queue > 0 && chip(at.x + at.w - 6, at.y, String(queue), "k8s-queue"),
    words && chip(at.x + at.w / 2, at.y + at.h + 5, words, "k8s-lag"),
  ];
}

function face(player, at, frame) {
  if (player.room === "store") return cylinder(at, player.label, frame.revision);
  const lines = twoLines(player.label.replace(/ controller$/, ""), at.w - (player.room === "apiserver" ? 36 : 9));
  return box(at, lines, player.room === "apiserver" ? "k8s-solid" : player.alive === false ? "k8s-dead" : "");
}

const haloOf = at => svg("rect", { class: "k8s-halo", x: at.x - 5, y: at.y - 5, width: at.w + 10, height: at.h + 10, rx: 13 });

export function drawPlayer(group, player, at, frame, choose) {
  const chosen = frame.selection.player === player.id;
  group.dataset.room = player.room;
  group.dataset.player = player.id;
  group.setAttribute("class", `k8s-player${chosen ? " k8s-chosen" : ""}`);
  pressable(group, `${player.label}, ${player.queue?.length ?? 0} in the queue`, chosen, choose);
  group.replaceChildren(...[
    frame.mover === player.id && haloOf(at), svg("title", {}, player.label),
    face(player, at, frame), ...badges(at, player)].filter(Boolean));
}

function trayTitle(cell) {
  if (cell.kind === "waiting") return "no node yet";
  if (cell.kind === "more") return `+${cell.rest.length} more`;
  const { node } = cell;
  return node.name + (node.unregistered ? ", not registered" : node.cut_off ? ", cut off" : node.ready ? "" : ", not ready");
}

function moreNodes({ at, rest }) {
  const pods = rest.reduce((sum, node) => sum + (node.pods?.length ?? 0), 0), bad = rest.filter(node => !node.ready).length;
  return [`${pods} pods`, bad ? `${bad} not ready` : "all ready"].map((line, i) =>
    svg("text", { class: "k8s-quiet", x: at.x + 12, y: at.y + 50 + i * 20 }, line));
}

export function drawTray(group, cell, player, frame, choose) {
  const { at } = cell, chosen = player && frame.selection.player === player.id;
  const bad = cell.kind === "waiting" || (cell.node && !cell.node.ready) || player?.alive === false;
  group.dataset.room = cell.kind === "waiting" ? "" : "node";
  group.setAttribute("class", `k8s-tray${bad ? " k8s-dead" : ""}${player ? " k8s-player" : ""}${chosen ? " k8s-chosen" : ""}`);
  if (player) { group.dataset.player = player.id; pressable(group, `${player.label}, node ${cell.node.name}`, chosen, choose); }
  const hidden = (cell.count ?? cell.pods.length) - shownPods(cell).length;
  group.replaceChildren(...[
    player && frame.mover === player.id && haloOf(at),
    svg("rect", { class: "k8s-tray-body", x: at.x, y: at.y, width: at.w, height: at.h, rx: 10 }),
    svg("text", { class: "k8s-name", x: at.x + 12, y: at.y + 23 }, fit(trayTitle(cell), at.w - 24, 500)),
    hidden > 0 && svg("text", { class: "k8s-quiet", x: at.x + at.w - 12, y: at.y + 23, "text-anchor": "end" }, `+${hidden}`),
    ...(cell.kind === "more" ? moreNodes(cell) : []), ...(player ? badges(at, player) : [])].filter(Boolean));
}

const shownPods = cell => cell.pods.slice(0, cell.room);

// Every pod with the place it has: in a list with its name, or in a grid.
export function podPlaces(cells) {
  return cells.flatMap(cell => shownPods(cell).map((data, i) => {
    const x = cell.listed ? 0 : (i % cell.inRow) * 25, y = cell.listed ? i * LIST_ROW : Math.floor(i / cell.inRow) * 25;
    return { data, cell, x: cell.at.x + 12 + x, y: cell.at.y + (cell.top ?? 38) + y };
  }));
}

export function drawPod(group, { data, cell, x, y }, chosen, choose) {
  group.setAttribute("class", "k8s-glide");
  group.dataset.room = "node";
  place(group, x, y);
  group.onclick = choose;
  const name = cell.listed && svg("text", { class: "k8s-pod-name", x: 28, y: 14.5 }, fit(shortName(data.key), cell.at.w - 52));
  group.replaceChildren(...[pod(data, chosen), name].filter(Boolean));
}

// Owners before what they own, one level further in each time: [workload, depth].
function family(workloads, owner = null, depth = 0) {
  const keys = new Set(workloads.map(({ key }) => key));
  const mine = workloads.filter(each => (depth ? each.owner === owner : !keys.has(each.owner)));
  return depth > 4 ? [] : mine.flatMap(each => [[each, depth], ...family(workloads, each.key, depth + 1)]);
}

export function drawShelf(group, frame, { shelf }, choose) {
  const tree = family(frame.workloads), shown = tree.slice(0, shelf.room), rest = tree.length - shown.length, w = shelf.w / shelf.columns;
  keyed(group, shown, ([{ kind, key }]) => `${kind} ${key}`, (each, item) => {
    const [data, depth] = item, i = shown.indexOf(item), chosen = frame.selection.object === data.key, inset = depth * 18;
    const column = Math.floor(i / shelf.rows), row = i % shelf.rows;
    each.dataset.room = "controllers";
    each.setAttribute("class", `k8s-workload${chosen ? " k8s-chosen" : ""}`);
    place(each, shelf.x + column * w + inset, shelf.y + row * shelf.step);
    pressable(each, `${data.kind} ${data.key}, ${data.actual} of ${data.desired}`, chosen, () => choose(data.key));
    const owned = depth > 0 && row > 0 && svg("path", { class: "k8s-owner", d: "M-8 -6 V18 Q-8 22 -4 22 H-1" });
    each.replaceChildren(...workload(data, w - 8 - inset), ...(owned ? [owned] : []));
  });
  if (rest > 0) group.append(svg("text", { class: "k8s-quiet", x: shelf.x, y: shelf.y - 8 }, `+${rest} more`));
}
