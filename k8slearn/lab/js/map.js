// The architecture map: players in their rooms, the roads that were really used, pods on their nodes, and
// the messages of this step travelling. The board changes when the write reaches the store, not before.
import { card } from "./card.js";
import { fly } from "./flight.js";
import { keyed, svg } from "./kit.js";
import { layout, route } from "./map_layout.js";
import { drawEdge, drawPlayer, drawPod, drawRoom, drawShelf, drawTray, podPlaces, roads } from "./map_parts.js";

const LAYERS = ["rooms", "edges", "trays", "shelf", "players", "pods", "dots"], NARROWEST = 600;
const isKubelet = player => player.id.startsWith("kubelet/");

// Everything that stands still, on its layers. Returns the plan, by which messages find their way.
function board(layer, frame, width, choosePlayer, chooseObject) {
  const plan = layout(frame, width), players = new Map(frame.players.map(player => [player.id, player]));
  const standing = frame.players.filter(player => plan.places[player.id] && !isKubelet(player));
  keyed(layer.rooms, plan.rooms, room => room.room, drawRoom);
  keyed(layer.edges, roads(frame.edges), edge => edge.key, (group, edge) => drawEdge(group, edge, plan, players));
  keyed(layer.trays, plan.cells, cell => cell.id, (group, cell) =>
    drawTray(group, cell, players.get(cell.id), frame, () => choosePlayer(cell.id)));
  keyed(layer.players, standing, player => player.id, (group, player) =>
    drawPlayer(group, player, plan.places[player.id], frame, () => choosePlayer(player.id)));
  drawShelf(layer.shelf, frame, plan, chooseObject);
  keyed(layer.pods, podPlaces(plan.cells), ({ data }) => data.key, (group, each) =>
    drawPod(group, each, frame.selection.object === each.data.key, () => chooseObject(each.data.key)));
  return plan;
}

export function draw(host, act) {
  const layer = Object.fromEntries(LAYERS.map(name => [name, svg("g")]));
  const stage = svg("svg", { class: "k8s-map", role: "group", "aria-label": "Architecture map" }, Object.values(layer));
  const details = document.createElement("div");
  let shown = null, final = null, stop = null;
  host.append(stage, details);

  const width = () => Math.max(NARROWEST, host.clientWidth || 900);
  const toggle = (what, id) => act("select", { ...final.selection, [what]: final.selection[what] === id ? null : id });
  const choosePlayer = id => toggle("player", id), chooseObject = key => toggle("object", key);

  function paint(frame) {
    shown = frame;
    const plan = board(layer, frame, width(), choosePlayer, chooseObject);
    stage.setAttribute("width", plan.width);
    stage.setAttribute("height", plan.height);
    const chosen = frame.players.find(player => player.id === frame.selection.player);
    details.replaceChildren(...(chosen ? [card(chosen, () => choosePlayer(chosen.id))] : []));
    return plan;
  }

  function settle() {
    stop?.();
    stop = null;
    if (final) paint(final);
  }

  // The board of before, with the new mover, until the store has the write.
  function animate(frame, before, hop) {
    const writes = frame.messages.some(message => message.to === "store");
    const plan = paint(writes ? { ...before, mover: frame.mover, edges: frame.edges, selection: frame.selection } : frame);
    const roomOf = id => frame.players.find(player => player.id === id)?.room ?? "";
    const arrived = message => { if (message.to === "store") { paint(frame); stage.classList.add("k8s-ticked"); } };
    const routeOf = ({ from, to }) => route(from, to, plan);
    return new Promise(resolve => {
      const ended = () => { settle(); resolve(); };
      stop = fly(layer.dots, frame.messages, { hop, width: plan.width, roomOf, routeOf, arrived, ended });
    });
  }

  function show(frame, { hop, before, same }) {
    final = frame;
    stage.classList.remove("k8s-ticked");
    stage.classList.toggle("k8s-still", !hop);
    if (same && stop) { paint({ ...shown, selection: frame.selection }); return null; }
    settle();
    return hop && frame.messages.length ? animate(frame, before, hop) : null;
  }

  const resized = new ResizeObserver(() => { if (shown && Number(stage.getAttribute("width")) !== width()) paint(shown); });
  resized.observe(host);
  return { show, close() { stop?.(); resized.disconnect(); } };
}
