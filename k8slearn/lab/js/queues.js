// Queues and caches, a band per player: what it still has to hear, the keys that want work and why, those that come
// back later. A message is a capsule, as on the map; a key is a ticket.
import { html } from "./kit.js";

const TIMES = ["", "failed once", "failed twice"];
const failed = ({ failures, error }) => [TIMES[failures] ?? `failed ${failures} times`, error].filter(Boolean).join(": ");
const quiet = words => html("p", { class: "k8s-quiet" }, words);
const more = (count, noun) => count > 0 && html("li", { class: "k8s-quiet" }, `+${count} more ${noun}`);
const part = (name, title, items, empty = "nothing") => html("div", { class: "k8s-part", "data-part": name },
  html("h4", {}, title), items.length ? html("ul", {}, items) : quiet(empty));

export function draw(host, act) {
  const bands = html("div", { class: "k8s-bands" });
  host.append(bands);

  const toStep = (step, words, chosen) => html("button", {
    class: "k8s-cause", type: "button", "data-step": step, disabled: step == null, "aria-pressed": String(!!chosen), title: step && `step ${step}`,
    onclick: () => act("goto", { step }),
  }, words);

  const ticket = (player, { key, chosen }, state) => html("button", {
    class: "k8s-note k8s-ticket", type: "button", "aria-pressed": String(chosen), "data-state": state, "data-order": `${state} ${player} ${key}`,
    onclick: () => act("select", chosen ? { player: null, object: null } : { player, object: key }),
  }, key);

  const cache = each => html("li", { "data-cache": each.resource },
    html("b", {}, each.resource), ` ${each.objects} object${each.objects === 1 ? "" : "s"} @${each.revision} `,
    each.state && html("span", { class: "k8s-late" }, `${each.state}${each.lag ? ", " : ""}`),
    each.lag ? html("b", { class: "k8s-late" }, `${each.lag} behind @${each.store}`) : !each.state && html("span", { class: "k8s-quiet" }, "nothing to hear"),
    each.behind.length > 0 && html("div", { class: "k8s-orders", "aria-label": "not heard yet" },
      each.behind.map(event => toStep(event.step, `${event.mark} ${event.words}`, event.chosen)), each.more > 0 && quiet(`+${each.more} more`)),
    each.belief && html("p", {}, each.belief));

  const because = each => html("div", { class: "k8s-orders" },
    each.because.map(({ step, words }) => toStep(step, step ? `step ${step}: ${words}` : words)), each.more > 0 && quiet(`+${each.more} more`));

  const ready = (name, each) => html("li", {}, ticket(name, each, "ready"), each.failures > 0 && html("span", { class: "k8s-late" }, ` ${failed(each)}`), because(each));
  const working = (name, each) => html("li", {}, ticket(name, each, "working"), each.result ? html("p", {}, each.result) : null);
  const later = (name, each) => html("li", {}, ticket(name, each, "later"),
    html("p", {}, `in ${each.in} s, at t=${each.due} s `, each.failures > 0 && html("span", { class: "k8s-late" }, failed(each))));

  function band(each, { players, selection }) {
    const { name } = each, label = players.find(player => player.id === name)?.label ?? name, mine = selection.player === name;
    return html("div", { class: "k8s-watcher", "data-room": each.room, "data-queue": name, role: "group", "aria-label": `queue and caches of ${name}` },
      html("div", { class: "k8s-band-head" }, html("button", {
        class: "k8s-order", type: "button", "aria-pressed": String(mine), "data-order": `player ${name}`, onclick: () => act("select", { player: mine ? null : name, object: selection.object }),
      }, html("b", {}, label)), html("code", { class: "k8s-quiet" }, name)),
      html("div", { class: "k8s-columns" },
        part("caches", "hears of, and believes", each.caches.map(cache)),
        html("div", {}, part("ready", "has to look at, in this order", [...each.ready.map(key => ready(name, key)), more(each.more_ready, "keys")].filter(Boolean), "nothing: the queue is empty"),
          each.working.length > 0 && part("working", each.working.some(key => key.result) ? "has looked at in this step" : "is looking at", each.working.map(key => working(name, key)))),
        part("later", "will look at later", [...each.waiting.map(key => later(name, key)), more(each.more_waiting, "keys")].filter(Boolean))));
  }

  function show(frame) {
    const { players = [], more = 0 } = frame.queues ?? {};
    const focused = host.contains(document.activeElement) && document.activeElement.dataset.order;
    bands.replaceChildren(...players.map(each => band(each, frame)),
      ...(players.length ? [] : [quiet("Every cache is level with the store, and every queue is empty.")]), ...(more ? [quiet(`+${more} more players`)] : []));
    if (focused) host.querySelector(`[data-order="${CSS.escape(focused)}"]`)?.focus();
    return null;
  }
  return { show, close() {} };
}
