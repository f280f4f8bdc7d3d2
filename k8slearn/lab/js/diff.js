// Lines of YAML with their marks: + new, - gone, ~ changed. The mark is text, so colour is never the only sign.
import { html } from "./kit.js";

const NAMES = { "+": "added", "-": "removed", "~": "changed" };

export function diffLines(lines, label) {
  return html("pre", { class: "k8s-diff", "aria-label": label }, lines.map(([mark, words, before]) =>
    html("div", { "data-mark": NAMES[mark] ?? "" }, `${mark} ${words}`,
      mark === "~" && html("s", { "aria-label": "was" }, before))));
}
