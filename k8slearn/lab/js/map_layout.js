// Where everything stands on the map, for a given width. Placed by hand, not by forces: the API server in the
// middle, the store at its side, those who call it around it. All figures are pixels; nothing is scaled, so
// text keeps its size from 640 px up.
import { widthOf } from "./kit.js";

const PAD = 8, GAP = 12, BOX = 40, ROW = 62, FAN = 84, API_HEIGHT = 64;
const MOST_NODES = 12, POD = 25;
const ABOVE = ["controllers", "scheduler", "operator"];
export const LIST_ROW = 26;

const nodeOf = id => (id.startsWith("kubelet/") ? id.slice(8) : null);
const isMiddle = player => ["client", "apiserver", "store"].includes(player.room);

// Rooms above the API server. Rows are shifted like bricks, so that lines pass between the boxes of the row below.
function above(players, width) {
  const rooms = [...new Set([...ABOVE, ...players.map(player => player.room)])]
    .map(room => ({ room, members: players.filter(player => player.room === room) }))
    .filter(({ members }) => members.length);
  if (!rooms.length) return { rooms, places: {}, bottom: PAD };
  const free = width - 2 * PAD - rooms.length * (2 * GAP) - (rooms.length - 1) * GAP;
  let rows = 1;
  const brick = count => (rows > 1 && count > rows ? 0.5 : 0);
  const columns = () => rooms.reduce((sum, { members: { length } }) => sum + Math.ceil(length / rows) + brick(length), 0);
  while (columns() * 96 > free && rows < 4) rows++;
  const pitch = Math.min(136, free / columns());
  return placeRooms(rooms, rows, pitch, width);
}

function placeRooms(rooms, rows, pitch, width) {
  const places = {}, deepest = Math.max(...rooms.map(({ members }) => Math.min(rows, members.length)));
  for (const room of rooms) {
    room.rows = Math.min(rows, room.members.length);
    room.columns = Math.ceil(room.members.length / room.rows);
    const label = widthOf(room.room, 600) + 2 * GAP;
    room.w = Math.max(label, (room.columns + (room.rows > 1 && room.columns > 1 ? 0.5 : 0)) * pitch - GAP + 2 * GAP);
    room.h = 34 + deepest * ROW - 4;
  }
  const total = rooms.reduce((sum, room) => sum + room.w, 0) + (rooms.length - 1) * GAP;
  let x = Math.max(PAD, (width - total) / 2);
  for (const room of rooms) {
    Object.assign(room, { x, y: PAD });
    room.members.forEach((player, i) => {
      const row = Math.floor(i / room.columns), shift = row % 2 && room.columns > 1 ? 0.5 : 0;
      const y = room.y + room.h - (row + 1) * ROW + 4;
      places[player.id] = { x: x + GAP + (i % room.columns + shift) * pitch, y, w: pitch - GAP, h: BOX };
    });
    x += room.w + GAP;
  }
  return { rooms, places, bottom: PAD + rooms[0].h };
}

function middle(frame, width, top) {
  const places = {}, narrow = width < 800, mid = width * (narrow ? 0.36 : 0.4), api = narrow ? 126 : 168, gap = narrow ? 34 : 68;
  const clients = frame.players.filter(player => player.room === "client");
  const shelf = { x: mid + api / 2 + gap + 92 + (narrow ? 22 : 44), y: top, step: 46 };
  shelf.w = width - PAD - shelf.x;
  shelf.columns = shelf.w > 440 ? 2 : 1;
  const height = Math.max(API_HEIGHT, clients.length * 50 - 10, 2 * shelf.step - 6);
  const y = top + (height - API_HEIGHT) / 2;
  for (const player of frame.players) {
    if (player.room === "apiserver") places[player.id] = { x: mid - api / 2, y, w: api, h: API_HEIGHT };
    if (player.room === "store") places[player.id] = { x: mid + api / 2 + gap, y: y - 2, w: 92, h: API_HEIGHT + 4 };
  }
  clients.forEach((player, i) => {
    places[player.id] = { x: PAD, y: top + (height - clients.length * 50 + 10) / 2 + i * 50, w: Math.min(120, width * 0.15), h: BOX };
  });
  shelf.rows = Math.floor((height + 6) / shelf.step);
  shelf.room = shelf.rows * shelf.columns;
  return { places, shelf, bottom: top + height };
}

