"""Exercise 03.1: what has changed while nobody listened? Two pictures are compared, and nothing else is known."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any, NamedTuple

from k8slearn.api.objects import Object, name_of
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of

WORDS = words_of("lesson03")

TELLS = Promise("everything that differs is told")
ONLY = Promise("what does not differ is not told")

#: What can have become of a note: (its version and uid before, after); None: it was not there.
FATES: dict[str, tuple[tuple[str, str] | None, tuple[str, str] | None]] = {
    "stays": (("7", "a"), ("7", "a")),
    "is new": (None, ("8", "a")),
    "is gone": (("7", "a"), None),
    "is changed": (("7", "a"), ("8", "a")),
    "is changed late": (("9", "a"), ("10", "a")),
    "is made anew": (("7", "a"), ("8", "b")),
}
DUE = {
    "is new": ["ADDED"],
    "is gone": ["DELETED"],
    "is changed": ["MODIFIED"],
    "is changed late": ["MODIFIED"],
    "is made anew": ["DELETED", "ADDED"],
}
FACTS = {"is gone": "forgets the deleted", "is made anew": "same name", "is changed late": "as text"}


class Moment(NamedTuple):
    """Both pictures, and what became of each note."""

    fates: tuple[tuple[str, str], ...]
    known: dict[str, Object]
    found: list[Object]


def _moments() -> Iterator[Case]:
    for count in range(1, 4):
        for fates in product(FATES, repeat=count):
            named = tuple(zip(NAMES[:count], fates, strict=True))
            yield Case(f"{count} note{'s' * (count > 1)}", partial(_compare, named))


NAMES = ("tea", "milk", "cake")


def _note(name: str, version: str, uid: str) -> Object:
    metadata = {"name": name, "namespace": "default", "uid": f"{name}-{uid}", "resourceVersion": version}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def _moment(fates: tuple[tuple[str, str], ...]) -> Moment:
    before = {name: FATES[fate][0] for name, fate in fates}
    after = {name: FATES[fate][1] for name, fate in fates}
    known = {name: _note(name, *at) for name, at in before.items() if at}
    return Moment(fates, known, [_note(name, *at) for name, at in after.items() if at])


def _compare(fates: tuple[tuple[str, str], ...], scene: Scene, changes: Any) -> None:
    moment = _moment(fates)
    for name, fate in fates:
        scene.tell(f"{name} {fate}: known {_at(FATES[fate][0])}, found {_at(FATES[fate][1])}")
    answer = changes(dict(moment.known), list(moment.found))
    if answer is None:
        raise Unsolved
    told: dict[str, list[str]] = {}
    for kind, obj in answer:
        told.setdefault(name_of(obj), []).append(kind)
    scene.tell(f"changes(known, found) tells: {_listed(told)}")
    for name, fate in fates:
        due, said = DUE.get(fate, []), told.get(name, [])
        message = f"of {name} it should tell {_words(due)}, and tells {_words(said)}"
        fact = "wakes for nothing" if said == ["MODIFIED"] else "all are new"
        scene.demand(bool(due) or not said, ONLY, message, fact)
        scene.demand(said == due, TELLS, message, _fact(fate, said))


def _fact(fate: str, said: list[str]) -> str:
    if fate.startswith("is changed") and said == ["ADDED"]:
        return "all are new"
    return FACTS.get(fate, "")


def _at(at: tuple[str, str] | None) -> str:
    return f"@{at[0]} uid {at[1]}" if at else "nothing"


def _words(kinds: list[str]) -> str:
    return ", then ".join(kinds) or "nothing"


def _listed(told: dict[str, list[str]]) -> str:
    return "; ".join(f"{_words(kinds)} {name}" for name, kinds in told.items()) or "nothing"


AWAY = Drill(
    id="03.1",
    words=WORDS["03.1"],
    cases=_moments,
    promises=[TELLS, ONLY],
    diagnoses=[
        WORDS["03.1"].diagnosis("forgets the deleted", TELLS.name, evidence=noted("forgets the deleted")),
        WORDS["03.1"].diagnosis("everything is new", evidence=noted("all are new")),
        WORDS["03.1"].diagnosis("wakes everybody", ONLY.name, evidence=noted("wakes for nothing")),
        WORDS["03.1"].diagnosis("takes a name for an identity", TELLS.name, evidence=noted("same name")),
        WORDS["03.1"].diagnosis("compares numbers as text", TELLS.name, evidence=noted("as text")),
    ],
)
