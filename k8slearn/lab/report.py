"""What a check says: in one line when all is well; else which promise is broken, how, and what to try next.

The text of a right solution is always the same, whoever wrote it, because nbval compares it.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from k8slearn.lab.diagnoses import where
from k8slearn.lab.drill import Drill, Slip
from k8slearn.lab.exercise import Diagnosis, Exercise
from k8slearn.lab.frames import SimSource
from k8slearn.lab.studio import Studio
from k8slearn.sim.explain import Line, story
from k8slearn.sim.schedule import Schedule
from k8slearn.sim.schedules import KINDS
from k8slearn.sim.trial import Failure, Trial

if TYPE_CHECKING:
    from collections.abc import Iterable

BEFORE = 4  # steps before the end at which a replay begins
GOOD, BAD, OPEN = "#009E73", "#D55E00", "#56B4E9"


@dataclass(frozen=True)
class Report:
    """`state` is right, wrong or open (not solved yet, or nothing that could be judged)."""

    exercise: Exercise | Drill
    state: str
    message: str  # the broken promise; what is missing; or under how many schedules it was right
    diagnosis: Diagnosis | None = None
    failure: Failure | Slip | None = None
    trial: Trial | None = None

    @property
    def passed(self) -> bool:
        return self.state == "right"

    @property
    def schedule(self) -> Schedule | None:
        """The shortest schedule found under which it fails."""
        return self.failure.schedule if isinstance(self.failure, Failure) else None

    @property
    def story(self) -> list[Line]:
        """How it came to that, a line for each thing that matters."""
        if isinstance(self.failure, Slip):
            return self.failure.scene.lines
        if self.failure is None or self.trial is None:
            return []
        return story(self.trial, self.failure)

    @property
    def panel(self) -> str:
        """Which panel shows the failure; "" when there is nothing to show."""
        if isinstance(self.failure, Slip):
            return self.failure.scene.panel if self.failure.scene.source is not None else ""
        return "map" if self.failure is not None else ""

    def replay(self) -> Studio:
        """The failing history, a few steps before its end: step on, or back. Show it with ``.map()``."""
        if isinstance(self.failure, Slip) and self.failure.scene.source is not None:
            return Studio(self.failure.scene.source)
        if not isinstance(self.failure, Failure):
            raise ValueError(f"{self.exercise.id}: there is no failing schedule to replay ({self.message})")
        self.failure.sim.goto(max(self.failure.step - BEFORE, 0))
        return Studio(SimSource(self.failure.sim))

    @property
    def title(self) -> str:
        mark = {"right": "✓", "wrong": "✗", "open": "○"}[self.state]
        return f"{mark} {self.exercise.id} {self.exercise.words.title}"

    def __str__(self) -> str:
        if self.state != "wrong":
            return f"{self.title}: {self.message}"
        parts = [self.title, "", *self._broken(), "", *self._why()]
        return "\n".join([*parts, *(["", *self._how()] if self.failure else [])])

    __repr__ = __str__

    def _broken(self) -> list[str]:
        assert self.failure is not None
        line = where(self.failure)
        return [f"Promise broken: {self.failure.invariant}.", self.message, *([f"({line})"] if line else [])]

    def _why(self) -> list[str]:
        return [self.diagnosis.text] if self.diagnosis else []

    def _how(self) -> list[str]:
        return [
            *(str(line) for line in self.story),
            *(["", f"replay().{self._shown_by()} shows it."] if self.panel else []),
        ]

    def _shown_by(self) -> str:
        """``map()``, ``show("traffic")``: some panels have a method of their own."""
        return f"{self.panel}()" if hasattr(Studio, self.panel) else f'show("{self.panel}")'

    def _repr_html_(self) -> str:
        return _card(self)


def right(counts: Iterable[str], total: int) -> str:
    """``right under 120 schedules: calm, a crash after a write, ...``"""
    return f"right under {total} schedules: {', '.join(KINDS[kind] for kind in counts)}"


def right_in(tried: dict[str, int]) -> str:
    """``right in 84 cases: nobody comes between, somebody does``"""
    return f"right in {sum(tried.values())} cases: {', '.join(tried)}"


# --- the card --------------------------------------------------------------------------------

BOX = (
    "border-left:4px solid {colour};padding:.5em .9em;margin:.3em 0;max-width:60em;"
    "font-family:var(--jp-content-font-family);color:var(--jp-content-font-color1)"
)
STEP = (
    "white-space:nowrap;text-align:right;padding:0 .8em 0 0;vertical-align:top;"
    "color:var(--jp-content-font-color2)"
)
TEXT = "text-align:left;padding:0;vertical-align:top"
TABLE = "margin:.6em 0;border:0;background:none;color:inherit;font-size:var(--jp-code-font-size)"


def _card(report: Report) -> str:
    colour = {"right": GOOD, "wrong": BAD, "open": OPEN}[report.state]
    parts = [f"<b>{_text(report.title)}</b>", *(_wrong(report) if report.failure else [_p(report.message)])]
    return f"<div role='status' style='{BOX.format(colour=colour)}'>{''.join(parts)}</div>"


def _wrong(report: Report) -> list[str]:
    assert report.failure is not None
    line = where(report.failure)
    return [
        _p(f"Promise broken: {report.failure.invariant}.", bold=True),
        _p(report.message),
        *([f"<p style='margin:.3em 0'><code>{_text(line)}</code></p>"] if line else []),
        *(_p(text) for text in report._why()),
        _table(report.story),
        *(
            [f"<p style='margin:.3em 0'><code>replay().{_text(report._shown_by())}</code> shows it.</p>"]
            if report.panel
            else []
        ),
    ]


def _table(lines: list[Line]) -> str:
    rows = "".join(
        f"<tr style='background:none'><td style='{STEP}'>step {line.step}</td>"
        f"<td style='{TEXT}{';font-weight:600' if line.mark == 'luck' else ''}'>{_text(line.text)}</td></tr>"
        for line in lines
    )
    return f"<table style='{TABLE}'>{rows}</table>"


def _p(text: str, *, bold: bool = False) -> str:
    return f"<p style='margin:.3em 0{';font-weight:600' if bold else ''}'>{_text(text)}</p>"


def _text(text: str) -> str:
    return html.escape(text, quote=False)
