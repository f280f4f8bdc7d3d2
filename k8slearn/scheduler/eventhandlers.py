"""The half of the scheduler that listens: every change either makes room, takes room, or is a pod to place.

Kubernetes: pkg/scheduler/eventhandlers.go
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api.claims import claims_of
from k8slearn.api.objects import Key, Object, dig, key_of, labels_of, name_of
from k8slearn.machinery import Controller
from k8slearn.machinery.informer import Change
from k8slearn.scheduler.framework import Framework
from k8slearn.scheduler.nodeinfo import PodInfo
from k8slearn.scheduler.queue import SchedulingQueue
from k8slearn.scheduler.snapshot import Snapshot


class Listener(Controller):
    """Keeps the snapshot and the queue up to date."""

    primary = "pods"
    watches: Iterable[str] = ("nodes",)  # type: ignore[misc] # and volumes, if they are minded
    WIRING = Controller.WIRING | {"framework", "watches"}

    framework: Framework
    queue: SchedulingQueue

    def setup(self) -> None:
        self.queue = SchedulingQueue(self.clock)
        self.assumed: dict[Key, str] = {}  # pod -> node: bound by us, not yet heard of
        self._snapshot: Snapshot | None = None

    def on_change(self, change: Change) -> None:
        if change.resource == "nodes":
            self._node_changed(change)
        elif change.resource == "pods":
            self._pod_changed(key_of(change.object), change)
        else:
            self._volume_changed()

    def _node_changed(self, change: Change) -> None:
        if change.new is None:
            self.snapshot.remove_node(name_of(change.object))
        elif change.old is None or _offer(change.old) != _offer(change.new):
            self.snapshot.set_node(change.new)
            self._reconsider(name_of(change.new))

    def _pod_changed(self, key: Key, change: Change) -> None:
        pod = change.new
        if pod is not None and _takes_room(pod):
            self._placed(key, pod, change.old)
        elif pod is None or dig(pod, "spec", "nodeName"):
            self._left(key, change.old)
        elif key not in self.assumed and self.is_mine(pod):
            self._wants_a_node(key, pod, change.old)

    def _volume_changed(self) -> None:
        """A claim, a volume, a class: pods that wait for volumes are looked at again."""
        for key in list(self.queue.unschedulable):
            pod = self.cache.get("pods", key)
            if pod is not None and claims_of(pod):
                self.queue.release(key)

    def _placed(self, key: Key, pod: Object, old: Object | None) -> None:
        """It has a node: by us, by another scheduler, or by hand."""
        self.assumed.pop(key, None)
        self.queue.drop(key)
        node, snapshot = pod["spec"]["nodeName"], self.snapshot
        same = old is not None and old["spec"]["containers"] == pod["spec"]["containers"]
        if not (same and snapshot.where.get(key) == node):
            snapshot.add_pod(PodInfo(pod), node)

    def _left(self, key: Key, old: Object | None) -> None:
        """It is gone, or finished: its room is free."""
        self.queue.drop(key)
        self.snapshot.remove_pod(key)
        node = self.assumed.pop(key, None)
        if old is not None and _takes_room(old):
            node = old["spec"]["nodeName"]
        if node:
            self._reconsider(node)

    def _wants_a_node(self, key: Key, pod: Object, old: Object | None) -> None:
        if old is not None and old["spec"] == pod["spec"] and labels_of(old) == labels_of(pod):
            return  # only its status: our own words, most likely
        if key in self.queue.unschedulable:
            self.queue.release(key)
        else:
            self.queue.offer(key, pod["spec"].get("priority") or 0)

    def _reconsider(self, node: str) -> None:
        """This node has changed: would it take one of the pods that wait?"""
        info = self.snapshot.get(node)
        if info is None:
            return
        welcome: dict[str, bool] = {}  # alike pods are asked about once
        for key, parked in list(self.queue.unschedulable.items()):
            pod = self.cache.get("pods", key)
            if pod is not None and parked.like not in welcome:
                welcome[parked.like] = self.framework.refusal(PodInfo(pod), info) is None
            if welcome.get(parked.like):
                self.queue.release(key)

    def is_mine(self, pod: Object) -> bool:
        """Ours to place, and ready to be: gates keep a pod out until somebody has taken them all away."""
        spec = pod["spec"]
        return spec.get("schedulerName", "default-scheduler") == self.name and not spec.get("schedulingGates")

    @property
    def minds_volumes(self) -> bool:
        return "persistentvolumeclaims" in self.watches

    # --- what follows from the cache ---

    @property
    def snapshot(self) -> Snapshot:
        """The nodes, and what is requested on them."""
        if self._snapshot is None:
            self._snapshot = self._build_snapshot()
        return self._snapshot

    def _build_snapshot(self) -> Snapshot:
        snapshot = Snapshot()
        for node in self.cache.list("nodes"):
            snapshot.set_node(node)
        for pod in self.cache.list("pods"):
            place = dig(pod, "spec", "nodeName") if _takes_room(pod) else self.assumed.get(key_of(pod))
            if place:
                snapshot.add_pod(PodInfo(pod), place)
        return snapshot


def _takes_room(pod: Object) -> bool:
    """It is on a node and not finished."""
    return bool(pod["spec"].get("nodeName")) and dig(pod, "status", "phase") not in ("Succeeded", "Failed")


def _offer(node: Object) -> tuple[Any, ...]:
    """What of a node matters to scheduling. Heartbeats do not."""
    spec = node.get("spec") or {}
    return spec.get("unschedulable"), spec.get("taints"), labels_of(node), dig(node, "status", "allocatable")
