// A question with a few answers. The first click commits; the verdict comes when Python reveals it.
export default {
  render({ model, el }) {
    const box = document.createElement("div");
    box.className = "k8s-predict";
    const ask = document.createElement("p");
    ask.textContent = model.get("question");
    const answers = document.createElement("div");
    answers.setAttribute("role", "radiogroup");
    answers.setAttribute("aria-label", model.get("question"));
    const verdict = document.createElement("p");
    verdict.className = "k8s-predict-verdict";
    verdict.setAttribute("aria-live", "polite");
    const buttons = model.get("options").map((option, i) => {
      const button = document.createElement("button");
      button.textContent = option;
      button.setAttribute("role", "radio");
      button.addEventListener("click", () => {
        if (model.get("verdict")) return;
        model.set("chosen", i);
        model.save_changes();
      });
      answers.append(button);
      return button;
    });
    const paint = () => {
      const chosen = model.get("chosen");
      buttons.forEach((b, i) => b.setAttribute("aria-checked", String(i === chosen)));
      const text = model.get("verdict");
      verdict.textContent = text || (chosen < 0 ? "" : "Noted. Read on and see.");
      box.dataset.state = text ? (chosen < 0 ? "told" : model.get("right") ? "right" : "wrong") : "open";
    };
    box.append(ask, answers, verdict);
    el.append(box);
    const names = ["change:chosen", "change:verdict", "change:right"];
    names.forEach((name) => model.on(name, paint));
    paint();
    return () => names.forEach((name) => model.off(name, paint));
  },
};
