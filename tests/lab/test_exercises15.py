"""Lesson 15: answers that are right in another way than the solution are right, too."""

from __future__ import annotations

from contextlib import suppress

from k8slearn.api.errors import AlreadyExists, NotFound
from k8slearn.api.objects import dig, key_of
from k8slearn.controllers.pods import condition
from k8slearn.lab.checker import judge
from k8slearn.lab.exercises.recital import musician, part_of, stage
from k8slearn.lab.exercises.whoismissing import chosen_by, owned_by
from k8slearn.machinery import Controller


def from_the_end(objects):
    """Looks at the machines first, and by other signs than the solution."""
    pods = objects["pods"]
    kinds = ("deployments", "replicasets")
    alive = {o["metadata"]["uid"] for kind in kinds for o in objects[kind]}
    if any(
        o["uid"] not in alive
        for thing in [*objects["replicasets"], *pods]
        for o in thing["metadata"]["ownerReferences"]
    ):
        return "garbage-collector-controller"
    for pod in pods:
        if "nodeName" not in pod["spec"] and "conditions" not in pod["status"]:
            return "default-scheduler"
        if "nodeName" in pod["spec"] and not condition(pod, "Initialized"):
            return f"kubelet/{pod['spec']['nodeName']}"
    if len(pods) != sum(rs["spec"]["replicas"] for rs in objects["replicasets"]):
        return "replicaset-controller"
    if len(pods) != sum(d["spec"]["replicas"] for d in objects["deployments"]):
        return "deployment-controller"
    for service in objects["services"]:
        listed = [e for s in owned_by(service, objects["endpointslices"]) for e in s.get("endpoints") or ()]
        if len(listed) != len(chosen_by(service, pods)):
            return "endpointslice-controller"
    return "nobody"


def by_recursion(number, trace, seen=None):
    seen = set() if seen is None else seen
    if number not in seen:
        seen.add(number)
        for cause in trace[number].causes:
            by_recursion(cause, trace, seen)
    return tuple(sorted(n for n in seen if trace[n].player == "client"))


class Thrifty(Controller):
    """Does everything in one turn, and takes a refusal for news."""

    primary, owns = "recitals", ["configmaps", "pods"]

    def reconcile(self, key):
        recital = self.cache.get("recitals", key)
        if not self.cache.owned_by(recital, "configmaps"):
            with suppress(AlreadyExists):
                self.client.create(stage(recital))
        pods = self.cache.owned_by(recital, "pods")
        for part in set(recital["spec"]["parts"]) - {part_of(pod) for pod in pods}:
            with suppress(AlreadyExists):
                self.client.create(musician(recital, part))
        for pod in [pod for pod in pods if part_of(pod) not in recital["spec"]["parts"]]:
            with suppress(NotFound):
                self.client.delete("pods", key_of(pod))
        told = sorted(part_of(pod) for pod in pods)
        if told != dig(recital, "status", "playing", default=[]):
            self.client.update_status(recital, playing=told)


def test_another_right_answer_passes():
    assert judge("15.1", from_the_end).passed
    assert judge("15.2", by_recursion).passed
    report = judge("15.3", Thrifty)
    assert report.passed, report


def test_a_guess_is_not_an_answer():
    report = judge("15.1", lambda objects: "nobody")
    assert report.state == "wrong"
    assert judge("15.2", lambda number, trace: [1]).state == "wrong"
