"""Exercise 13.3: an operator that changes the code of a Door by the clock."""

from __future__ import annotations

from base64 import b64encode
from itertools import pairwise

from k8slearn.api.errors import ApiError
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import (
    Object,
    edit,
    key_of,
    name_of,
    namespace_of,
    owner_reference,
)
from k8slearn.lab.exercise import PATIENCE, Exercise, remembers, words_of
from k8slearn.lab.podset import GROUP, VERSION, wish
from k8slearn.sim import Simulation
from k8slearn.sim.trial import SETTLES, Act, Failure, Invariant

WORDS = words_of("lesson13")["13.3"]
DOOR = Resource(GROUP, VERSION, "Door", "doors", subresources=("status",))
MADE = "lab.k8slearn.dev/made"
PERIOD = 300  # seconds


def door(name: str, every: int = PERIOD) -> Object:
    """A Door, ready to be created: it wants a Secret with its code, and a new code every so many seconds."""
    return wish(DOOR, name, every=every)


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
    words=WORDS,
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
        WORDS.diagnosis("raises to be called again", evidence=_own_error),
        WORDS.diagnosis("wakes itself", SETTLES, evidence=_writes_all_the_time),
        WORDS.diagnosis("looks all the time", SETTLES),
        WORDS.diagnosis("keeps the time in its head", evidence=remembers),
        WORDS.diagnosis("takes every call for the alarm", LIVES, ()),
        WORDS.diagnosis("does not come back", FRESH, (), lambda failure: not _came_back(failure)),
        WORDS.diagnosis("sleeps over an error", FRESH, ("refuse",)),
        WORDS.diagnosis("believes an old clock", LIVES),
    ],
)
