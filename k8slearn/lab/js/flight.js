// Messages in flight. One wave after another; the messages of one wave leave together, those on the same
// road a little apart. A refused message comes back the way it went, with a mark.
import { capsule, svg } from "./kit.js";

const SPOKEN = 7, APART = 0.22, CLEAR = 13, SLOWEST = 50;
const ease = p => (p < 0.5 ? 4 * p ** 3 : 1 - (2 - 2 * p) ** 3 / 2);

function wavesOf(messages) {
  const numbers = [...new Set(messages.map(message => message.wave))].sort((a, b) => a - b);
  return numbers.map(number => messages.filter(message => message.wave === number));
}

// What is written on a message: all when it travels alone, its verb in company, nothing in a crowd.
function marking(message, wave, roomOf) {
  const words = wave.length === 1 ? [message.verb, message.label] : wave.length <= SPOKEN ? [message.verb] : [];
  return { words, dot: svg("g", { class: "k8s-dot", "data-room": roomOf(message.from) }, capsule(...words)) };
}

// The flights of all waves: { start, end } in hops, the road, and how it looks on the way out and back.
function plan(messages, routeOf, roomOf) {
  const flights = [];
  let start = 0;
  for (const wave of wavesOf(messages)) {
    const roads = {};
    let end = start + 1;
    for (const message of wave) {
      const road = `${message.from} ${message.to}`, late = (roads[road] = (roads[road] ?? -1) + 1) * APART;
      const refused = message.ok === false, flight = { message, start: start + late, end: start + late + (refused ? 2 : 1) };
      flights.push({ ...flight, ...routeOf(message), refused, ...marking(message, wave, roomOf) });
      end = Math.max(end, flight.end);
    }
    start = end;
  }
  return { flights, hops: start };
}

// A dot keeps clear of the boxes at both ends, and of the picture's sides.
function place(flight, share, width) {
  const along = ease(flight.refused ? 1 - Math.abs(2 * share - 1) : share), clear = Math.min(CLEAR, flight.length / 5);
  const far = clear + (flight.back ? 1 - along : along) * (flight.length - 2 * clear);
  const { x, y } = flight.road.getPointAtLength(far), inside = Math.max(flight.half, Math.min(width - flight.half, x));
  flight.dot.setAttribute("transform", `translate(${inside.toFixed(1)},${y.toFixed(1)})`);
  if (flight.refused && share > 0.5 && !flight.turned) turn(flight);
}

function turn(flight) {
  const [verb = "", label] = flight.words;
  flight.turned = true;
  flight.dot.classList.add("k8s-refused");
  flight.dot.replaceChildren(...capsule(`✕ ${verb}`, label));
}

// Let `messages` travel on `layer`. `arrived(message)` is told of each arrival, `ended()` of the last; the
// answer stops it all. Time is counted in frames drawn: a busy or hidden page slows down, it skips nothing.
export function fly(layer, messages, { hop, width, routeOf, roomOf, arrived, ended }) {
  const { flights, hops } = plan(messages, routeOf, roomOf);
  for (const flight of flights) {
    flight.road = svg("path", { d: flight.path });
    flight.length = flight.road.getTotalLength();
  }
  let at = 0, last = null, raf = 0;
  const move = flight => {
    const share = (at - flight.start) / (flight.end - flight.start);
    if (share < 0 || flight.done) return;
    if (!flight.dot.isConnected) layer.append(flight.dot);
    flight.half ??= flight.dot.getBBox().width / 2;
    place(flight, Math.min(1, share), width);
    if (share < 1) return;
    flight.done = true;
    flight.dot.remove();
    arrived(flight.message);
  };
  const tick = now => {
    at += Math.min(SLOWEST, now - (last ?? now)) / hop;
    last = now;
    flights.forEach(move);
    if (at < hops) raf = requestAnimationFrame(tick);
    else ended();
  };
  raf = requestAnimationFrame(tick);
  return () => { cancelAnimationFrame(raf); layer.replaceChildren(); };
}
