"""Exercise 11.2: the router's choice. Which endpoint does a client get? Judged by what must hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.exercises import stickily
from k8slearn.lab.exercises.endings import (
    LEAVES,
    LEFT,
    READY,
    STARTS,
    Try,
    ask,
    ending,
    slice_of,
    tell,
    truth,
)
from k8slearn.lab.exercises.stickily import STICKY

WORDS = words_of("lesson11")

RIGHT_ONE = Promise("whoever is sent somewhere is sent to one who may be sent somebody")
FAIR = Promise("in the long run all of them get about as many")

EASIEST = "all are ready"
DRAWS = 240  # requests, to see whether it is fair


def _choices() -> Iterator[tuple[str, tuple[Object, ...]]]:
    """Slices in which one thing only can go wrong."""
    ready = [ending(n, **READY) for n in (1, 2, 3)]
    yield EASIEST, (slice_of(*ready),)
    yield "some do not answer yet", (slice_of(*ready[:2], ending(4, **STARTS)),)
    yield "some are leaving", (slice_of(*ready[:2], ending(5, **LEAVES)),)
    yield "only those are left who are leaving", (slice_of(ending(5, **LEAVES), ending(6, **LEAVES)),)
    yield "those who start are no way out", (slice_of(ending(4, **STARTS), ending(5, **LEAVES)),)
    yield "some of them have left", (slice_of(ending(5, **LEAVES), ending(7, **LEFT)),)
    yield "nobody is there", (slice_of(),)
    yield "nobody answers", (slice_of(ending(4, **STARTS), ending(7, **LEFT)),)
    yield "nothing is said", (slice_of(ending(8)),)
    yield "ready only is said", (slice_of(ending(9, ready=False, terminating=True), ending(5, **LEAVES)),)


def _one_of(kind: str, slices: tuple[Object, ...], scene: Scene, pick: Any) -> None:
    tell(scene, slices)
    may = truth(slices)
    for luck in range(20):
        got = ask(pick, Try(slices, f"client-{luck}", float(luck)), luck, {})
        if got is None and kind == EASIEST:
            raise Unsolved
        message = f"{' or '.join(may) or 'None'} would be right, and you chose {got!r}"
        scene.demand(got in may if may else got is None, RIGHT_ONE, message, kind)


def _fair(kind: str, slices: tuple[Object, ...], scene: Scene, pick: Any) -> None:
    tell(scene, slices)
    may, dice, kept = truth(slices), Dice(11), dict[Any, Any]()
    tries = [Try(slices, f"client-{number % 40}", float(number)) for number in range(DRAWS)]
    got = Counter(ask(pick, one, dice.bits("luck", n), kept) for n, one in enumerate(tries))
    share = DRAWS / len(may)
    counts = ", ".join(f"{address}: {got[address]}" for address in may)
    even = all(0.6 * share <= got[address] <= 1.4 * share for address in may)
    scene.demand(even, FAIR, f"of {DRAWS} requests they got {counts}", kind)


def _cases() -> Iterator[Case]:
    for kind, slices in _choices():
        yield Case("who may be sent something", partial(_one_of, kind, slices))
    ready = [ending(n, **READY) for n in range(1, 5)]
    yield Case("fairness", partial(_fair, "uneven", (slice_of(*ready),)))
    twice = (slice_of(*ready), slice_of(ready[0], ready[0]))
    yield Case("fairness", partial(_fair, "counts twice", twice))
    yield from stickily.cases()


def _told(promise: Promise, **facts: str) -> list[Any]:
    exercise = WORDS["11.2"]
    return [
        exercise.diagnosis(name.replace("_", " "), promise.name, evidence=noted(*fact.split("; ")))
        for name, fact in facts.items()
    ]


FAIRLY = Drill(
    "11.2",
    WORDS["11.2"],
    _cases,
    [RIGHT_ONE, FAIR, STICKY],
    [
        *_told(
            RIGHT_ONE,
            sends_to_those_who_leave="some are leaving",
            sends_to_those_who_do_not_answer_yet="some do not answer yet; those who start are no way out",
            refuses_though_somebody_serves="only those are left who are leaving",
            sends_to_those_who_have_left="some of them have left",
            must_find_somebody="nobody is there; nobody answers",
            takes_silence_for_no="nothing is said",
        ),
        *_told(FAIR, counts_twice="counts twice", has_a_favourite="uneven"),
        *_told(
            STICKY,
            keeps_without_being_asked="not asked for",
            remembers_one_for_all="one for all",
            forgets_at_once="forgets",
            counts_from_the_first_visit="counts from the first",
            sends_to_one_that_is_gone="gone",
            remembers_for_ever="for ever",
        ),
    ],
)
