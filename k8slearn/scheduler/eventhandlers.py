"""The half of the scheduler that listens: every change either makes room, takes room, or is a pod to place.

Kubernetes: pkg/scheduler/eventhandlers.go
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from k8slearn.api.objects import Key, Object, dig, is_deleting, key_of, labels_of, name_of
from k8slearn.machinery.informer import Change
from k8slearn.scheduler.events import ASSIGNED, LOOKED_AT, NODE, VOLUMES, ClusterEvent, event
from k8slearn.scheduler.handle import Handle
from k8slearn.scheduler.nodeinfo import PodInfo
from k8slearn.scheduler.profiles import Profiled
from k8slearn.scheduler.queue import SchedulingQueue
from k8slearn.scheduler.snapshot import Snapshot


class Waiting(NamedTuple):
    """A pod that has been given a node, and is not bound to it yet."""

    node: str
    since: float
    stage: str  # permit or pre_bind


class Listener(Profiled):
    """Keeps the snapshot and the queue up to date."""

    primary = "pods"
    watches: Iterable[str] = ("nodes",)  # type: ignore[misc] # and what else is minded
    WIRING = Profiled.WIRING | {"watches", "backoffs"}

    backoffs: tuple[float, float]
    queue: SchedulingQueue

    def setup(self) -> None:
        self.queue = SchedulingQueue(self.clock, *self.backoffs)
        self.assumed: dict[Key, str] = {}  # pod -> node: given by us, not yet heard of
        self.waiting: dict[Key, Waiting] = {}  # those of them that are not bound yet
        self.nominated: dict[Key, str] = {}  # pod -> node: nominated by us, not yet heard of
        self.memory: dict[str, dict[Any, Any]] = {}  # of the plugins
        self._snapshot: Snapshot | None = None

    @property
    def handle(self) -> Handle:
        return Handle(self)

    def on_change(self, change: Change) -> None:
        if change.resource == "nodes":
            self._node_changed(change)
        elif change.resource == "pods":
            self._pod_changed(key_of(change.object), change)
        else:
            self._other_changed(change)

    def _node_changed(self, change: Change) -> None:
        if change.new is None:
            self.snapshot.remove_node(name_of(change.object))
            self._wake(name_of(change.object))
        elif change.old is None or _offer(change.old) != _offer(change.new):
            self.snapshot.set_node(change.new)
            self._tell(event(NODE, change.old, change.new))

    def _pod_changed(self, key: Key, change: Change) -> None:
        pod = change.new
        if pod is not None and _takes_room(pod):
            self._placed(key, pod, change.old)
        elif pod is None or dig(pod, "spec", "nodeName"):
            self._left(key, change.old)
        elif self.framework_of(pod) is not None:
            self._wants_a_node(key, pod, change.old)

    def _other_changed(self, change: Change) -> None:
        """A claim, a volume: pods that wait for such are looked at again. A service: all is worked out anew."""
        if change.resource not in VOLUMES:
            self.look_elsewhere(change)
        if change.resource not in LOOKED_AT:
            self._wake()
            self._tell(event(VOLUMES.get(change.resource, change.resource), change.old, change.new))

    def _wake(self, node: str = "") -> None:
        """Those who wait to be bound (to this node) are to see whether things have changed."""
        for key, waiting in self.waiting.items():
            if waiting.stage == "pre_bind" and node in ("", waiting.node):
                self.queue.add(key)

    def look_elsewhere(self, change: Change) -> None:
        """What plugins look at besides nodes and pods is not what it was."""

    def _placed(self, key: Key, pod: Object, old: Object | None) -> None:
        """It has a node: by us, by another scheduler, or by hand."""
        self.assumed.pop(key, None)
        self._forget(key)
        node, snapshot = pod["spec"]["nodeName"], self.snapshot
        same = old is not None and _footprint(old) == _footprint(pod)
        known = old if old is not None and _takes_room(old) else None
        if not same or snapshot.where.get(key) != node:
            snapshot.add_pod(PodInfo(pod), node)
        if known is None or not same:
            self._tell(event(ASSIGNED, known, pod))

    def _left(self, key: Key, old: Object | None) -> None:
        """It is gone, or finished: its room is free."""
        if key in self.waiting and old is not None:
            self.undo(key, old)
        self._forget(key)
        self.snapshot.remove_pod(key)
        node = self.assumed.pop(key, None)
        if old is not None and (node or _takes_room(old)):
            spec = old["spec"] if _takes_room(old) else {**old["spec"], "nodeName": node}
            self._tell(event(ASSIGNED, {**old, "spec": spec}, None))

    def undo(self, key: Key, pod: Object) -> None:
        """It was on the way to a node, and will not get there."""

    def _forget(self, key: Key) -> None:
        """The pod is bound, or gone: it wants nothing any more."""
        self.queue.drop(key)
        self.waiting.pop(key, None)
        self.nominated.pop(key, None)
        self.snapshot.withdraw(key)

    def _wants_a_node(self, key: Key, pod: Object, old: Object | None) -> None:
        told, info = dig(pod, "status", "nominatedNodeName", default=""), PodInfo(pod)
        overtaken = not told and dig(old, "status", "nominatedNodeName") and key not in self.nominated
        if key in self.assumed:
            return
        if self.nominated.get(key, told) == told:
            self.nominated.pop(key, None)
            self.snapshot.nominate(info, told)
        if overtaken and key in self.queue.unschedulable:
            self.queue.release(key)
        if old is not None and old["spec"] == pod["spec"] and labels_of(old) == labels_of(pod):
            return  # only its status: our own words, most likely
        if not self.is_ready(info):
            return
        if key in self.queue.unschedulable:
            self.queue.release(key)
        else:
            self.queue.offer(key, self.sort_key(info))

    def _tell(self, event: ClusterEvent) -> None:
        """This has happened: whom of those who wait may it help?"""
        welcome: dict[tuple[str, frozenset[str]], bool] = {}  # alike pods are asked about once
        for key, parked in list(self.queue.unschedulable.items()):
            kind = (parked.like, parked.plugins)
            if kind not in welcome:
                pod = self.cache.get("pods", key)
                welcome[kind] = pod is not None and self.helped(PodInfo(pod), parked.plugins, event)
            if welcome[kind]:
                self.queue.release(key)

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
            told = dig(pod, "status", "nominatedNodeName", default="")
            nominated = self.nominated.get(key_of(pod), told)
            if place:
                snapshot.add_pod(PodInfo(pod), place)
            elif nominated and not dig(pod, "spec", "nodeName"):
                snapshot.nominate(PodInfo(pod), nominated)
        return snapshot


def _takes_room(pod: Object) -> bool:
    """It is on a node and not finished."""
    return bool(pod["spec"].get("nodeName")) and dig(pod, "status", "phase") not in ("Succeeded", "Failed")


def _footprint(pod: Object) -> tuple[Any, ...]:
    """What of a pod that has a node matters to others."""
    return pod["spec"]["containers"], labels_of(pod), is_deleting(pod)


def _offer(node: Object) -> tuple[Any, ...]:
    """What of a node matters to scheduling. Heartbeats do not."""
    spec, status = node.get("spec") or {}, node.get("status") or {}
    return (
        spec.get("unschedulable"),
        spec.get("taints"),
        labels_of(node),
        status.get("allocatable"),
        status.get("images"),
    )
