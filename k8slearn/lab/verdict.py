"""The check cell of an exercise: it shows what came of it, and fails when the answer is not right.

It has to fail, and not only to say so: a learner who saves the notebook saves its outputs too, and nbval
would find a wrong answer's output again and be content.
"""

from __future__ import annotations

from typing import Any

from k8slearn.lab.checker import judge
from k8slearn.lab.notebook import display
from k8slearn.lab.report import Report
from k8slearn.lab.studio import Studio

_failed: list[Report] = []  # the last one, for `replay`


class NotRight(Exception):
    """The exercise is not solved (yet). In a notebook: one line below the card, and no traceback."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"{report.exercise.id} is not right yet.")
        self.report = report

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def check(exercise_id: str, thing: Any) -> Report:
    """Judge your answer under many schedules. Raises NotRight, after showing why, and UnknownExercise."""
    report = judge(exercise_id, thing)
    if report.passed:
        return report
    _failed[:] = [report]
    display(report)
    raise NotRight(report)


def replay() -> Studio:
    """The failing history of the last check: ``replay().map()``. Raises ValueError when there is none."""
    if not _failed:
        raise ValueError("no check has failed yet: there is nothing to replay")
    return _failed[0].replay()
