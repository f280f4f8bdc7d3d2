"""Lesson 13, operators: nobody invited twice (13.1), a bucket that does not leak (13.2), by the clock (13.3)."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from k8slearn.api.errors import ApiError
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import (
    Object,
    dig,
    edit,
    is_controlled_by,
    is_deleting,
    key_of,
    name_of,
    namespace_of,
    owner_reference,
    uid_of,
)
from k8slearn.lab.exercise import PATIENCE, Exercise, remembers, words_of
from k8slearn.lab.podset import GROUP, VERSION
from k8slearn.sim import Simulation
from k8slearn.sim.trial import RAISES, SETTLES, Act, Failure, Invariant

WORDS = words_of("lesson13")


def _wish(kind: Resource, name: str, **spec: Any) -> Object:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}


def _generation(obj: Object) -> int:
    return int(obj["metadata"]["generation"])


# --- 13.1: a party ---------------------------------------------------------------------------

PARTY = Resource(GROUP, VERSION, "Party", "parties", subresources=("status",))
READY = "Ready"


def party(name: str, guests: int) -> Object:
    """A Party, ready to be created: it wants one invitation for each guest."""
    return _wish(PARTY, name, guests=guests)


def invitation(party: Object, name: str = "", generate_name: str = "") -> Object:
    """An invitation that belongs to `party`: with this name, or with one that the server completes."""
    named = {"name": name} if name else {"generateName": generate_name}
    metadata = {**named, "namespace": namespace_of(party), "ownerReferences": [owner_reference(party)]}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {"text": "You are invited."},
    }


def ready(generation: int) -> list[Object]:
    """The conditions of a Party of which everybody is invited. (A real one also says since when.)"""
    said = {"reason": "AllInvited", "message": "Every guest has an invitation"}
    return [{"type": READY, "status": "True", "observedGeneration": generation, **said}]


def _ask_for(sim: Simulation, name: str, guests: int) -> None:
    sim.client.patch(PARTY.name, f"default/{name}", patch={"spec": {"guests": guests}})


def _parties(sim: Simulation) -> Iterator[tuple[Object, int]]:
    """Each Party with the number of its invitations."""
    cards = sim.store.list("configmaps")
    return ((p, sum(is_controlled_by(c, p) for c in cards)) for p in sim.store.list(PARTY.name))


def _said(party: Object) -> Object:
    """What its condition says, and of which generation."""
    return next(iter(dig(party, "status", "conditions", default=[])), {})


def _not_too_many(sim: Simulation) -> str | None:
    for p, there in _parties(sim):
        if there > p["spec"]["guests"]:
            return f"Party {key_of(p)} has {p['spec']['guests']} guests, and {there} invitations are out"
    return None


def _speaks_the_truth(sim: Simulation) -> str | None:
    for p, there in _parties(sim):
        sure = _said(p).get("status") == "True" and _said(p).get("observedGeneration") == _generation(p)
        if sure and there < p["spec"]["guests"]:
            return f"Party {key_of(p)} says that it is Ready as of generation {_generation(p)}, with {_of(p, there)}"
    return None


def _all_invited(sim: Simulation) -> str | None:
    for p, there in _parties(sim):
        said = _said(p)
        if there < p["spec"]["guests"]:
            return f"Party {key_of(p)} has {_of(p, there)}"
        if (said.get("status"), said.get("observedGeneration")) != ("True", _generation(p)):
            about = f"of generation {said.get('observedGeneration')}" if said else "nothing"
            return f"Party {key_of(p)} is at generation {_generation(p)}, and its condition speaks {about}"
    return None


def _of(party: Object, there: int) -> str:
    return f"{there} of {party['spec']['guests']} invitations"


def _reads_back(failure: Failure) -> bool:
    return isinstance(failure.error, (TypeError, AttributeError)) and "NoneType" in str(failure.error)


def _old_condition(failure: Failure) -> bool:
    return any(
        _said(p) and _said(p).get("observedGeneration") != _generation(p) for p, _ in _parties(failure.sim)
    )


def _asked_the_server(failure: Failure) -> bool:
    mine = (s for s in failure.sim.trace if s.player in failure.sim.manager.players)
    return any(call.verb == "get" and call.resource == PARTY.name for s in mine for call in s.calls)


ONCE = "nobody is invited twice"
TRUE = "Ready means that everybody asked for is invited"
INVITED = "in the end everybody is invited, and the condition says so of the newest wish"

INVITE_ONCE = Exercise(
    id="13.1",
    words=WORDS["13.1"],
    kinds=[PARTY],
    story=[
        Act("create the Party garden: 2 guests", lambda sim: sim.create(party("garden", 2))),
        Act("create the Party attic: 1 guest", lambda sim: sim.create(party("attic", 1))),
        Act("ask for 4 guests in the garden", lambda sim: _ask_for(sim, "garden", 4)),
        Act("ask for 5 guests in the garden", lambda sim: _ask_for(sim, "garden", 5)),
    ],
    promises=[
        Invariant(ONCE, _not_too_many, "always"),
        Invariant(TRUE, _speaks_the_truth, "always"),
        Invariant(INVITED, _all_invited),
    ],
    diagnoses=[
        WORDS["13.1"].diagnosis("reads back what it has just written", RAISES, evidence=_reads_back),
        WORDS["13.1"].diagnosis("counts what its cache shows", ONCE),
        WORDS["13.1"].diagnosis(
            "dates the condition by what it has not seen", TRUE, evidence=_asked_the_server
        ),
        WORDS["13.1"].diagnosis("says it before it has done it", TRUE),
        WORDS["13.1"].diagnosis("a condition without a date", INVITED, evidence=_old_condition),
    ],
)

# --- 13.2: a bucket --------------------------------------------------------------------------

BUCKET = Resource(GROUP, VERSION, "Bucket", "buckets", subresources=("status",))
FINALIZER = "lab.k8slearn.dev/bucket"


class NoSuchBucket(Exception):
    """There is no bucket of this number (any more)."""


class CheapCloud:
    """Rents out buckets. Whoever asks twice gets two, and pays for two: it knows no tokens.

    What it keeps is data, so that a simulation can rewind it.
    """

    def __init__(self) -> None:
        self.buckets: dict[int, str] = {}  # number -> tag
        self.rented = 0  # ever

    def list(self, tag: str = "") -> list[int]:
        """The numbers of all buckets, or of those with this tag."""
        return [number for number, its in self.buckets.items() if tag in ("", its)]

    def rent(self, tag: str) -> int:
        """A new bucket with this tag on it: its number."""
        self.rented += 1
        self.buckets[self.rented] = tag
        return self.rented

    def give_back(self, number: int) -> None:
        """Raises NoSuchBucket."""
        if number not in self.buckets:
            raise NoSuchBucket(f"there is no bucket {number}")
        del self.buckets[number]


def bucket(name: str) -> Object:
    """A Bucket, ready to be created: it wants one in the cloud, and a status that says which."""
    return _wish(BUCKET, name)


def finalizers(obj: Object) -> list[str]:
    """Who wants to do something before this object may go."""
    return obj["metadata"].get("finalizers") or []


def _names(obj: Object) -> tuple[str, str, str]:
    """What may stand on a tag, for it to be this Bucket's."""
    return uid_of(obj), key_of(obj), name_of(obj)


