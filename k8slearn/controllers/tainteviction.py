"""Drives pods off nodes that carry a NoExecute taint: at once, or when their toleration runs out.

Every pod tolerates not-ready and unreachable nodes for 300 seconds, because the API server wrote that into
it; so a short outage moves nothing. If the taint goes in time, the eviction is called off.

Deleting is all it does. On a dead machine nobody confirms, so the pod stays Terminating until the kubelet is
back or its Node is deleted; its replacement is made at once all the same.

Kubernetes: pkg/controller/tainteviction/taint_eviction.go
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, Object, dig, is_deleting, key_of, name_of, namespace_of, uid_of
from k8slearn.api.taints import NO_EXECUTE, taints_of, tolerates, tolerations_of
from k8slearn.controllers.pods import condition
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

REASON = "TaintManagerEviction"
TARGET = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "DeletionByTaintManager",
    "message": "Taint manager: deleting due to NoExecute taint",
}


class TaintEvictionController(Controller):
    name = "taint-eviction-controller"
    room = "controllers"
    primary = "pods"
    watches = ("nodes",)

    def setup(self) -> None:
        self.since: dict[Key, float] = {}  # pods to be evicted -> when that was decided

    def keys_for(self, change: Change) -> Iterable[Key]:
        """The pods on a node whose taints have changed; a pod on a tainted node."""
        if change.resource == "nodes":
            if _taints(change.old) == _taints(change.new):
                return []
            return [key_of(p) for p in self.cache.by("node", "pods", name_of(change.object))]
        key = key_of(change.object)
        return [key] if key in self.since or _taints(self._node_of(change.object)) else []

    def _node_of(self, pod: Object) -> Object | None:
        return self.cache.get("nodes", dig(pod, "spec", "nodeName", default=""))

    def reconcile(self, key: Key) -> Done | None:
        pod = self.cache.get("pods", key)
        if pod is None or is_deleting(pod):
            self.since.pop(key, None)
            return None
        stays = tolerated_for(_taints(self._node_of(pod)), pod)
        if stays == inf:
            self._call_off(key, pod)
            return None
        left = self.since.setdefault(key, self.clock.now) + stays - self.clock.now
        if left > 0:
            return Done(again_in=left, background=True)
        self._evict(key, pod)
        return None

    def _call_off(self, key: Key, pod: Object) -> None:
        if self.since.pop(key, None) is not None:
            name = f"{namespace_of(pod)}/{name_of(pod)}"
            self.events.normal(pod, REASON, f"Cancelling deletion of Pod {name}")

    def _evict(self, key: Key, pod: Object) -> None:
        """Say why in the pod's status, then delete it."""
        try:
            if condition(pod, "DisruptionTarget") is None:
                target = {**TARGET, "lastTransitionTime": timestamp(self.clock.now)}
                conditions = [*dig(pod, "status", "conditions", default=[]), target]
                self.client.update_status(pod, conditions=conditions)
            self.client.delete(pod, preconditions={"uid": uid_of(pod)})
            self.events.normal(pod, REASON, f"Marking for deletion Pod {namespace_of(pod)}/{name_of(pod)}")
        except NotFound:
            pass
        self.since.pop(key, None)


def tolerated_for(taints: Iterable[Object], pod: Object) -> float:
    """Seconds for which the pod tolerates all of these taints: 0 not at all, inf for ever."""
    shortest = inf
    for taint in taints:
        toleration = next((t for t in tolerations_of(pod) if tolerates(t, taint)), None)
        if toleration is None:
            return 0.0
        seconds = toleration.get("tolerationSeconds")
        if seconds is not None:
            shortest = min(shortest, max(float(seconds), 0.0))
    return shortest


def _taints(node: Object | None) -> list[Object]:
    return taints_of(node or {}, NO_EXECUTE)
