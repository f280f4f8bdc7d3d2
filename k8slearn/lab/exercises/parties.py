"""Exercise 13.1: an operator that invites people to a Party, and nobody twice."""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import (
    Object,
    dig,
    is_controlled_by,
    key_of,
    namespace_of,
    owner_reference,
)
from k8slearn.lab.exercise import Exercise, words_of
from k8slearn.lab.podset import GROUP, VERSION, wish
from k8slearn.sim import Simulation
from k8slearn.sim.trial import RAISES, Act, Failure, Invariant

WORDS = words_of("lesson13")["13.1"]
PARTY = Resource(GROUP, VERSION, "Party", "parties", subresources=("status",))
READY = "Ready"


def party(name: str, guests: int) -> Object:
    """A Party, ready to be created: it wants one invitation for each guest."""
    return wish(PARTY, name, guests=guests)


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


def _generation(obj: Object) -> int:
    return int(obj["metadata"]["generation"])


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
    words=WORDS,
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
        WORDS.diagnosis("reads back what it has just written", RAISES, evidence=_reads_back),
        WORDS.diagnosis("counts what its cache shows", ONCE),
        WORDS.diagnosis("dates the condition by what it has not seen", TRUE, evidence=_asked_the_server),
        WORDS.diagnosis("says it before it has done it", TRUE),
        WORDS.diagnosis("a condition without a date", INVITED, evidence=_old_condition),
    ],
)