def _rented(sim: Simulation) -> Iterator[tuple[int, Object | None]]:
    """Each bucket in the cloud, and whose it is."""
    for number, tag in sim.world["cloud"].buckets.items():
        yield number, next((b for b in sim.store.list(BUCKET.name) if tag in _names(b)), None)


def _no_leak(sim: Simulation) -> str | None:
    for number, owner in _rented(sim):
        if owner is None:
            return f"bucket {number} is rented, and there is no Bucket any more that would give it back"
        if not finalizers(owner):
            return f"bucket {number} is rented, and {key_of(owner)} may be deleted without a word to you"
    return None


def _one_each(sim: Simulation) -> str | None:
    for b in sim.store.list(BUCKET.name):
        mine = [number for number, owner in _rented(sim) if owner is b]
        said = dig(b, "status", "number")
        if is_deleting(b):
            return f"Bucket {key_of(b)} was deleted, and does not go: it waits for {', '.join(finalizers(b))}"
        if mine != [said]:
            return (
                f"Bucket {key_of(b)} has {_numbers(mine)} in the cloud, and its status names {said or 'none'}"
            )
    return None


def _numbers(found: list[int]) -> str:
    return ", ".join(f"bucket {number}" for number in found) or "nothing"


def _remove(sim: Simulation, name: str) -> None:
    sim.client.delete(BUCKET.name, f"default/{name}")


