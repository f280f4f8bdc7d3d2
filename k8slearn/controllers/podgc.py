"""Removes pods that nobody else will ever finish: those of machines that are gone.

A pod on a node without a Node object has no kubelet that could confirm its end, so it is marked as failed and
deleted by force. The same goes for a terminating pod on a node that somebody has declared out of service.

Kubernetes: pkg/controller/podgc/gc_controller.go
"""

from __future__ import annotations

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import Conflict, NotFound
from k8slearn.api.objects import Key, Object, dig, is_deleting, name_of, oldest_first, uid_of
from k8slearn.api.taints import taints_of
from k8slearn.controllers.pods import condition
from k8slearn.machinery import Controller, Done

LOOK = "*"  # the key of the regular look at everything
PERIOD = 20.0  # seconds between two looks
QUARANTINE = 40.0  # a node must be missing for so long
THRESHOLD = 12_500  # finished pods that may lie around: --terminated-pod-gc-threshold
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
FINISHED = ("Succeeded", "Failed")

ORPHAN = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "DeletionByPodGC",
    "message": "PodGC: node no longer exists",
}


class PodGarbageCollector(Controller):
    """Watches nothing: every twenty seconds it lists what there is."""

    name = "pod-garbage-collector"
    room = "controllers"

    def setup(self) -> None:
        self.missing: dict[str, float] = {}  # node -> since when
        self.queue.add(LOOK)

    def reconcile(self, key: Key) -> Done | None:
        pods, nodes = self.client.list("pods"), {name_of(n): n for n in self.client.list("nodes")}
        bound_to = dict.fromkeys(p["spec"]["nodeName"] for p in pods if p["spec"].get("nodeName"))
        self.missing = {n: self.missing.get(n, self.clock.now) for n in bound_to if n not in nodes}
        finished = oldest_first(p for p in pods if dig(p, "status", "phase") in FINISHED)
        for pod in finished[: max(len(finished) - THRESHOLD, 0)]:
            self._delete(pod)
        for pod in pods:
            if self._is_hopeless(pod, nodes):
                self._delete(pod)
        return Done(again_in=PERIOD, background=True)

    def _is_hopeless(self, pod: Object, nodes: dict[str, Object]) -> bool:
        name = pod["spec"].get("nodeName")
        if not name:
            return is_deleting(pod)
        if name in self.missing:
            return self.clock.now - self.missing[name] >= QUARANTINE
        abandoned = any(t["key"] == OUT_OF_SERVICE for t in taints_of(nodes[name]))
        return is_deleting(pod) and abandoned and dig(condition(nodes[name], "Ready"), "status") != "True"

    def _delete(self, pod: Object) -> None:
        try:
            if dig(pod, "status", "phase") not in FINISHED:
                self._mark_failed(pod)
            self.client.delete(pod, gracePeriodSeconds=0, preconditions={"uid": uid_of(pod)})
        except (NotFound, Conflict):
            return  # it is changing under our hands: the next look will show

    def _mark_failed(self, pod: Object) -> None:
        conditions = dig(pod, "status", "conditions", default=[])
        if dig(pod, "spec", "nodeName") in self.missing and condition(pod, "DisruptionTarget") is None:
            conditions = [*conditions, {**ORPHAN, "lastTransitionTime": timestamp(self.clock.now)}]
        self.client.update_status(pod, phase="Failed", conditions=conditions)
