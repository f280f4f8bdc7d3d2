"""One pod, one decision: which nodes will do, which of them is best, bind.

The scheduler is a controller like the others, with the pod without a node as what is and the pod with a
node as what is wanted. Between writing the binding and hearing of it, it *assumes* the pod where it put it,
or the next pod would be promised the same room.

Kubernetes: pkg/scheduler/schedule_one.go, eventhandlers.go
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import (
    Key,
    Object,
    dig,
    is_deleting,
    key_of,
    labels_of,
    name_of,
    namespace_of,
)
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change
from k8slearn.scheduler import messages
from k8slearn.scheduler.decision import Decision, record
from k8slearn.scheduler.framework import Framework
from k8slearn.scheduler.nodeinfo import PodInfo
from k8slearn.scheduler.plugins import DEFAULT_PLUGINS
from k8slearn.scheduler.queue import SchedulingQueue
from k8slearn.scheduler.ranking import Ranking, choose
from k8slearn.scheduler.snapshot import Snapshot

RANKINGS = 32  # kinds of pods whose rankings are kept
DECISIONS = 500  # that are remembered


class Scheduler(Controller):
    name = "default-scheduler"
    room = "scheduler"
    primary = "pods"
    watches = ("nodes",)
    WIRING = Controller.WIRING | {"framework"}

    queue: SchedulingQueue

    def __init__(self, name: str = "default-scheduler", plugins: Sequence[Any] = DEFAULT_PLUGINS) -> None:
        self.name = name
        self.framework = Framework(plugins)

    def setup(self) -> None:
        self.queue = SchedulingQueue(self.clock)
        self.assumed: dict[Key, str] = {}  # pod -> node: bound by us, not yet heard of
        self.decisions: dict[Key, Decision] = {}
        self._forget_what_follows()

    def _forget_what_follows(self) -> None:
        """Drop everything that follows from the cache, to be built again when it is needed."""
        self._snapshot: Snapshot | None = None
        self._rankings: dict[str, Ranking] = {}

    # --- what has changed ---

    def on_change(self, change: Change) -> None:
        if change.resource == "nodes":
            self._node_changed(change)
        else:
            self._pod_changed(key_of(change.object), change)

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
        elif key not in self.assumed and self._is_mine(pod):
            self._wants_a_node(key, pod, change.old)

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
        for key in list(self.queue.unschedulable):
            pod = self.cache.get("pods", key)
            if pod is not None and self.framework.refusal(PodInfo(pod), info) is None:
                self.queue.release(key)

    def _is_mine(self, pod: Object) -> bool:
        """Ours to place, and ready to be: gates keep a pod out until somebody has taken them all away."""
        spec = pod["spec"]
        return spec.get("schedulerName", "default-scheduler") == self.name and not spec.get("schedulingGates")

    # --- one decision ---

    def reconcile(self, key: Key) -> Done | None:
        pod = self.cache.get("pods", key)
        if pod is None or key in self.assumed or self.queue.waits(key):
            return None
        if dig(pod, "spec", "nodeName") or is_deleting(pod) or not self._is_mine(pod):
            return None
        self.queue.unschedulable.pop(key, None)
        info = PodInfo(pod)
        ranking = self._ranking(info)
        ranking.update(info, self.snapshot)
        winners = ranking.winners()
        if winners:
            self._bind(info, choose(winners, info, self.dice), ranking)
        else:
            self._give_up(info, ranking)
        return None

    def _ranking(self, pod: PodInfo) -> Ranking:
        """The ranking that pods like this one share; the one used last is kept longest."""
        signature = self.framework.signature(pod)
        if signature is None:
            return Ranking(self.framework)
        ranking = self._rankings.pop(signature, None) or Ranking(self.framework)
        self._rankings[signature] = ranking
        if len(self._rankings) > RANKINGS:
            del self._rankings[next(iter(self._rankings))]
        return ranking

    def _bind(self, pod: PodInfo, node: str, ranking: Ranking) -> None:
        try:
            self.client.bind(pod.object, node)
        except NotFound:
            return  # deleted meanwhile; a conflict, though, is worth another look
        self.assumed[pod.key] = node
        self.snapshot.add_pod(pod, node)
        message = f"Successfully assigned {namespace_of(pod.object)}/{name_of(pod.object)} to {node}"
        self._remember(pod, ranking, node, message)
        self.events.normal(pod.object, "Scheduled", message)

    def _give_up(self, pod: PodInfo, ranking: Ranking) -> None:
        message = messages.unschedulable(pod, ranking.refused)
        self._remember(pod, ranking, "", message)
        try:
            self._say_why(pod.object, message)
        except NotFound:
            return
        self.events.warning(pod.object, "FailedScheduling", message)
        self.queue.park(pod.key)

    def _say_why(self, pod: Object, message: str) -> None:
        conditions = dig(pod, "status", "conditions", default=[])
        old = next((c for c in conditions if c["type"] == "PodScheduled"), None)
        since = old["lastTransitionTime"] if old and old["status"] == "False" else timestamp(self.clock.now)
        why = {
            "type": "PodScheduled",
            "observedGeneration": pod["metadata"].get("generation", 1),
            "status": "False",
            "lastTransitionTime": since,
            "reason": "Unschedulable",
            "message": message,
        }
        if why != old:
            self.client.update_status(pod, conditions=[*(c for c in conditions if c is not old), why])

    # --- looking ---

    def explain(self, pod: Key) -> Decision | None:
        """The last decision about a pod: per node, per plugin, why not or how good."""
        return self.decisions.get(pod)

    def _remember(self, pod: PodInfo, ranking: Ranking, node: str, message: str) -> None:
        self.decisions.pop(pod.key, None)
        self.decisions[pod.key] = record(pod, ranking, node, message, self.clock.step, self.clock.now)
        if len(self.decisions) > DECISIONS:
            del self.decisions[next(iter(self.decisions))]

    # --- what is kept, and what follows from it ---

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

    def soft_state(self) -> dict[str, Any]:
        """Decisions are never edited, so they are shared; what follows from the cache is not saved."""
        return {"assumed": dict(self.assumed), "decisions": dict(self.decisions)}

    def load_soft_state(self, saved: dict[str, Any]) -> None:
        self.assumed, self.decisions = dict(saved["assumed"]), dict(saved["decisions"])
        self._forget_what_follows()


def _takes_room(pod: Object) -> bool:
    """It is on a node and not finished."""
    return bool(pod["spec"].get("nodeName")) and dig(pod, "status", "phase") not in ("Succeeded", "Failed")


def _offer(node: Object) -> tuple[Any, ...]:
    """What of a node matters to scheduling. Heartbeats do not."""
    spec = node.get("spec") or {}
    return spec.get("unschedulable"), spec.get("taints"), labels_of(node), dig(node, "status", "allocatable")
