// Who asks, through which router, which endpoint: the requests of the second that is over, as streams. A stream is as wide as it has
// requests; what was lost is dashed and carries a cross. Every endpoint keeps its line as long as it is there.
import { fit, html, keyed, pod, pressable, shortName, svg } from "./kit.js";

const NARROWEST = 600, TOP = 30, LINE = 22, LEAST = 8, THICK = 34, BARS = 46;
const STATES = { ready: { phase: "Running", ready: true }, terminating: { deleting: true }, "not ready": { phase: "Running" }, gone: { phase: "Failed" }, nobody: { phase: "Unknown" } };
const ROOMS = { "k8s-answered": "controllers", "k8s-lost": "operator" };
const name = each => shortName(each.key) || each.address || "nobody";
const ms = seconds => `${Math.round(seconds * 1000)} ms`;
const ended = each => [each.ok && `${each.ok} answered`, ...Object.entries(each.why).map(([how, count]) => `${count} ${how}`), each.waiting && `${each.waiting} under way`].filter(Boolean).join(", ");

export function draw(host, act) {
  const numbers = html("p", { class: "k8s-second", "aria-live": "polite" }), quiet = html("p", { class: "k8s-quiet" }, "Nobody asks anything in this world.");
  const ways = svg("g", {}), boxes = svg("g", {}), ends = svg("g", {}), heads = svg("g", {});
  const picture = svg("svg", { class: "k8s-traffic", role: "group", "aria-label": "requests of the last second" }, ways, boxes, ends, heads);
  const past = svg("svg", { class: "k8s-past", role: "img", height: BARS + 18 });
  host.append(numbers, quiet, picture, past);
  const slots = new Map();  // endpoint -> its line, as long as it is there
  let lines = LEAST, shown = null, CROWD, ROUTER, END;

  // Words keep their size: it is the room between the columns that grows. Of an endpoint: where each of its words begins.
  const width = () => Math.max(NARROWEST, host.clientWidth || 900);
  function measure() {
    const name = Math.min(Math.max(width() * 0.17, 100), 150), said = 28 + name, sent = said + 80, rate = sent + 82, lost = rate + 8, w = lost + 40;
    END = { x: width() - w, w, name, said, sent, rate, lost };
    CROWD = { x: 4, w: Math.min(width() * 0.16, 138) };
    ROUTER = { w: Math.min(width() * 0.13, 100) };
    ROUTER.x = CROWD.x + CROWD.w + (END.x - CROWD.x - CROWD.w - ROUTER.w) * 0.46;
  }

  function settle(endpoints) {
    const here = new Set(endpoints.map(each => each.id));
    for (const key of slots.keys()) if (!here.has(key)) slots.delete(key);
    const taken = new Set(slots.values());
    for (const { id: key } of endpoints) {
      if (slots.has(key)) continue;
      let free = 0;
      while (taken.has(free)) free++;
      slots.set(key, free);
      taken.add(free);
    }
    lines = Math.max(lines, ...[...slots.values()].map(slot => slot + 1));
  }

  const height = () => TOP + lines * LINE + 10;
  const spread = (count, i) => TOP + (height() - TOP - 10) * (i + 0.5) / count;
  const atEnd = key => TOP + (slots.get(key) + 0.5) * LINE;

  function summed(streams, a, b) {
    const found = new Map();
    for (const each of streams) {
      const key = `${each[a]} ${each[b]}`, sum = found.get(key) ?? { key: `${a} ${key}`, a: each[a], b: each[b], good: 0, lost: 0 };
      sum.good += each.ok + each.waiting;
      sum.lost += each.lost;
      found.set(key, sum);
    }
    return [...found.values()];
  }

  // From (x1, y1) to (x2, y2): what was answered, and dashed beside it what was lost.
  function stream(group, { good, lost }, total, [x1, y1], [x2, y2]) {
    const bend = `C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`, width = count => Math.max(1.2, THICK * count / total);
    const line = (kind, count, shift) => count > 0 && svg("path", { class: `k8s-stream ${kind}`, "data-room": ROOMS[kind], d: `M${x1} ${y1} ${bend}`, "stroke-width": width(count), transform: `translate(0,${shift})` });
    group.replaceChildren(...[line("k8s-answered", good, 0), line("k8s-lost", lost, good ? (width(good) + width(lost)) / 2 : 0)].filter(Boolean));
  }

  function streams(told, placed) {
    const total = told.streams.reduce((sum, each) => sum + each.ok + each.waiting + each.lost, 0) || 1;
    const first = summed(told.streams, "from", "via").filter(each => placed.from.has(each.a) && placed.via.has(each.b))
      .map(each => ({ ...each, start: [CROWD.x + CROWD.w, placed.from.get(each.a)], end: [ROUTER.x, placed.via.get(each.b)] }));
    const second = summed(told.streams, "via", "to").filter(each => placed.via.has(each.a) && slots.has(each.b))
      .map(each => ({ ...each, start: [ROUTER.x + ROUTER.w, placed.via.get(each.a)], end: [END.x - 6, atEnd(each.b)] }));
    keyed(ways, [...first, ...second], each => each.key, (group, each) => stream(group, each, total, each.start, each.end));
  }

  function card(group, { x, w }, y, label, room, each, chosen) {
    group.setAttribute("data-room", room);
    group.setAttribute("class", "k8s-box");
    group.replaceChildren(
      ...(chosen ? [svg("rect", { class: "k8s-halo", x: x - 4, y: y - 20, width: w + 8, height: 40, rx: 11 })] : []),
      svg("rect", { x, y: y - 16, width: w, height: 32, rx: 8 }), svg("title", {}, `${label}: ${ended(each) || "nothing"}`),
      svg("text", { x: x + w / 2, y: y - 2, "text-anchor": "middle" }, fit(label, w - 8, 500)),
      svg("text", { class: each.lost ? "k8s-missed" : "k8s-quiet", x: x + w / 2, y: y + 12, "text-anchor": "middle" }, each.lost ? `${each.ok + each.waiting + each.lost}/s, ${each.lost} ×` : `${each.ok + each.waiting}/s`));
  }

  function endpoint(group, each, selection) {
    const chosen = !!each.key && selection.object === each.key, wrong = each.sent_by > 0 && !["ready", "terminating"].includes(each.truth);
    group.setAttribute("transform", `translate(${END.x},${atEnd(each.id) - 8})`);
    group.setAttribute("data-endpoint", each.key || "nobody");
    group.setAttribute("data-truth", each.truth);
    const glyph = pod({ key: each.key, ...STATES[each.truth] });
    glyph.setAttribute("transform", "scale(.8)");
    glyph.setAttribute("data-room", "node");
    group.replaceChildren(svg("rect", { class: `k8s-ground ${chosen ? "k8s-ringed" : ""}`, x: -4, y: -3, width: END.w, height: LINE, rx: 6 }), glyph,
      svg("title", {}, `${each.key} ${each.address}: ${each.truth}; ${each.sent_by} of ${each.routers} routers send there; ${ended(each) || "nothing"}`),
      svg("text", { x: 24, y: 12 }, fit(name(each), END.name, 500)),
      svg("text", { class: each.truth === "ready" ? "k8s-quiet" : "", x: END.said, y: 12 }, each.truth),
      svg("text", { class: wrong ? "k8s-missed" : "k8s-quiet", x: END.sent, y: 12 }, each.routers ? `${each.sent_by}/${each.routers}` : ""),
      svg("text", { class: "k8s-rate", x: END.rate, y: 12, "text-anchor": "end" }, each.ok + each.waiting + each.lost ? `${each.ok + each.waiting}/s` : ""),
      svg("text", { class: "k8s-missed", x: END.lost, y: 12 }, each.lost ? `${each.lost} ×` : ""));
    if (each.key.includes("/")) pressable(group, `endpoint ${each.key}: ${each.truth}`, chosen, () => act("select", { player: selection.player, object: chosen ? null : each.key }));
  }

  function history(points) {
    const most = Math.max(1, ...points.map(([, sent]) => sent)), step = width() / Math.max(points.length, 30);
    const bar = (i, count, kind) => svg("rect", { class: kind, "data-room": ROOMS[kind], x: i * step, y: BARS * (1 - count / most), width: Math.max(step * 0.82, 1), height: BARS * count / most });
    past.replaceChildren(...points.flatMap(([, sent, lost], i) => [bar(i, sent, "k8s-answered"), ...(lost ? [bar(i, lost, "k8s-lost"), svg("text", { class: "k8s-missed", x: (i + 0.4) * step, y: BARS + 13, "text-anchor": "middle" }, "×")] : [])]));
    past.setAttribute("aria-label", points.length ? `requests since second ${points[0][0]}, at most ${most}; lost: ${points.reduce((sum, [, , lost]) => sum + lost, 0)}` : "nothing yet");
  }

  function says({ second, total }) {
    if (!total.sent) return [html("b", {}, second < 0 ? "The first second is not over." : `Second ${second}: `), second < 0 ? "" : "nobody has asked."];
    return [html("b", {}, `Second ${second}: `), html("span", {}, `${total.sent} requests`), html("span", { class: total.lost ? "k8s-late" : "" }, total.lost ? `${total.lost} lost ×` : "none lost"),
      total.ok ? html("span", {}, `half within ${ms(total.p50)}`) : "", total.ok ? html("span", {}, `99 % within ${ms(total.p99)}`) : ""];
  }

  function show(frame) {
    shown = frame;
    const { traffic: told, selection } = frame;
    quiet.hidden = !!told;
    for (const each of [numbers, picture, past]) each.toggleAttribute("hidden", !told);
    if (!told) return null;
    settle(told.endpoints);
    measure();
    for (const each of [picture, past]) each.setAttribute("width", width());
    picture.setAttribute("height", height());
    const placed = { from: new Map(told.crowds.map((each, i) => [each.name, spread(told.crowds.length, i)])), via: new Map(told.routers.map((each, i) => [each.name, spread(told.routers.length, i)])) };
    numbers.replaceChildren(...says(told));
    streams(told, placed);
    keyed(boxes, [...told.crowds.map(each => ({ each, at: CROWD, y: placed.from.get(each.name), room: "client" })), ...told.routers.map(each => ({ each, at: ROUTER, y: placed.via.get(each.name), room: "node" }))],
      ({ each, room }) => `${room} ${each.name}`, (group, { each, at, y, room }) => {
        card(group, at, y, each.name, room, each, !!each.player && selection.player === each.player);
        if (each.player) pressable(group, `router ${each.name}`, selection.player === each.player, () => act("select", { player: selection.player === each.player ? null : each.player, object: selection.object }));
      });
    keyed(ends, told.endpoints, each => each.id, (group, each) => endpoint(group, each, selection));
    heads.replaceChildren(...[["people", CROWD.x], ["routers", ROUTER.x], ["endpoints", END.x + 24], ["really", END.x + END.said], ["sent by", END.x + END.sent], [told.more ? `+${told.more} more` : "", END.x + END.rate - 20]]
      .map(([words, x]) => svg("text", { class: "k8s-quiet", x, y: 14 }, words)));
    history(told.history);
    return null;
  }

  const resized = new ResizeObserver(() => { if (shown && Number(picture.getAttribute("width")) !== width()) show(shown); });
  resized.observe(host);
  return { show, close() { resized.disconnect(); } };
}
