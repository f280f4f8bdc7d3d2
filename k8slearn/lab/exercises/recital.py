"""Exercise 15.3: a conductor becomes a player. A Recital wants a stage, and then somebody on it for every part."""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import (
    Object,
    dig,
    is_controlled_by,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
)
from k8slearn.lab.exercise import Exercise, remembers, words_of
from k8slearn.lab.exercises.hearing import under_test
from k8slearn.lab.exercises.turns import writes_of_late
from k8slearn.lab.podset import GROUP, VERSION
from k8slearn.sim import Simulation
from k8slearn.sim.trial import Act, Failure, Invariant

WORDS = words_of("lesson15")

RECITAL = Resource(GROUP, VERSION, "Recital", "recitals", subresources=("status",))
STAGES = "configmaps"


def recital(name: str, *parts: str) -> Object:
    """A Recital, ready to be created: it wants a stage, and somebody who plays each of the parts."""
    metadata = {"name": name, "namespace": "default"}
    return {
        "apiVersion": RECITAL.api_version,
        "kind": RECITAL.kind,
        "metadata": metadata,
        "spec": {"parts": list(parts)},
    }


def stage(recital: Object) -> Object:
    """Its stage, which is a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(recital, "stage", {})}


def musician(recital: Object, part: str) -> Object:
    """Somebody who plays this part, which is a pod."""
    container = {"name": "play", "image": "registry.example/musician:1"}
    metadata = _metadata(recital, part, {"part": part})
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def part_of(pod: Object) -> str:
    """Which part does this musician play?"""
    return labels_of(pod)["part"]


def _metadata(recital: Object, what: str, labels: Object) -> Object:
    return {
        "name": f"{name_of(recital)}-{what}",
        "namespace": namespace_of(recital),
        "labels": labels,
        "ownerReferences": [owner_reference(recital)],
    }


# --- the story -------------------------------------------------------------------------------


def _change(sim: Simulation, *parts: str) -> None:
    sim.client.patch(RECITAL.name, "default/spring", patch={"spec": {"parts": list(parts)}})


def _lose(sim: Simulation, resource: str, key: str) -> None:
    if sim.store.get(resource, key) is not None:
        sim.client.delete(resource, key, gracePeriodSeconds=0)


def _change_unheard(sim: Simulation) -> None:
    sim.fault("hold", under_test(sim))
    _change(sim, "piano", "bass", "horn")
    sim.fault("release", under_test(sim))


# --- what must hold --------------------------------------------------------------------------


def _musicians(sim: Simulation) -> Iterator[tuple[Object, list[str]]]:
    pods = sim.store.list("pods")
    for each in sim.store.list(RECITAL.name):
        yield each, sorted(part_of(p) for p in pods if is_controlled_by(p, each))


def _all_play(sim: Simulation) -> str | None:
    for each, playing in _musicians(sim):
        if playing != sorted(each["spec"]["parts"]):
            return f"Recital {key_of(each)} wants {_said(each['spec']['parts'])}, and {_said(playing)} play"
    return None


def _has_a_stage(sim: Simulation) -> str | None:
    for each in sim.store.list(RECITAL.name):
        if sim.store.get(STAGES, f"{key_of(each)}-stage") is None:
            return f"Recital {key_of(each)} has no stage"
    return None


def _stage_first(sim: Simulation) -> str | None:
    for _, entry in writes_of_late(sim, "pods"):
        stage = f"{key_of(entry.object).rpartition('-')[0]}-stage"
        built = any(e.resource == STAGES and e.key == stage for e in sim.store.log[: entry.revision])
        if entry.type == "ADDED" and not built:
            return f"musician {key_of(entry.object)} has come before there was a stage"
    return None


def _tells(sim: Simulation) -> str | None:
    for each, playing in _musicians(sim):
        told = dig(each, "status", "playing", default=[])
        if sorted(told) != playing:
            return f"status.playing of {key_of(each)} says {_said(told)}, and {_said(playing)} play"
    return None


def _said(parts: list[str]) -> str:
    return ", ".join(sorted(parts)) or "nobody"


# --- what people believe ---------------------------------------------------------------------


def _somebody_is_left_over(failure: Failure) -> bool:
    return any(set(playing) > set(each["spec"]["parts"]) for each, playing in _musicians(failure.sim))


def _says_all_is_well(failure: Failure) -> bool:
    """The status was right once, and is believed."""
    return any(dig(each, "status", "playing") for each, _ in _musicians(failure.sim))


def _is_refused_again(failure: Failure) -> bool:
    errors = [e for player in failure.sim.errors().values() for e in player.values()]
    return any(type(error).__name__ == "AlreadyExists" for error in errors)


PLAY = "in the end every part is played, and no other"
STAGE = "in the end every Recital has a stage"
FIRST = "nobody comes before the stage is built"
TELLS = "in the end the status says who plays"

RECITALS = Exercise(
    id="15.3",
    words=WORDS["15.3"],
    kinds=[RECITAL],
    story=[
        Act(
            "create the Recital spring with a piano and a bass",
            lambda sim: sim.create(recital("spring", "piano", "bass")),
        ),
        Act("create the Recital solo with a harp", lambda sim: sim.create(recital("solo", "harp"))),
        Act("the bass leaves for no reason", lambda sim: _lose(sim, "pods", "default/spring-bass")),
        Act("want a horn in spring as well, while nobody listens", _change_unheard),
        Act("the stage of spring burns down", lambda sim: _lose(sim, STAGES, "default/spring-stage")),
        Act("want no piano any more", lambda sim: _change(sim, "bass", "horn")),
    ],
    promises=[
        Invariant(FIRST, _stage_first, "always"),
        Invariant(STAGE, _has_a_stage, "at the end"),
        Invariant(PLAY, _all_play, "at the end"),
        Invariant(TELLS, _tells, "at the end"),
    ],
    diagnoses=[
        WORDS["15.3"].diagnosis("goes on without the stage", FIRST),
        WORDS["15.3"].diagnosis("keeps its notes in its head", evidence=remembers),
        WORDS["15.3"].diagnosis("begins from the top", evidence=_is_refused_again),
        WORDS["15.3"].diagnosis("lets nobody go", PLAY, evidence=_somebody_is_left_over),
        WORDS["15.3"].diagnosis("believes its own status", PLAY, evidence=_says_all_is_well),
        WORDS["15.3"].diagnosis("believes its own status", STAGE, evidence=_says_all_is_well),
        WORDS["15.3"].diagnosis("tells what it wants, not what is there", TELLS),
    ],
)
