"""Keeps spec.replicas pods alive. The pattern of every controller in this house.

Whose a pod is, and whether one that was asked for has come, it has in common with others: `podcontrol`.

Kubernetes: pkg/controller/replicaset/replica_set.go
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.clock import timestamp
from k8slearn.api.objects import Key, Object, dig, is_deleting, labels_of
from k8slearn.controllers.podcontrol import BURST, PodController
from k8slearn.controllers.pods import condition, deletion_rank, from_template, is_active, is_ready, ready_for
from k8slearn.machinery import Done


class ReplicaSetController(PodController):
    name = "replicaset-controller"
    primary = "replicasets"
    reports_terminating = True

    def reconcile(self, key: Key) -> Done | None:
        rs = self.cache.get(self.primary, key)
        if rs is None:
            self.expectations.forget(key)
            return None
        claimed = self.claim(rs)
        pods = [p for p in claimed if is_active(p)]
        problem = ""
        waiting = not self.expectations.satisfied(key, self.clock.now)
        if not waiting and not is_deleting(rs):
            problem = self._scale(rs, pods)
        self._report(rs, pods, sum(map(is_deleting, claimed)), problem)
        return self._until_available(rs, pods) or self.until_impatient(key, waiting)

    def _scale(self, rs: Object, pods: list[Object]) -> str:
        """Make what is missing, delete what is too much. Returns what went wrong, or ""."""
        difference = rs["spec"]["replicas"] - len(pods)
        if difference > 0:
            count = min(difference, BURST)
            return self.create_pods(
                rs, (from_template(rs["spec"]["template"], rs) for _ in range(count)), count
            )
        if difference < 0:
            return self.delete_pods(rs, sorted(pods, key=deletion_rank)[: min(-difference, BURST)])
        return ""

    # --- status ---

    def _report(self, rs: Object, pods: list[Object], terminating: int, problem: str) -> None:
        status = self._status(rs, pods, problem)
        if self.reports_terminating:
            status["terminatingReplicas"] = terminating
        if status != (rs.get("status") or {}):
            self.client.update_status({**rs, "status": status})
        if problem:
            raise RuntimeError(problem.partition(":")[2])

    def _status(self, rs: Object, pods: list[Object], problem: str) -> Object:
        labels = dig(rs, "spec", "template", "metadata", "labels", default={})
        wait, ready = rs["spec"].get("minReadySeconds", 0), [p for p in pods if is_ready(p)]
        available = [p for p in ready if ready_for(p, self.clock.now) >= wait] if wait else ready
        counts = {
            "replicas": len(pods),
            "fullyLabeledReplicas": sum(labels.items() <= labels_of(p).items() for p in pods),
            "readyReplicas": len(ready),
            "availableReplicas": len(available),
        }
        status: dict[str, Any] = {k: v for k, v in counts.items() if v or k == "replicas"}
        status["observedGeneration"] = rs["metadata"]["generation"]
        conditions = self._conditions(rs, problem)
        if conditions:
            status["conditions"] = conditions
        return status

    def _conditions(self, rs: Object, problem: str) -> list[Object]:
        """The first failure stands there until all is well: a text that names another pod each time would be
        news each time, to be answered with another try. Kubernetes: calculateStatus
        """
        known = condition(rs, "ReplicaFailure")
        others = [c for c in dig(rs, "status", "conditions", default=[]) if c != known]
        if not problem:
            return others
        reason, _, message = problem.partition(":")
        failure = {"type": "ReplicaFailure", "status": "True", "reason": reason, "message": message}
        return [*others, known or {**failure, "lastTransitionTime": timestamp(self.clock.now)}]

    def _until_available(self, rs: Object, pods: list[Object]) -> Done | None:
        """With minReadySeconds, a ready pod becomes available by the mere passing of time."""
        wait = rs["spec"].get("minReadySeconds", 0)
        if not wait:
            return None
        left = [wait - age for p in pods if 0 <= (age := ready_for(p, self.clock.now)) < wait]
        return Done(again_in=min(left)) if left else None
