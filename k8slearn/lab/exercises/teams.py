"""Exercise 06.3: a controller that trusts in resyncs, edits its cache, and does not expect that anybody leaves."""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, SharedObjectError, dig, key_of, labels_of, name_of
from k8slearn.lab.exercise import Exercise, remembers, words_of
from k8slearn.lab.exercises.hearing import fault, heard_of_a_pod, under_test
from k8slearn.lab.podset import GROUP, VERSION, wish
from k8slearn.sim import Simulation
from k8slearn.sim.trial import RAISES, Act, Failure, Invariant

WORDS = words_of("lesson06")

TEAM = Resource(GROUP, VERSION, "Team", "teams", subresources=("status",))


def team(name: str) -> Object:
    """A Team, ready to be created: its status lists the pods that carry the label team=<name>."""
    return wish(TEAM, name)


def member(name: str, team: str) -> Object:
    """A pod with that label."""
    container = {"name": "app", "image": "registry.example/app:1"}
    metadata = {"name": name, "namespace": "default", "labels": {"team": team}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def _teams(sim: Simulation) -> Iterator[tuple[Object, list[str], list[str]]]:
    """Each Team, who is in it, and who its status says is in it."""
    for t in sim.store.list(TEAM.name):
        there = [name_of(p) for p in sim.store.list("pods") if labels_of(p).get("team") == name_of(t)]
        yield t, sorted(there), dig(t, "status", "members", default=[])


def _lists_its_members(sim: Simulation) -> str | None:
    for t, there, said in _teams(sim):
        if sorted(said) != there:
            return f"Team {key_of(t)} lists {_names(said)}, but in it is {_names(there)}"
    return None


def _names(names: list[str]) -> str:
    return ", ".join(names) or "nobody"


def _leave_unheard(sim: Simulation) -> None:
    fault(sim, "hold")
    sim.client.delete("pods", "default/linus")
    fault(sim, "drop", "release")


def _move(sim: Simulation, name: str, to: str) -> None:
    sim.client.patch("pods", f"default/{name}", patch={"metadata": {"labels": {"team": to}}})


def _edited(failure: Failure) -> bool:
    return isinstance(failure.error, SharedObjectError)


def _hearing_of_a_deletion(failure: Failure) -> bool:
    """What it raised came up while it heard that a pod, or everything on a list, is gone."""
    players = failure.sim.manager.players.values()
    return isinstance(failure.error, (AttributeError, TypeError)) and not any(p.errors for p in players)


def _slept(failure: Failure) -> bool:
    """The last news of pods has made it reconcile nothing."""
    steps = [s for s in failure.sim.trace if s.player == under_test(failure.sim)]
    heard = [s.number for s in steps if heard_of_a_pod(s)]
    worked = [s.number for s in steps if s.action == "reconcile"]
    return max(heard, default=0) > max(worked, default=0)


LISTS = "each Team lists who is in it"

WHO_HAS_LEFT = Exercise(
    id="06.3",
    words=WORDS["06.3"],
    kinds=[TEAM],
    story=[
        Act("create the Teams red and blue", lambda sim: sim.create([team("red"), team("blue")])),
        Act("create the pod ada in red", lambda sim: sim.create(member("ada", "red"))),
        Act("create the pod grace in red", lambda sim: sim.create(member("grace", "red"))),
        Act("create the pod linus in blue", lambda sim: sim.create(member("linus", "blue"))),
        Act("delete the pod ada", lambda sim: sim.client.delete("pods", "default/ada")),
        Act("delete the pod linus while nobody hears of it, and the watch of pods is lost", _leave_unheard),
        Act("move the pod grace to blue", lambda sim: _move(sim, "grace", "blue")),
    ],
    promises=[Invariant(LISTS, _lists_its_members)],
    diagnoses=[
        WORDS["06.3"].diagnosis("edits what it was lent", RAISES, evidence=_edited),
        WORDS["06.3"].diagnosis(
            "expects an object at every deletion", RAISES, evidence=_hearing_of_a_deletion
        ),
        WORDS["06.3"].diagnosis("keeps a list that no resync mends", LISTS, evidence=remembers),
        WORDS["06.3"].diagnosis("misses deletions", LISTS, evidence=_slept),
        WORDS["06.3"].diagnosis("wakes only the team it has joined", LISTS),
    ],
)
