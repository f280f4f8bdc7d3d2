"""Keeps spec.replicas pods alive. The pattern of every controller in this house.

Which pods are its own? Not the ones it remembers making: those that *say* so in their owner reference.
It adopts pods that match its selector and belong to nobody, and lets go of pods that no longer match.

Kubernetes: pkg/controller/replicaset/replica_set.go, pkg/controller/controller_ref_manager.go
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import ApiError, Conflict, Invalid, NotFound
from k8slearn.api.objects import (
    Key,
    Object,
    controller_of,
    dig,
    edit,
    is_deleting,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
    owners_of,
    uid_of,
)
from k8slearn.api.selectors import LabelSelector
from k8slearn.controllers.pods import condition, deletion_rank, from_template, is_active, is_ready, ready_for
from k8slearn.machinery import Controller, Done, Expectations
from k8slearn.machinery.informer import Change

BURST = 500  # pods made or deleted in one reconcile, at most


class ReplicaSetController(Controller):
    name = "replicaset-controller"
    room = "controllers"
    primary = "replicasets"
    owns = ("pods",)

    def setup(self) -> None:
        self.expectations = Expectations()

    # --- which keys ---

    def on_change(self, change: Change) -> None:
        if change.resource == "pods":
            self._tick_off(change)
        super().on_change(change)

    def _tick_off(self, change: Change) -> None:
        """A pod that we were waiting to hear of: expected no longer."""
        for key in self.owners_of(change):
            if change.type == "ADDED":
                self.expectations.creation_seen(key)
            elif change.type == "DELETED" or is_deleting(change.object):
                self.expectations.deletion_seen(key, uid_of(change.object))

    def keys_for(self, change: Change) -> Iterable[Key]:
        """The owner of the pod; for an orphan, every ReplicaSet that might adopt it."""
        keys = list(super().keys_for(change))
        if change.resource == "pods" and controller_of(change.object) is None:
            sets = self.cache.list("replicasets", namespace_of(change.object))
            keys += [key_of(rs) for rs in sets if _selector(rs).matches(labels_of(change.object))]
        return keys

    # --- reconcile ---

    def reconcile(self, key: Key) -> Done | None:
        rs = self.cache.get("replicasets", key)
        if rs is None:
            self.expectations.forget(key)
            return None
        claimed = self._claim(rs)
        pods = [p for p in claimed if is_active(p)]
        problem = ""
        waiting = not self.expectations.satisfied(key, self.clock.now)
        if not waiting and not is_deleting(rs):
            problem = self._scale(rs, pods)
        self._report(rs, pods, sum(map(is_deleting, claimed)), problem)
        return self._until_available(rs, pods) or self._until_impatient(key, waiting)

    def _claim(self, rs: Object) -> list[Object]:
        """The pods that are this ReplicaSet's, after adopting and releasing."""
        selector, mine = _selector(rs), []
        for pod in self.cache.owned_by(rs, "pods"):
            if selector.matches(labels_of(pod)) or is_deleting(rs):
                mine.append(pod)
            elif not is_deleting(pod):
                self._release(rs, pod)
        if is_deleting(rs):
            return mine
        orphans = [p for p in self.cache.list("pods", namespace_of(rs), selector) if controller_of(p) is None]
        return mine + [p for p in orphans if not is_deleting(p) and self._adopt(rs, p)]

    def _adopt(self, rs: Object, pod: Object) -> bool:
        """Make an orphan ours, unless the ReplicaSet is really gone (the cache may not know)."""
        fresh = self.client.get("replicasets", key_of(rs))
        if uid_of(fresh) != uid_of(rs) or is_deleting(fresh):
            return False
        return self._set_owners(pod, [*owners_of(pod), owner_reference(rs)])

    def _release(self, rs: Object, pod: Object) -> None:
        self._set_owners(pod, [o for o in owners_of(pod) if o["uid"] != uid_of(rs)])

    def _set_owners(self, pod: Object, owners: list[Object]) -> bool:
        changed = edit(pod)
        changed["metadata"]["ownerReferences"] = owners
        try:
            self.client.update(changed)
        except (NotFound, Conflict, Invalid):
            return False  # it has changed meanwhile: we shall hear of it and look again
        return True

    def _scale(self, rs: Object, pods: list[Object]) -> str:
        """Make what is missing, delete what is too much. Returns what went wrong, or ""."""
        difference = rs["spec"]["replicas"] - len(pods)
        if difference > 0:
            return self._create(rs, min(difference, BURST))
        if difference < 0:
            return self._delete(rs, sorted(pods, key=deletion_rank)[: min(-difference, BURST)])
        return ""

    def _create(self, rs: Object, count: int) -> str:
        key = key_of(rs)
        self.expectations.expect(key, self.clock.now, creations=count)
        for made in range(count):
            try:
                pod = self.client.create(from_template(rs["spec"]["template"], rs))
            except ApiError as error:
                self.expectations.forget(key)
                if made:
                    self.expectations.expect(key, self.clock.now, creations=made)
                self.events.warning(rs, "FailedCreate", f"Error creating: {error}")
                return f"FailedCreate:{error}"
            self.events.normal(rs, "SuccessfulCreate", f"Created pod: {name_of(pod)}")
        return ""

    def _delete(self, rs: Object, doomed: list[Object]) -> str:
        gone = frozenset(uid_of(p) for p in doomed)
        self.expectations.expect(key_of(rs), self.clock.now, deletions=gone)
        for pod in doomed:
            try:
                self.client.delete(pod, preconditions={"uid": uid_of(pod)})
            except NotFound:
                self.expectations.deletion_seen(key_of(rs), uid_of(pod))
            except ApiError as error:
                self.expectations.forget(key_of(rs))
                self.events.warning(rs, "FailedDelete", f"Error deleting: {error}")
                return f"FailedDelete:{error}"
            else:
                self.events.normal(rs, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")
        return ""

    # --- status ---

    def _report(self, rs: Object, pods: list[Object], terminating: int, problem: str) -> None:
        status = {**self._status(rs, pods, problem), "terminatingReplicas": terminating}
        if status != (rs.get("status") or {}):
            self.client.update_status({**rs, "status": status})
        if problem:
            raise RuntimeError(problem.partition(":")[2])

    def _status(self, rs: Object, pods: list[Object], problem: str) -> Object:
        labels = dig(rs, "spec", "template", "metadata", "labels", default={})
        wait = rs["spec"].get("minReadySeconds", 0)
        counts = {
            "replicas": len(pods),
            "fullyLabeledReplicas": sum(labels.items() <= labels_of(p).items() for p in pods),
            "readyReplicas": sum(map(is_ready, pods)),
            "availableReplicas": sum(ready_for(p, self.clock.now) >= wait for p in pods),
        }
        status: dict[str, Any] = {k: v for k, v in counts.items() if v or k == "replicas"}
        status["observedGeneration"] = rs["metadata"]["generation"]
        conditions = self._conditions(rs, problem)
        if conditions:
            status["conditions"] = conditions
        return status

    def _conditions(self, rs: Object, problem: str) -> list[Object]:
        others = [c for c in dig(rs, "status", "conditions", default=[]) if c["type"] != "ReplicaFailure"]
        if not problem:
            return others
        reason, _, message = problem.partition(":")
        known = condition(rs, "ReplicaFailure")
        since = known["lastTransitionTime"] if known else timestamp(self.clock.now)
        failure = {"type": "ReplicaFailure", "status": "True", "lastTransitionTime": since}
        return [*others, {**failure, "reason": reason, "message": message}]

    def _until_available(self, rs: Object, pods: list[Object]) -> Done | None:
        """With minReadySeconds, a ready pod becomes available by the mere passing of time."""
        wait = rs["spec"].get("minReadySeconds", 0)
        left = [wait - age for p in pods if 0 <= (age := ready_for(p, self.clock.now)) < wait]
        return Done(again_in=min(left)) if left else None

    def _until_impatient(self, key: Key, waiting: bool) -> Done | None:
        """What we wait to hear of may have come and gone while we were deaf."""
        left = self.expectations.left(key, self.clock.now)
        return Done(again_in=left, background=True) if waiting else None


def _selector(rs: Object) -> LabelSelector:
    return LabelSelector.of(rs["spec"]["selector"])
