"""The half of exercise 11.2 that is about affinity: a client comes back, sooner or later, to whom it had before."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from k8slearn.api.clock import Dice
from k8slearn.lab.drill import Case, Promise, Scene
from k8slearn.lab.exercises.endings import READY, Try, ask, ending, slice_of, truth

STICKY = Promise("a client keeps its endpoint, as long as it should and no longer")

WINDOW = 60  # seconds for which a client keeps its endpoint
SIX = tuple(ending(n, **READY) for n in range(1, 7))


class Visit(NamedTuple):
    """A client comes. `wants`: "same" as before, one that is "there", or "any"."""

    at: float
    wants: str
    fact: str = ""
    leaves: bool = False  # the endpoint that it had is gone


SOON = tuple(Visit(5.0 * n, "same" if n else "any", "forgets") for n in range(12))
#: Each visit is within the time since the last one, and soon none since the first.
OFTEN = tuple(Visit(40.0 * n, "same" if n else "any", "counts from the first") for n in range(8))
GONE = (Visit(0, "any"), Visit(5, "there", "gone", leaves=True))


def cases() -> Iterator[Case]:
    seeds = range(4)
    soon = [partial(_visits, SOON, seed) for seed in seeds]
    rest = [partial(_visits, visits, seed) for visits in (OFTEN, GONE) for seed in seeds]
    everybody: list[Any] = [_unasked, *soon, _each_of_them, *rest, _for_ever]
    yield from (Case("session affinity", play) for play in everybody)


def _visits(visits: tuple[Visit, ...], seed: int, scene: Scene, pick: Any) -> None:
    dice, kept, last = Dice(seed), dict[Any, Any](), ""
    for number, visit in enumerate(visits):
        slices = (slice_of(*(e for e in SIX if not (visit.leaves and e["addresses"][0] == last))),)
        got = ask(pick, Try(slices, "ann", visit.at, WINDOW), dice.bits("luck", number), kept)
        scene.tell(f"second {visit.at:g}: ann is sent to {got}" + f" ({last} is gone)" * visit.leaves)
        if visit.wants == "same":
            scene.demand(got == last, STICKY, f"ann had {last}, and is sent to {got}", visit.fact)
        elif visit.wants == "there":
            there = got in truth(slices)
            scene.demand(there, STICKY, f"ann is sent to {got}, which is not there", visit.fact)
        last = got


def _twice(pick: Any, clients: int, later: float) -> tuple[list[Any], list[Any]]:
    """So many clients come at second 0, and all of them again."""
    dice, kept, names = Dice(3), dict[Any, Any](), [f"client-{n}" for n in range(clients)]
    first, again = (
        [ask(pick, Try((slice_of(*SIX),), name, at, WINDOW), dice.bits(name, at), kept) for name in names]
        for at in (0.0, later)
    )
    return first, again


def _each_of_them(scene: Scene, pick: Any) -> None:
    """Many at once: each keeps its own."""
    first, again = _twice(pick, 60, 10.0)
    scene.tell(f"sixty clients are sent to {len(set(first))} endpoints, and come again ten seconds later")
    scene.demand(len(set(first)) > 3, STICKY, "sixty clients are nearly all sent to the same", "one for all")
    scene.demand(first == again, STICKY, "some of them are sent to another than before", "one for all")


def _for_ever(scene: Scene, pick: Any) -> None:
    """Who comes back after the time is over gets anybody: of many, not all the one that they had."""
    first, again = _twice(pick, 40, WINDOW + 1.0)
    stayed = sum(a == b for a, b in zip(first, again, strict=True))
    scene.tell(
        f"forty clients come, and again after {WINDOW + 1} seconds; {stayed} are sent to the same as before"
    )
    message = "nearly nobody is sent anywhere else, though the time is over"
    scene.demand(stayed < 25, STICKY, message, "for ever")


def _unasked(scene: Scene, pick: Any) -> None:
    dice, kept = Dice(7), dict[Any, Any]()
    got = {ask(pick, Try((slice_of(*SIX),), "ann", float(n)), dice.bits(n), kept) for n in range(30)}
    scene.tell("the Service does not ask for it (sticky is 0): ann comes thirty times")
    scene.demand(len(got) > 1, STICKY, f"ann is always sent to {got}", "not asked for")
