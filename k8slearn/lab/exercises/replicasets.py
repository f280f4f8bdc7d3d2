"""Exercise 07.1: a controller of ReplicaSets from an empty file. Which pods are mine, and who goes first?"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.api.objects import (
    Object,
    controller_of,
    is_controlled_by,
    is_deleting,
    key_of,
    name_of,
    namespace_of,
    owner_reference,
    owners_of,
    revision_of,
    uid_of,
)
from k8slearn.api.selectors import LabelSelector
from k8slearn.controllers.pods import from_template, is_ready
from k8slearn.lab.exercise import Exercise, words_of
from k8slearn.lab.exercises.hearing import heard_of_a_pod, under_test
from k8slearn.lab.exercises.turns import writes_of_late
from k8slearn.sim import Simulation
from k8slearn.sim.trial import Act, Failure, Invariant

WORDS = words_of("lesson07")

# --- what the exercise is told ---------------------------------------------------------------


def replicaset(name: str, replicas: int, app: str) -> Object:
    """A ReplicaSet, ready to be created: it wants so many pods with the label app=<app>."""
    labels = {"app": app}
    template = {"metadata": {"labels": labels}, "spec": orphan(name, app)["spec"]}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}


def orphan(name: str, app: str) -> Object:
    """A pod that belongs to nobody."""
    container = {"name": "app", "image": "registry.example/app:1"}
    metadata = {"name": name, "namespace": "default", "labels": {"app": app}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def pod_from(rs: Object) -> Object:
    """A pod made from its template, with its note. The API server chooses the end of its name."""
    return from_template(rs["spec"]["template"], rs)


def chooses(rs: Object, pod: Object) -> bool:
    """Does its selector match this pod's labels?"""
    return namespace_of(rs) == namespace_of(pod) and LabelSelector.of(rs["spec"]["selector"]).matches(
        pod["metadata"].get("labels") or {}
    )


def with_note(pod: Object, rs: Object) -> Object:
    """The pod as it would be if it belonged to this ReplicaSet alone, ready for client.update()."""
    return {**pod, "metadata": {**pod["metadata"], "ownerReferences": [owner_reference(rs)]}}


def without_note(pod: Object, rs: Object) -> Object:
    """The pod as it would be if it did not belong to this ReplicaSet, ready for client.update()."""
    others = [o for o in owners_of(pod) if o["uid"] != uid_of(rs)]
    return {**pod, "metadata": {**pod["metadata"], "ownerReferences": others}}


def somebody_elses() -> Object:
    """A pod that others look after, with a label that is chosen here, too."""
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "vip", "uid": "vip-0001"}}
    return with_note(orphan("vip-0", "shop"), owner)


# --- the story -------------------------------------------------------------------------------


def _pods(sim: Simulation, name: str = "red") -> list[Object]:
    """Its pods that are not going, the oldest first."""
    rs = sim.store.get("replicasets", f"default/{name}")
    found = [p for p in sim.store.list("pods") if rs is not None and is_controlled_by(p, rs)]
    return sorted((p for p in found if not is_deleting(p)), key=revision_of)


def _relabel(sim: Simulation) -> None:
    for p in _pods(sim)[:1]:
        sim.client.patch(p, patch={"metadata": {"labels": {"app": "debug"}}})


def _make_ready(sim: Simulation) -> None:
    """The newest: a list in order has it at its end."""
    for p in _pods(sim)[-1:]:
        ready = {"type": "Ready", "status": "True"}
        sim.client.patch_status("pods", key_of(p), patch={"phase": "Running", "conditions": [ready]})


def _delete_slowly(sim: Simulation) -> None:
    for p in [p for p in _pods(sim) if not is_ready(p)][:1]:
        sim.client.patch(p, patch={"metadata": {"finalizers": ["example.com/say-goodbye"]}})
        sim.client.delete(p)


def _scale(sim: Simulation, replicas: int) -> None:
    sim.client.patch("replicasets", "default/red", patch={"spec": {"replicas": replicas}})


# --- what must hold --------------------------------------------------------------------------


def _sets(sim: Simulation) -> Iterator[tuple[Object, list[Object]]]:
    """Each ReplicaSet with all pods that carry its note."""
    pods = sim.store.list("pods")
    return ((rs, [p for p in pods if is_controlled_by(p, rs)]) for rs in sim.store.list("replicasets"))


def _counting(rs: Object, pods: list[Object]) -> list[Object]:
    return [p for p in pods if chooses(rs, p) and not is_deleting(p)]


def _as_many_as_wanted(sim: Simulation) -> str | None:
    for rs, pods in _sets(sim):
        want, have = rs["spec"]["replicas"], len(_counting(rs, pods))
        if want != have:
            return f"ReplicaSet {key_of(rs)} wants {want} pods, and has {have} that it chooses and that stay"
    return None


def _lets_go(sim: Simulation) -> str | None:
    for rs, pods in _sets(sim):
        for p in pods:
            if not chooses(rs, p) and not is_deleting(p):
                return (
                    f"pod {key_of(p)} still says that it belongs to {name_of(rs)}, which does not choose it"
                )
    return None


def _no_orphans(sim: Simulation) -> str | None:
    for p in sim.store.list("pods"):
        takers = [name_of(rs) for rs in sim.store.list("replicasets") if chooses(rs, p)]
        if takers and controller_of(p) is None and not is_deleting(p):
            return f"pod {key_of(p)} belongs to nobody, though {' and '.join(takers)} would choose it"
    return None


