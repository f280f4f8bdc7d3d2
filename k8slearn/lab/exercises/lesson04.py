"""Lesson 04, the control loop: compare and act (04.1), and mend what drifts (04.2)."""

from __future__ import annotations

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import (
    Object,
    controller_of,
    is_controlled_by,
    key_of,
    name_of,
    namespace_of,
    owner_reference,
    uid_of,
)
from k8slearn.lab.exercise import Diagnosis, Exercise, WrongIdea
from k8slearn.lab.podset import GROUP, VERSION, pod_for
from k8slearn.sim import Simulation
from k8slearn.sim.trial import IDEMPOTENT, SETTLES, Act, Failure, Invariant

# --- 04.1: a crew ----------------------------------------------------------------------------

CREW = Resource(GROUP, VERSION, "Crew", "crews", subresources=("status",))


def crew(name: str, *members: str) -> Object:
    """A Crew, ready to be created: it wants one pod for each of its members."""
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": CREW.api_version, "kind": CREW.kind, "metadata": metadata, "spec": {"members": [*members]}}


def member_pod(crew: Object, member: str) -> Object:
    """The pod of one member: ``bridge-ada`` for ada of the crew bridge."""
    pod = pod_for(crew)
    del pod["metadata"]["generateName"]
    pod["metadata"]["name"] = f"{name_of(crew)}-{member}"
    return pod


def _members(sim: Simulation, name: str, *members: str) -> None:
    sim.client.patch("crews", f"default/{name}", patch={"spec": {"members": [*members]}})


def _stranger(name: str) -> Object:
    container = {"name": "app", "image": "registry.example/app:1"}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def _aboard(sim: Simulation, owner: Object) -> set[str]:
    return {name_of(p) for p in sim.store.list("pods") if is_controlled_by(p, owner)}


def _everybody_aboard(sim: Simulation) -> str | None:
    for owner in sim.store.list(CREW.name):
        wanted, aboard = _wanted(owner), _aboard(sim, owner)
        if aboard != wanted:
            return f"Crew {key_of(owner)} wants {_names(wanted)}, but has {_names(aboard)}"
    return None


def _names(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nobody"


def _stranger_lives(sim: Simulation) -> str | None:
    if sim.store.get("pods", "default/stranger") is None:
        return "the pod default/stranger belongs to no crew, and was deleted all the same"
    return None


def _too_many(failure: Failure) -> bool:
    return any(_aboard(failure.sim, c) > _wanted(c) for c in failure.sim.store.list(CREW.name))


def _wanted(owner: Object) -> set[str]:
    return {f"{name_of(owner)}-{m}" for m in owner["spec"]["members"]}


def _same_number(failure: Failure) -> bool:
    """As many as wanted, but not those."""
    pairs = [(_aboard(failure.sim, c), _wanted(c)) for c in failure.sim.store.list(CREW.name)]
    return any(len(aboard) == len(wanted) and aboard != wanted for aboard, wanted in pairs)


ABOARD = "everybody on the list is aboard, and nobody else"
STRANGERS = "other people's pods are left alone"

KEEP_ABOARD = Exercise(
    id="04.1",
    title="Everybody aboard",
    notebook="04_the_control_loop",
    kinds=[CREW],
    objects=[_stranger("stranger")],
    story=[
        Act("create the Crew bridge with ada and grace", lambda sim: sim.create(crew("bridge", "ada", "grace"))),
        Act("create the Crew galley with linus", lambda sim: sim.create(crew("galley", "linus"))),
        Act("put mary on the list of bridge instead of ada", lambda sim: _members(sim, "bridge", "mary", "grace")),
        Act("delete the pod bridge-grace by hand", lambda sim: sim.client.delete("pods", "default/bridge-grace")),
        Act("take mary off the list of bridge", lambda sim: _members(sim, "bridge", "grace")),
    ],
    promises=[Invariant(ABOARD, _everybody_aboard), Invariant(STRANGERS, _stranger_lives, "always")],
    hints=(
        "Two lists: who is wanted (crew['spec']['members']), and who is there (self.cache.owned_by(crew, 'pods')). "
        "What is on the one and not on the other?",
        "Work with names: wanted = the pod names there should be, aboard = {name_of(pod): pod} of those there are. "
        "Then two loops: one over wanted that creates what is not in aboard, one over aboard that deletes what "
        "is not wanted.",
        "Missing: for member in members: if f'{name_of(crew)}-{member}' not in aboard: "
        "self.client.create(member_pod(crew, member)). Too many: for name, pod in aboard.items(): "
        "if name not in wanted: self.client.delete(pod).",
    ),
    diagnoses=[
        Diagnosis(
            "touches strangers",
            "You look at every pod in sight, but only some of them are this crew's. A pod says itself whose it is, in "
            "its owner reference: ask self.cache.owned_by(crew, 'pods').",
            STRANGERS,
        ),
        Diagnosis(
            "counts",
            "The numbers agree, and the names do not. A count hides which ones are there: compare names with names.",
            ABOARD,
            frozenset(),
            _same_number,
        ),
        Diagnosis(
            "only creates",
            "A difference has two sides: what is missing, and what is too much. You look at the first only; the desired "
            "state can also become smaller.",
            ABOARD,
            frozenset(),
            _too_many,
        ),
        Diagnosis(
            "creates without comparing",
            "You act without comparing: everything is created again at each call, whether it is there or not. A "
            "reconcile is called as often as somebody likes; look first at what there is.",
            evidence=lambda failure: failure.invariant in (IDEMPOTENT, SETTLES) or _refused_as_existing(failure),
        ),
    ],
    wrong_ideas=[
        WrongIdea(
            "creates everybody at each call",
            [("        for name in wanted - set(aboard):", "        for name in wanted:")],
            "creates without comparing",
            4,
        ),
        WrongIdea(
            "only ever creates",
            [("        for name in set(aboard) - wanted:\n            self.client.delete(aboard[name])", "        pass")],
            "only creates",
        ),
        WrongIdea(
            "compares numbers instead of names",
            [("        for name in wanted - set(aboard):", "        if len(wanted) == len(aboard):\n            return\n        for name in wanted - set(aboard):")],
            "counts",
        ),
        WrongIdea(
            "takes every pod in sight for its own",
            [('self.cache.owned_by(crew, "pods")', 'self.cache.list("pods", namespace_of(crew))')],
            "touches strangers",
            17,
        ),
    ],
)


def _refused_as_existing(failure: Failure) -> bool:
    calls = [c for s in failure.sim.trace for c in s.calls if c.verb == "create" and s.player != "client"]
    return any(c.note == "AlreadyExists" for c in calls)


EXERCISES = (KEEP_ABOARD,)
