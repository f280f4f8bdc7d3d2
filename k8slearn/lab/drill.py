"""Exercises about a function, or a text: it is tried in many cases, from the smallest on, and the first that fails
is told.

For controllers see `exercise`: there the schedules are searched. Here a case is a little play of its own. It
calls the learner's function, tells what happens line by line, and demands that a promise is kept.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from k8slearn.lab.exercise import Diagnosis, Words
from k8slearn.lab.studio import Source
from k8slearn.sim.explain import Line
from k8slearn.sim.guard import Budget, Endless
from k8slearn.sim.trial import ENDS, RAISES

NOT_YET = "not solved yet: fill the hole, and run this cell again."


class Promise(NamedTuple):
    """What must hold in every case."""

    name: str


class Unsolved(Exception):
    """The function has done nothing at all, or the text is not finished: the hole is still a hole."""


class Broken(Exception):
    """A promise is not kept. `facts` are what the diagnoses look at."""

    def __init__(self, promise: Promise, message: str, *facts: str) -> None:
        super().__init__(message)
        self.promise, self.facts = promise, facts


class Endlessly(BaseException):
    """It has asked so often that it will never end. Not an Exception: no loop may catch it."""


class Scene:
    """What happens in one case. `facts` may be noted at any time; `source` is what a replay shows."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.facts: set[str] = set()
        self.source: Source | None = None
        self.panel = "log"

    def tell(self, text: str, mark: str = "") -> None:
        """A line of the story; "luck" marks what the learner may not have thought of."""
        self.lines.append(Line(len(self.lines) + 1, mark, text))

    def demand(self, holds: bool, promise: Promise, message: str, *facts: str) -> None:
        """The promise is kept in this case, or the case ends here."""
        if not holds:
            raise Broken(promise, message, *facts)


class Case(NamedTuple):
    """`kind` says in a few words what is tried; `play` calls the learner's function, or uses their text."""

    kind: str
    play: Callable[[Scene, Any], None]


class Wanted(NamedTuple):
    """What a learner is to write."""

    what: str
    is_it: Callable[[Any], bool]


A_FUNCTION = Wanted("a function that you have written", inspect.isfunction)
A_CLASS = Wanted("a class that you have written", inspect.isclass)
A_TEXT = Wanted("a text", lambda thing: isinstance(thing, str))


@dataclass(frozen=True)
class Slip:
    """The first case that fails, told like a `k8slearn.sim.trial.Failure`."""

    invariant: str
    message: str
    scene: Scene
    error: BaseException | None = None
    facts: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Drill:
    """One hole in one notebook that holds what is `wanted`. `id` is lesson.number: "01.1"."""

    id: str
    words: Words
    cases: Callable[[], Iterable[Case]]
    promises: Sequence[Promise]
    diagnoses: Sequence[Diagnosis]
    wanted: Wanted = A_FUNCTION


def noted(*facts: str) -> Callable[[Any], bool]:
    """Evidence: any of these facts was noted."""
    return lambda failure: not failure.facts.isdisjoint(facts)


def run(drill: Drill, thing: Any) -> tuple[Slip | None, dict[str, int]]:
    """The first case that fails, and how many of each kind were tried. Raises Unsolved."""
    tried: dict[str, int] = {}
    for case in drill.cases():
        tried[case.kind] = tried.get(case.kind, 0) + 1
        slip = _played(case, thing)
        if slip is not None:
            return slip, tried
    return None, tried


def _played(case: Case, thing: Any) -> Slip | None:
    scene = Scene()
    try:
        with Budget() if callable(thing) else nullcontext():  # a text never runs for ever
            case.play(scene, thing)
    except Unsolved:
        raise
    except Broken as broken:
        facts = frozenset({*scene.facts, *broken.facts})
        return Slip(broken.promise.name, str(broken), scene, facts=facts)
    except (Endless, Endlessly) as error:
        return Slip(ENDS, str(error), scene, error, frozenset(scene.facts))
    except Exception as error:
        scene.facts.add(type(error).__name__)
        return Slip(RAISES, f"{type(error).__name__}: {error}", scene, error, frozenset(scene.facts))
    return None
