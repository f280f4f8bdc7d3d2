"""Exercise 08.1: one turn of a rolling update, as arithmetic; tried in many rollouts, good ones and bad ones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from k8slearn.api.clock import Dice
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of

WORDS = words_of("lesson08")["08.1"]

ROOM = Promise("there are never more pods than wanted and surge together")
STRENGTH = Promise("it takes nobody away who is needed")
ARRIVES = Promise("in the end all pods are new")

TURNS = 80


class Pods(NamedTuple):
    """Those of one ReplicaSet: how many it asks for, and how many of them are available."""

    size: int
    available: int


class Bounds(NamedTuple):
    wanted: int
    surge: int
    unavailable: int

    @property
    def most(self) -> int:
        return self.wanted + self.surge

    @property
    def fewest(self) -> int:
        return self.wanted - self.unavailable


GOOD, SLOW, SICK, BAD = (
    "a good version",
    "a slow start",
    "an old pod is broken",
    "a version that never comes up",
)


def _cases() -> Iterator[Case]:
    for bounds in (
        Bounds(1, 1, 0),
        Bounds(2, 0, 1),
        Bounds(3, 1, 0),
        Bounds(3, 0, 1),
        Bounds(4, 1, 1),
        Bounds(4, 4, 0),
    ):
        for kind in (GOOD, SLOW, SICK, BAD):
            yield Case(kind, partial(_play, bounds, kind, Dice(0)))
    for seed in range(1, 40):
        dice = Dice(seed)
        wanted = 1 + dice.below(12, "wanted")
        surge = dice.below(wanted + 1, "surge")
        bounds = Bounds(wanted, surge, dice.below(wanted + 1, "unavailable") or int(not surge))
        kind = (GOOD, SLOW, SICK, BAD)[dice.below(4, "kind")]
        yield Case(kind, partial(_play, bounds, kind, dice))


def _play(bounds: Bounds, kind: str, dice: Dice, scene: Scene, next_sizes: Any) -> None:
    scene.tell(
        f"wanted {bounds.wanted}, surge {bounds.surge}, unavailable {bounds.unavailable}: {kind}", "you"
    )
    sick = 1 if kind == SICK and bounds.unavailable else 0
    old, new = Pods(bounds.wanted, bounds.wanted - sick), Pods(0, 0)
    for turn in range(TURNS):
        old, new = _turn(bounds, old, new, scene, next_sizes)
        if old.size == 0 and new.size == new.available == bounds.wanted:
            return
        if kind == BAD and turn >= 2 * bounds.wanted:
            return
        new = _time_passes(new, kind, dice, turn, scene)
    facts = ["sick"] if old.available < old.size else ["stuck"]
    scene.demand(
        False,
        ARRIVES,
        f"after {TURNS} turns there are {_said(old)} old pods and {_said(new)} new ones",
        *facts,
    )


def _turn(bounds: Bounds, old: Pods, new: Pods, scene: Scene, next_sizes: Any) -> tuple[Pods, Pods]:
    answer = next_sizes(*bounds, old, new)
    if answer is None:
        raise Unsolved
    fewer, more = answer
    if (fewer, more) != (old.size, new.size):
        scene.tell(f"old {_said(old)}, new {_said(new)}: your function says old {fewer}, new {more}")
    total = fewer + more
    scene.demand(
        total <= bounds.most,
        ROOM,
        f"{total} pods would be there, and there is room for {bounds.most}",
        "room",
    )
    scene.demand(fewer >= 0 <= more, STRENGTH, f"there cannot be {min(fewer, more)} pods", "negative")
    left, grown = Pods(fewer, min(old.available, fewer)), Pods(more, min(new.available, more))
    here, there = left.available + grown.available, old.available + new.available
    message = f"{here} pods are left that are available, of {there}, and {bounds.fewest} are needed"
    asleep = "asleep" if fewer + more >= bounds.fewest else "too few"
    scene.demand(here >= min(bounds.fewest, there), STRENGTH, message, asleep)
    return left, grown


def _time_passes(new: Pods, kind: str, dice: Dice, turn: int, scene: Scene) -> Pods:
    """Some of the new ones come up; with a slow version one after the other, with a bad one none."""
    waiting = new.size - new.available
    if kind == BAD or not waiting:
        return new
    up = min(waiting, 1 if kind == SLOW else 1 + dice.below(waiting, "up", turn))
    scene.tell(f"{up} of the new ones become{'s' * (up == 1)} available", "luck")
    return Pods(new.size, new.available + up)


def _said(pods: Pods) -> str:
    return f"{pods.size} ({pods.available} available)"


NEXT_SIZES = Drill(
    id="08.1",
    words=WORDS,
    cases=_cases,
    promises=[ROOM, STRENGTH, ARRIVES],
    diagnoses=[
        WORDS.diagnosis("puts all beside them at once", ROOM.name, evidence=noted("room")),
        WORDS.diagnosis("counts who is asleep", STRENGTH.name, evidence=noted("asleep")),
        WORDS.diagnosis(
            "takes more than can be spared", STRENGTH.name, evidence=noted("too few", "negative")
        ),
        WORDS.diagnosis("keeps who does not work", ARRIVES.name, evidence=noted("sick")),
        WORDS.diagnosis("waits for what cannot come", ARRIVES.name, evidence=noted("stuck")),
    ],
)