def _leaves_others_alone(sim: Simulation) -> str | None:
    for step, entry in writes_of_late(sim, "pods"):
        note = controller_of(entry.previous or {})
        rs = sim.store.get("replicasets", step.key)
        if note is not None and rs is not None and note["uid"] != uid_of(rs):
            did = "deleted" if entry.type == "DELETED" else "changed"
            return (
                f"looking after {name_of(rs)}, you have {did} pod {entry.key}, which {note['name']} controls"
            )
    return None


def _spares_the_ready(sim: Simulation) -> str | None:
    """By what its cache showed: nobody can spare what he has not heard of."""
    cache = sim.manager.players[under_test(sim)].cache
    for step, entry in writes_of_late(sim, "pods"):
        rs, seen = sim.store.get("replicasets", step.key), cache.get("pods", entry.key)
        if entry.type != "DELETED" or rs is None or seen is None or not is_ready(seen):
            continue
        for other in _counting(rs, cache.owned_by(rs, "pods")):
            if not is_ready(other) and sim.store.get("pods", key_of(other)) is not None:
                return f"pod {entry.key} was ready and is deleted, while {key_of(other)} is not, and stays"
    return None


# --- what people believe ---------------------------------------------------------------------


def _keeps_what_it_does_not_choose(failure: Failure) -> bool:
    return _lets_go(failure.sim) is not None


def _counts_the_leaving(failure: Failure) -> bool:
    for rs, pods in _sets(failure.sim):
        leaving = [p for p in pods if chooses(rs, p) and is_deleting(p)]
        if leaving and len(_counting(rs, pods)) + len(leaving) == rs["spec"]["replicas"]:
            return True
    return False


def _counts_others(failure: Failure) -> bool:
    """It has too few, and with those of others that it chooses it would have enough."""
    there = failure.sim.store.list("pods")
    for rs, pods in _sets(failure.sim):
        want = rs["spec"]["replicas"]
        if len(_counting(rs, pods)) < want <= len(_counting(rs, there)):
            return True
    return False


def _too_many(failure: Failure) -> bool:
    return any(len(_counting(rs, pods)) > rs["spec"]["replicas"] for rs, pods in _sets(failure.sim))


def _was_not_called(failure: Failure) -> bool:
    """It has heard of a pod last, and has reconciled nothing since."""
    steps = [s for s in failure.sim.trace if s.player == under_test(failure.sim)]
    heard = [s.number for s in steps if heard_of_a_pod(s)]
    worked = [s.number for s in steps if s.action == "reconcile"]
    return max(heard, default=0) > max(worked, default=0)


def _believed_it_free(failure: Failure) -> bool:
    """Of the pod that it took it had not heard yet that somebody else has it."""
    cache = failure.sim.manager.players[under_test(failure.sim)].cache
    for _, entry in writes_of_late(failure.sim, "pods"):
        seen = cache.get("pods", entry.key)
        if seen is not None and controller_of(seen) is None and controller_of(entry.previous or {}):
            return True
    return False


COUNT = "each ReplicaSet has as many pods as it wants"
LETS_GO = "it lets go of what it does not choose"
ADOPTS = "whom it chooses, and who belongs to nobody, it adopts"
OTHERS = "it touches nothing that another controls"
READY = "pods that are ready go last"

REPLICASETS = Exercise(
    id="07.1",
    words=WORDS["07.1"],
    kinds=[],
    objects=[somebody_elses()],
    story=[
        Act("create the ReplicaSet red: 3 of app=shop", lambda sim: sim.create(replicaset("red", 3, "shop"))),
        Act("create a pod of nobody's, lone, with app=shop", lambda sim: sim.create(orphan("lone", "shop"))),
        Act("change the label of a pod of red to app=debug", _relabel),
        Act("the newest pod of red becomes ready", _make_ready),
        Act("delete a pod of red, which somebody holds with a finalizer", _delete_slowly),
        Act(
            "create the ReplicaSet blue: 2 of app=shop", lambda sim: sim.create(replicaset("blue", 2, "shop"))
        ),
        Act("create a pod of nobody's, lost, with app=shop", lambda sim: sim.create(orphan("lost", "shop"))),
        Act("want 1 pod in red", lambda sim: _scale(sim, 1)),
        Act("want 3 pods in red", lambda sim: _scale(sim, 3)),
        Act("want 1 pod in red again", lambda sim: _scale(sim, 1)),
    ],
    promises=[
        Invariant(OTHERS, _leaves_others_alone, "always"),
        Invariant(READY, _spares_the_ready, "always"),
        Invariant(COUNT, _as_many_as_wanted),
        Invariant(LETS_GO, _lets_go),
        Invariant(ADOPTS, _no_orphans),
    ],
    diagnoses=[
        WORDS["07.1"].diagnosis("adopts on old news", OTHERS, evidence=_believed_it_free),
        WORDS["07.1"].diagnosis("takes what belongs to another", OTHERS),
        WORDS["07.1"].diagnosis("deletes those who work", READY),
        WORDS["07.1"].diagnosis("only makes", COUNT, evidence=_too_many),
        WORDS["07.1"].diagnosis("counts by owner only", COUNT, evidence=_keeps_what_it_does_not_choose),
        WORDS["07.1"].diagnosis("counts those who are leaving", COUNT, evidence=_counts_the_leaving),
        WORDS["07.1"].diagnosis("counts by label only", COUNT, evidence=_counts_others),
        WORDS["07.1"].diagnosis("keeps its note on what it does not count", LETS_GO),
        WORDS["07.1"].diagnosis("hears only of its own", ADOPTS, evidence=_was_not_called),
        WORDS["07.1"].diagnosis("adopts nobody", ADOPTS),
    ],
)
