"""A failure: what is broken, the shortest story that leads to it, and the file that replays it."""

from __future__ import annotations

import json
import os
import re
import traceback
from pathlib import Path
from typing import Any

from k8slearn.sim.explain import explain
from k8slearn.sim.guard import HOUSE
from k8slearn.sim.schedule import Schedule
from k8slearn.sim.trial import RAISES, RECOVERS, Failure, Trial
from k8slearn.testing.settings import SETTINGS


class OperatorFailure(AssertionError):
    """`failure` holds the simulation, right after the last step; `path` is the file of the schedule."""

    def __init__(self, text: str, failure: Failure, trial: Trial, path: Path | None) -> None:
        super().__init__(text)
        self.failure, self.trial, self.path = failure, trial, path

    @property
    def schedule(self) -> Schedule:
        return self.failure.schedule


def report(
    assertion: str,
    title: str,
    trial: Trial,
    failure: Failure,
    tried: int,
    path: Path | None = None,
    options: dict[str, Any] | None = None,
) -> OperatorFailure:
    """The failure in words. The schedule is saved, unless it comes from a file (`path`)."""
    told = explain(trial, failure)
    path = path or save(assertion, title, failure, told, options or {})
    parts = [
        f"{title}, {assertion}: broken is {failure.invariant!r}",
        told,
        _raised(failure),
        _found(failure, tried),
    ]
    return OperatorFailure("\n\n".join(filter(None, [*parts, _again(path)])), failure, trial, path)


def _found(failure: Failure, tried: int) -> str:
    if not tried:
        return ""
    size = failure.schedule.size
    needs = (
        f"it needs {size} thing{'s' * (size > 1)} to go wrong or out of order" if size else "on a calm day"
    )
    return f"(found in history number {tried}; cut down as far as possible: {needs})"


def _raised(failure: Failure) -> str:
    """The traceback of the author's own code; Endless names its line itself."""
    if failure.error is None or failure.invariant not in (RAISES, RECOVERS):
        return ""
    mine = [f for f in traceback.extract_tb(failure.error.__traceback__) if not f.filename.startswith(HOUSE)]
    last = traceback.format_exception_only(failure.error)
    return (
        "".join(["Traceback of the operator:\n", *traceback.format_list(mine), *last]).rstrip()
        if mine
        else ""
    )


# --- the file -------------------------------------------------------------------------------------


def save(assertion: str, title: str, failure: Failure, story: str, options: dict[str, Any]) -> Path:
    """A schedule, as `Schedule.load` reads it; beside it stands what people want to know."""
    beside = {
        "assertion": assertion,
        "options": options,
        "test": test(),
        "broken": failure.invariant,
        "story": story.splitlines(),
    }
    data = {**json.loads(failure.schedule.to_json()), **beside}
    name = re.sub(r"[^\w.-]+", "-", f"{test().rpartition('/')[2] or title}-{assertion}")
    path = SETTINGS.place() / f"{name}.json"
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    return path


def test() -> str:
    """The test that runs now, as pytest names it; "" when none does."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]


def _again(path: Path) -> str:
    shown = os.path.relpath(path)
    if SETTINGS.in_pytest and test():
        return f"Replay it: pytest '{test()}' --k8slearn-replay={shown}"
    return f"Replay it: k8slearn.testing.replay({shown!r}, scenario)"
