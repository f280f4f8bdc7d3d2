"""Say first what you think will happen: a question you answer before the cells below are run.

Committing to an answer is what makes being wrong useful. Nothing is graded and nothing is sent anywhere.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from k8slearn.lab.questions import Question, question

HERE = Path(__file__).parent / "js" / "prediction"


class Prediction(anywidget.AnyWidget):
    """A question on the page: the first click commits."""

    _esm = HERE / "prediction.js"
    _css = HERE / "prediction.css"
    question = traitlets.Unicode().tag(sync=True)
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    chosen = traitlets.Int(-1).tag(sync=True)
    verdict = traitlets.Unicode("").tag(sync=True)
    right = traitlets.Bool(False).tag(sync=True)

    def __init__(self, asked: Question) -> None:
        super().__init__(question=asked.asks, options=list(asked.answers))
        self._remarks, self._answer = asked.answers, asked.right

    def reveal(self) -> Verdict:
        """The right answer, and what is to be said about the one that was chosen."""
        said = self.options[self.chosen] if self.chosen >= 0 else None
        self.right = said == self._answer
        text = self._verdict(said)
        self.verdict = text
        return Verdict(text)

    def _verdict(self, said: str | None) -> str:
        truth = f"{self._answer}: {self._remarks[self._answer]}"
        if said is None:
            return f"The answer is: {truth}"
        if said == self._answer:
            return f"Right. {truth}"
        return f"You said: {said}. {self._remarks[said]}\nThe answer is: {truth}"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**(data or {}), "text/plain": repr(self)}, metadata

    def __repr__(self) -> str:
        return "\n".join([self.question, *(f"  ( ) {option}" for option in self.options)])


class Verdict:
    """What came of a prediction, to be read."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<p style='max-width:60em'>{html.escape(self.text).replace(chr(10), '<br>')}</p>"


def predict(name: str) -> Prediction:
    """Ask a question of `k8slearn.lab.questions`. Show the result in a cell; call ``.reveal()`` further down."""
    return Prediction(question(name))