def _doubled(failure: Failure) -> bool:
    whose = Counter(uid_of(owner) for _, owner in _rented(failure.sim) if owner is not None)
    return any(n > 1 for n in whose.values())


def _owner_gone(failure: Failure) -> bool:
    return any(owner is None for _, owner in _rented(failure.sim))


def _never_promised(failure: Failure) -> bool:
    """Not one Bucket was ever held by a finalizer."""
    return not any(e.resource == BUCKET.name and finalizers(e.object) for e in failure.sim.store.log)


def _gave_back_twice(failure: Failure) -> bool:
    return isinstance(failure.error, NoSuchBucket)


BROKEN_OFF = ("crash_after", "lose")
LEAKS = "nothing is rented that nobody will give back"
ONE = "each Bucket has one in the cloud, its status names it, and both go together"

NO_LEAK = Exercise(
    id="13.2",
    words=WORDS["13.2"],
    kinds=[BUCKET],
    world={"cloud": CheapCloud()},
    story=[
        Act("create the Bucket photos", lambda sim: sim.create(bucket("photos"))),
        Act("create the Bucket letters", lambda sim: sim.create(bucket("letters"))),
        Act("delete the Bucket photos", lambda sim: _remove(sim, "photos")),
        Act("create the Bucket photos once more", lambda sim: sim.create(bucket("photos"))),
        Act("delete the Bucket letters", lambda sim: _remove(sim, "letters")),
    ],
    promises=[Invariant(LEAKS, _no_leak, "always"), Invariant(ONE, _one_each)],
    diagnoses=[
        WORDS["13.2"].diagnosis("gives back twice", evidence=_gave_back_twice),
        WORDS["13.2"].diagnosis("knows it only by its number", ONE, evidence=_doubled),
        WORDS["13.2"].diagnosis("takes an error for success", LEAKS, ("refuse",), _owner_gone),
        WORDS["13.2"].diagnosis("lets go before it has cleaned up", LEAKS, BROKEN_OFF, _owner_gone),
        WORDS["13.2"].diagnosis("promises nothing", LEAKS, (), _never_promised),
        WORDS["13.2"].diagnosis("promises too late", LEAKS),
    ],
)

# --- 13.3: a door ----------------------------------------------------------------------------

DOOR = Resource(GROUP, VERSION, "Door", "doors", subresources=("status",))
MADE = "lab.k8slearn.dev/made"
PERIOD = 300  # seconds


def door(name: str, every: int = PERIOD) -> Object:
    """A Door, ready to be created: it wants a Secret with its code, and a new code every so many seconds."""
    return _wish(DOOR, name, every=every)


