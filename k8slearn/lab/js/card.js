// A player's card: what it has to do, what it waits for, and how old its picture of the cluster is.
import { html } from "./kit.js";

const quiet = words => html("p", { class: "k8s-quiet" }, words);
const part = (title, empty, children) =>
  html("div", { class: "k8s-part" }, html("h4", {}, title), children.length ? children : quiet(empty));
const code = words => html("code", {}, words);
const items = list => (list.length ? [html("ul", {}, list)] : []);

function cacheRow(cache) {
  const age = cache.held ? "held" : cache.lag ? `${cache.lag} behind` : "level with the store";
  return html("li", {},
    html("b", {}, cache.resource), ` ${cache.objects} object${cache.objects === 1 ? "" : "s"} @${cache.revision} `,
    html("span", { class: cache.held || cache.lag ? "k8s-late" : "k8s-quiet" }, age),
    html("div", { class: "k8s-keys" }, (cache.keys ?? []).map(({ key, revision, note }) =>
      code(`${key} @${revision}${note ? ` ${note}` : ""}`))));
}

export function card(player, close) {
  const state = [player.alive === false && "down", player.cut_off && "cut off from the API server"].filter(Boolean).join(", ");
  return html("aside", { class: "k8s-player-card", "data-room": player.room, "aria-label": `${player.label}: details` },
    html("header", {}, html("strong", {}, player.label), code(player.id), state && html("span", { class: "k8s-late" }, state),
      html("button", { type: "button", "aria-label": "Close", onclick: close }, "✕")),
    part("Queue", "empty: nothing to do", items((player.queue ?? []).map(key => html("li", {}, code(key))))),
    part("Waiting", "no timers", items((player.waiting ?? []).map(timer => html("li", {}, code(timer.key), ` again in ${timer.in} s`)))),
    part("Caches", "none: it asks the API server each time", items((player.caches ?? []).map(cacheRow))));
}