// Trays: the pods without a node, then the nodes (a kubelet whose Node is not there yet has its tray too).
function trayCells(frame) {
  const named = new Set(frame.nodes.map(node => node.name));
  const early = frame.players.map(player => nodeOf(player.id)).filter(name => name && !named.has(name));
  const nodes = [...frame.nodes, ...early.map(name => ({ name, ready: false, unregistered: true, pods: [] }))];
  if (!nodes.length && !frame.unscheduled.length) return [];
  const cells = [{ kind: "waiting", id: "waiting", pods: frame.unscheduled }];
  for (const node of nodes.slice(0, MOST_NODES)) cells.push({ kind: "node", id: `kubelet/${node.name}`, node, pods: node.pods ?? [] });
  if (nodes.length > MOST_NODES) cells.push({ kind: "more", id: "more", rest: nodes.slice(MOST_NODES), pods: [] });
  return cells;
}

function trays(frame, width, top) {
  const cells = trayCells(frame), free = width - 2 * PAD + GAP;
  const columns = Math.max(1, Math.min(cells.length, Math.floor(free / 130)));
  const w = Math.min(270, free / columns) - GAP, left = (width - columns * (w + GAP) + GAP) / 2;
  const most = Math.max(0, ...cells.map(cell => cell.pods.length));
  const listed = w >= 130 && most <= 4 && cells.length <= 8;
  const inRow = Math.max(1, Math.floor((w - 2 * GAP + 5) / POD));
  const rows = listed ? Math.max(3, most) : Math.min(3, Math.max(2, Math.ceil(most / inRow)));
  const h = 40 + rows * (listed ? LIST_ROW : POD) + (listed ? 4 : 8), places = {};
  cells.forEach((cell, i) => {
    const row = Math.floor(i / columns), at = { x: left + (i % columns) * (w + GAP), y: top + row * (h + GAP), w, h, row };
    Object.assign(cell, { at, listed, inRow, room: listed ? rows : inRow * rows });
    places[cell.id] = at;
    for (const node of cell.rest ?? []) places[`kubelet/${node.name}`] = at;
  });
  const lines = Math.ceil(cells.length / columns);
  return { cells, places, top, bottom: top + lines * (h + GAP) - GAP };
}

// The whole plan: { places: id -> {x, y, w, h}, rooms, shelf, cells, width, height }.
export function layout(frame, width) {
  const upper = frame.players.filter(player => !isMiddle(player) && nodeOf(player.id) === null);
  const high = above(upper, width), mid = middle(frame, width, high.bottom + (upper.length ? FAN : 0));
  const low = trays(frame, width, mid.bottom + FAN);
  const places = { ...high.places, ...mid.places, ...low.places };
  const bottom = low.cells.length ? low.bottom : mid.bottom;
  return { places, rooms: high.rooms, shelf: mid.shelf, cells: low.cells, width, height: bottom + PAD, trayTop: low.top };
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const centre = at => [at.x + at.w / 2, at.y + at.h / 2];

// The line from `a` to `b`: down or up out of the API server like a fan, straight between neighbours.
function line(a, b, plan) {
  const [bx, by] = centre(b), side = bx > a.x + a.w / 2;
  if (Math.abs(by - a.y - a.h / 2) < 60) {
    return `M${side ? a.x + a.w : a.x} ${clamp(by, a.y + 8, a.y + a.h - 8)} L${side ? b.x : b.x + b.w} ${by}`;
  }
  const up = by < a.y, from = up ? a.y : a.y + a.h;
  const out = x => a.x + 16 + (a.w - 32) * clamp(x / plan.width, 0, 1); // spread over the edge, in order
  const fan = (x, y) => `M${out(x)} ${from} C${out(x)} ${(from + y) / 2} ${x} ${(from + y) / 2} ${x} ${y}`;
  if (up) {
    const edge = plan.rooms.length ? plan.rooms[0].y + plan.rooms[0].h : b.y + b.h;
    return `${fan(bx, edge)} L${bx} ${b.y + b.h}`;
  }
  if (!b.row) return fan(bx, b.y);
  const lane = b.x - GAP / 2; // trays of a lower row are reached between those above
  return `${fan(lane, plan.trayTop)} L${lane} ${b.y + 18} L${b.x} ${b.y + 18}`;
}

// A route between two players, drawn always from the API server's side. A stranger stands at the left edge.
export function route(from, to, plan) {
  const stranger = { x: -12, y: plan.height / 2, w: 0, h: 0 };
  const a = plan.places[from] ?? stranger, b = plan.places[to] ?? stranger;
  const back = to === "apiserver" || (from !== "apiserver" && to < from);
  return { path: back ? line(b, a, plan) : line(a, b, plan), back };
}