def code_for(door: Object, now: float) -> Object:
    """A Secret with a code for this door, made now."""
    metadata: Object = {"name": name_of(door), "namespace": namespace_of(door)}
    metadata |= {"ownerReferences": [owner_reference(door)], "annotations": {MADE: str(int(now))}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": _sealed(now)}


def with_new_code(secret: Object, now: float) -> Object:
    """The same Secret, at the same resourceVersion, with a code that was made now."""
    new = edit(secret)
    new["metadata"]["annotations"][MADE] = str(int(now))
    return {**new, "data": _sealed(now)}


def _sealed(now: float) -> dict[str, str]:
    """Not much of a secret: chance is left out, so that a history can be repeated."""
    return {"code": b64encode(f"open since {int(now)}".encode()).decode()}


def made_at(secret: Object) -> int:
    """When its code was made, in whole seconds."""
    return int(secret["metadata"]["annotations"][MADE])


def _wait(sim: Simulation, seconds: float) -> None:
    """Let time pass; but no longer than the trial has patience for somebody who cannot stop."""
    end = sim.now + seconds
    while len(sim.trace) <= PATIENCE:
        move = sim.manager.first()
        if (sim.step(move) if move else sim.next_timer(background=True, deadline=end)) is None:
            sim.advance(end - sim.now)
            return


def _sleeps_in(sim: Simulation, seconds: float) -> None:
    """The machine of every controller is off for so long."""
    for player in sim.manager.players:
        sim.fault("cut_off", player)
    _wait(sim, seconds)
    for player in sim.manager.players:
        sim.fault("heal", player)


def _label(sim: Simulation) -> None:
    sim.client.patch(DOOR.name, "default/cellar", patch={"metadata": {"labels": {"floor": "minus-1"}}})


def _codes(sim: Simulation, key: str) -> list[int]:
    """When each code of this door was made, in order."""
    made = [made_at(e.object) for e in sim.store.log if e.resource == "secrets" and e.key == key]
    return list(dict.fromkeys(made))


def _lives_its_time(sim: Simulation) -> str | None:
    for d in sim.store.list(DOOR.name):
        made = _codes(sim, key_of(d))
        for earlier, later in pairwise(made):
            if later - earlier < d["spec"]["every"]:
                return f"the code of {key_of(d)} was changed after {later - earlier} seconds, and not after {PERIOD}"
    return None


def _fresh(sim: Simulation) -> str | None:
    for d in sim.store.list(DOOR.name):
        made = _codes(sim, key_of(d))
        if not made:
            return f"Door {key_of(d)} has no code"
        if sim.now - made[-1] >= d["spec"]["every"]:
            return f"the code of {key_of(d)} is {sim.now - made[-1]:g} seconds old, and may live {PERIOD}"
    return None


def _came_back(failure: Failure) -> bool:
    return any(s.action == "reconcile" and s.result.startswith("again") for s in failure.sim.trace)


def _own_error(failure: Failure) -> bool:
    return failure.error is not None and not isinstance(failure.error, ApiError)


def _writes_of(failure: Failure) -> int:
    return sum(len(s.writes) for s in failure.sim.trace if s.player in failure.sim.manager.players)


def _writes_all_the_time(failure: Failure) -> bool:
    return _writes_of(failure) > 50


LIVES = "each code lives its whole time"
FRESH = "no code lives longer"

BY_THE_CLOCK = Exercise(
    id="13.3",
    words=WORDS["13.3"],
    kinds=[DOOR],
    story=[
        Act("create the Door cellar", lambda sim: sim.create(door("cellar"))),
        Act("wait for 290 seconds", lambda sim: _wait(sim, 290)),
        Act("wait for 20 seconds", lambda sim: _wait(sim, 20)),
        Act("wait for 200 seconds", lambda sim: _wait(sim, 200)),
        Act("put a label on the Door", _label),
        Act("wait for 110 seconds", lambda sim: _wait(sim, 110)),
        Act("switch the controller's machine off for half an hour", lambda sim: _sleeps_in(sim, 1800)),
        Act("wait for 310 seconds", lambda sim: _wait(sim, 310)),
    ],
    promises=[Invariant(LIVES, _lives_its_time, "always"), Invariant(FRESH, _fresh)],
    diagnoses=[
        WORDS["13.3"].diagnosis("raises to be called again", evidence=_own_error),
        WORDS["13.3"].diagnosis("wakes itself", SETTLES, evidence=_writes_all_the_time),
        WORDS["13.3"].diagnosis("looks all the time", SETTLES),
        WORDS["13.3"].diagnosis("keeps the time in its head", evidence=remembers),
        WORDS["13.3"].diagnosis("takes every call for the alarm", LIVES, ()),
        WORDS["13.3"].diagnosis("does not come back", FRESH, (), lambda failure: not _came_back(failure)),
        WORDS["13.3"].diagnosis("sleeps over an error", FRESH, ("refuse",)),
        WORDS["13.3"].diagnosis("believes an old clock", LIVES),
    ],
)

EXERCISES = (INVITE_ONCE, NO_LEAK, BY_THE_CLOCK)
