"""Exercise 11.2: the router's choice. Which endpoint does a client get? Judged by what must hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, freeze
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.traffic.choice import endpoint, usable

WORDS = words_of("lesson11")

RIGHT_ONE = Promise("whoever is sent somewhere is sent to one who may be sent somebody")
FAIR = Promise("in the long run all of them get about as many")
STICKY = Promise("a client keeps its endpoint, as long as it should and no longer")

DRAWS = 240  # requests, to see whether it is fair
WINDOW = 60  # seconds for which a client keeps its endpoint

Said = dict[str, bool | None]


def ending(number: int, **conditions: bool | None) -> Object:
    """An entry of an EndpointSlice. What is not said is not there."""
    return freeze({"addresses": [f"10.244.0.{number}"], **({"conditions": conditions} if conditions else {})})


def slice_of(*endpoints: Object) -> Object:
    return freeze({"kind": "EndpointSlice", "addressType": "IPv4", "endpoints": list(endpoints)})


EASIEST = "all are ready"
READY: Said = {"ready": True, "serving": True, "terminating": False}
STARTS: Said = {"ready": False, "serving": False, "terminating": False}
LEAVES: Said = {"ready": False, "serving": True, "terminating": True}
LEFT: Said = {"ready": False, "serving": False, "terminating": True}


def truth(slices: Sequence[Object]) -> list[str]:
    """The addresses that may be sent something: what the routers of the house think."""
    known = {e.address: e for one in slices for e in (endpoint(entry, 80) for entry in one["endpoints"])}
    return sorted(e.address for e in usable(known.values()))


class Try(NamedTuple):
    """One request. `at` is the second in which it comes."""

    slices: tuple[Object, ...]
    client: str
    at: float
    sticky: int = 0


def _ask(pick: Any, one: Try, luck: int, kept: dict[Any, Any]) -> Any:
    return pick(list(one.slices), one.client, one.at, luck, one.sticky, kept)


def _tell(scene: Scene, slices: Sequence[Object]) -> None:
    for number, one in enumerate(slices):
        said = [f"{e['addresses'][0]} {_conditions(e)}" for e in one["endpoints"]]
        scene.tell(f"slice {number}: {'; '.join(said) or 'empty'}")


def _conditions(entry: Object) -> str:
    found = entry.get("conditions")
    return "says nothing" if not found else ", ".join(k for k, v in found.items() if v) or "nothing is true"


# --- who may be sent something ---------------------------------------------------------------


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
    _tell(scene, slices)
    may = truth(slices)
    for luck in range(20):
        got = _ask(pick, Try(slices, f"client-{luck}", float(luck)), luck, {})
        if got is None and kind == EASIEST:
            raise Unsolved
        message = f"{' or '.join(may) or 'None'} would be right, and you chose {got!r}"
        scene.demand(got in may if may else got is None, RIGHT_ONE, message, kind)


def _fair(kind: str, slices: tuple[Object, ...], scene: Scene, pick: Any) -> None:
    _tell(scene, slices)
    may, dice, kept = truth(slices), Dice(11), dict[Any, Any]()
    tries = [Try(slices, f"client-{number % 40}", float(number)) for number in range(DRAWS)]
    got = Counter(_ask(pick, one, dice.bits("luck", n), kept) for n, one in enumerate(tries))
    share = DRAWS / len(may)
    counts = ", ".join(f"{address}: {got[address]}" for address in may)
    even = all(0.6 * share <= got[address] <= 1.4 * share for address in may)
    scene.demand(even, FAIR, f"of {DRAWS} requests they got {counts}", kind)


# --- the same one again ----------------------------------------------------------------------


class Visit(NamedTuple):
    """When a client comes, and whether it has to get the same as before ("same"), one that is
    there ("ready"), or whomever ("any")."""

    at: float
    client: str
    wants: str
    fact: str = ""
    leaves: bool = False  # the endpoint that it had is gone


VISITS: tuple[tuple[Visit, ...], ...] = (
    tuple(Visit(5.0 * n, "ann", "same" if n else "any", "forgets") for n in range(12)),
    # 40 seconds apart: each visit is within the time since the last, and soon none since the first
    tuple(Visit(40.0 * n, "ann", "same" if n else "any", "counts from the first") for n in range(8)),
    (Visit(0, "ann", "any"), Visit(5, "ann", "ready", "gone", leaves=True)),
)


def _sticky(visits: tuple[Visit, ...], seed: int, scene: Scene, pick: Any) -> None:
    everybody, dice, kept = [ending(n, **READY) for n in range(1, 7)], Dice(seed), dict[Any, Any]()
    last = ""
    for number, visit in enumerate(visits):
        here = [e for e in everybody if not (visit.leaves and e["addresses"][0] == last)]
        slices = (slice_of(*here),)
        one = Try(slices, visit.client, visit.at, WINDOW)
        got = _ask(pick, one, dice.bits("luck", number), kept)
        scene.tell(
            f"second {visit.at:g}: {visit.client} is sent to {got}"
            + f" ({last} is gone)" * bool(visit.leaves)
        )
        if visit.wants == "same":
            scene.demand(got == last, STICKY, f"{visit.client} had {last}, and is sent to {got}", visit.fact)
        elif visit.wants == "ready":
            scene.demand(
                got in truth(slices), STICKY, f"{visit.client} is sent to {got}, which is gone", visit.fact
            )
        last = got


def _for_ever(scene: Scene, pick: Any) -> None:
    """Who comes back after the time is over gets anybody: of many, not all the one that they had."""
    slices, dice, kept = (slice_of(*(ending(n, **READY) for n in range(1, 7))),), Dice(3), dict[Any, Any]()
    names = [f"client-{n}" for n in range(40)]
    first, again = (
        [_ask(pick, Try(slices, name, at, WINDOW), dice.bits(name, at), kept) for name in names]
        for at in (0.0, WINDOW + 1.0)
    )
    stayed = sum(a == b for a, b in zip(first, again, strict=True))
    scene.tell(
        f"forty clients come, and again {WINDOW + 1} seconds later; {stayed} are sent to the same as before"
    )
    scene.demand(
        stayed < 25, STICKY, "nobody is ever sent anywhere else, though the time is over", "for ever"
    )


def _each_of_them(scene: Scene, pick: Any) -> None:
    """Many clients at once: each keeps its own."""
    slices, dice, kept = (slice_of(*(ending(n, **READY) for n in range(1, 7))),), Dice(5), dict[Any, Any]()
    names = [f"client-{n}" for n in range(60)]
    first, again = (
        [_ask(pick, Try(slices, name, at, WINDOW), dice.bits(name, at), kept) for name in names]
        for at in (0.0, 10.0)
    )
    scene.tell(f"sixty clients are sent to {len(set(first))} endpoints, and come again ten seconds later")
    scene.demand(len(set(first)) > 3, STICKY, "sixty clients are all sent to the same", "one for all")
    scene.demand(first == again, STICKY, "some of them are sent to another than before", "one for all")


def _no_affinity(scene: Scene, pick: Any) -> None:
    slices, dice, kept = (slice_of(*(ending(n, **READY) for n in range(1, 7))),), Dice(7), dict[Any, Any]()
    got = {_ask(pick, Try(slices, "ann", float(n)), dice.bits(n), kept) for n in range(30)}
    scene.tell("the Service does not ask for it (sticky is 0): ann comes thirty times")
    scene.demand(len(got) > 1, STICKY, f"ann is always sent to {got}", "not asked for")


def _cases() -> Iterator[Case]:
    for kind, slices in _choices():
        yield Case("who may be sent something", partial(_one_of, kind, slices))
    ready = [ending(n, **READY) for n in range(1, 5)]
    yield Case("fairness", partial(_fair, "uneven", (slice_of(*ready),)))
    twice = (slice_of(*ready), slice_of(ready[0], ready[0]))
    yield Case("fairness", partial(_fair, "counts twice", twice))
    soon, often, gone = (partial(_sticky, visits) for visits in VISITS)
    seeds = range(4)
    alone: list[Any] = [_no_affinity, *(partial(soon, seed) for seed in seeds)]
    rest = [partial(visits, seed) for visits in (often, gone) for seed in seeds]
    for play in (*alone, _each_of_them, *rest, _for_ever):
        yield Case("session affinity", play)


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
