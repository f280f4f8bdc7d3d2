"""Says in each PodDisruptionBudget how many of its pods may be disturbed now. Evictions take from that.

How many pods there should be is asked of those who own them: half of a Deployment of ten are five, even
while it has only eight.

Kubernetes: pkg/controller/disruption/disruption.go
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api.clock import seconds_of, timestamp
from k8slearn.api.errors import ApiError, NotFound
from k8slearn.api.objects import (
    Key,
    Object,
    controller_of,
    dig,
    is_deleting,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)
from k8slearn.api.requests import Request
from k8slearn.api.selectors import LabelSelector
from k8slearn.controllers.pods import condition, is_ready
from k8slearn.controllers.rollout import resolve
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

PATIENCE = 120.0  # seconds in which a pod that may be evicted must begin to go
SCALABLE = ("replicasets", "deployments", "statefulsets", "replicationcontrollers")
UNMANAGED = (
    "Pods selected by this PodDisruptionBudget (selector: {selector}) were found to be unmanaged. As a result, "
    "the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account "
    'for these pods please set ".spec.minAvailable" field of the PDB to an integer value.'
)


class DisruptionController(Controller):
    name = "disruption-controller"
    room = "controllers"
    primary = "poddisruptionbudgets"
    watches = ("pods", *SCALABLE)

    def setup(self) -> None:
        self.events.component = "controllermanager"

    def keys_for(self, change: Change) -> Iterable[Key]:
        if change.resource == self.primary:
            return [key_of(change.object)]
        budgets = self.cache.list(self.primary, namespace_of(change.object))
        if change.resource == "pods":
            states = [labels_of(pod) for pod in (change.old, change.new) if pod is not None]
            return [key_of(b) for b in budgets if any(_selector(b).matches(labels) for labels in states)]
        return [key_of(b) for b in budgets] if _scale(change.old) != _scale(change.new) else []

    def reconcile(self, key: Key) -> Done | None:
        budget = self.cache.get(self.primary, key)
        if budget is None:
            return None
        pods = self.cache.list("pods", namespace_of(budget), _selector(budget))
        if not pods:
            self.events.normal(budget, "NoPods", "No matching pods found")
        try:
            expected, desired = self._expected(budget, pods)
        except LookupError as error:
            self._fail(budget, str(error.args[0]))
            return None
        disrupted, recheck = self._disrupted(budget, pods)
        healthy = [p for p in pods if not is_deleting(p) and name_of(p) not in disrupted and is_ready(p)]
        self._report(budget, len(healthy), desired, expected, disrupted)
        return Done(again_in=recheck) if recheck else None

    # --- how many there should be ---

    def _expected(self, budget: Object, pods: list[Object]) -> tuple[int, int]:
        """(pods that should be there, how many of them must be healthy). Raises LookupError."""
        least, most = budget["spec"].get("minAvailable"), budget["spec"].get("maxUnavailable")
        if isinstance(least, int):
            return len(pods), least
        expected = self._expected_scale(budget, pods)
        if most is not None:
            return expected, max(expected - resolve(most, expected, up=True), 0)
        return expected, resolve(least or 0, expected, up=True)

    def _expected_scale(self, budget: Object, pods: list[Object]) -> int:
        scales: dict[str, int] = {}
        unmanaged = False
        for pod in pods:
            reference = controller_of(pod)
            if reference is None:
                unmanaged = True
            elif reference["uid"] not in scales:
                scales |= self._scale_of(pod, reference)
        if unmanaged:
            selector = LabelSelector.of(budget["spec"].get("selector") or {})
            self.events.warning(budget, "UnmanagedPods", UNMANAGED.format(selector=selector))
        return sum(scales.values())

    def _scale_of(self, pod: Object, reference: Object) -> dict[str, int]:
        """uid -> replicas of whoever decides on the pod's number: the owner's owner, if it has a scale."""
        for resource in SCALABLE:
            owner = self.cache.owner_of(pod, resource)
            if owner is not None:
                deployment = self.cache.owner_of(owner, "deployments") if resource == "replicasets" else None
                decider = deployment or owner
                return {uid_of(decider): decider["spec"].get("replicas", 1)}
        return {reference["uid"]: self._asked_scale(pod, reference)}

    def _asked_scale(self, pod: Object, reference: Object) -> int:
        """For kinds of other people: what their scale subresource says."""
        try:
            resource = self.client.kinds.of(reference)
            if "scale" not in resource.subresources:
                raise LookupError(f"{resource.qualified} does not implement the scale subresource")
            where = (resource.name, namespace_of(pod), reference["name"], "scale")
            found = self.client.transport.handle(Request("get", *where, user=self.client.user))
        except NotFound:
            raise LookupError(f'found no controllers for pod "{name_of(pod)}"') from None
        except ApiError as error:
            raise LookupError(str(error)) from None
        return int(dig(found, "spec", "replicas", default=0))

    # --- pods that have been allowed to go ---

    def _disrupted(self, budget: Object, pods: list[Object]) -> tuple[dict[str, str], float]:
        """Those that have not begun to, and how long until the first of them is counted again."""
        waiting, recheck = {}, 0.0
        known = {name_of(p): p for p in pods}
        for name, since in dig(budget, "status", "disruptedPods", default={}).items():
            left = seconds_of(since) + PATIENCE - self.clock.now
            if name not in known or is_deleting(known[name]):
                continue
            if left <= 0:
                text = f"Pod was expected by PDB {key_of(budget)} to be deleted but it wasn't"
                self.events.warning(known[name], "NotDeleted", text)
                continue
            waiting[name] = since
            recheck = min(recheck or left, left)
        return waiting, recheck

    # --- status ---

    def _report(
        self, budget: Object, healthy: int, desired: int, expected: int, disrupted: dict[str, str]
    ) -> None:
        allowed = max(healthy - desired, 0) if expected > 0 else 0
        status: dict[str, Any] = {
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
            "disruptionsAllowed": allowed,
            "observedGeneration": budget["metadata"]["generation"],
        }
        if disrupted:
            status["disruptedPods"] = disrupted
        self._write(budget, status, "SufficientPods" if allowed else "InsufficientPods", "")

    def _fail(self, budget: Object, why: str) -> None:
        """Who does not know must not allow anything. We look again when something changes."""
        text = f"Failed to calculate the number of expected pods: {why}"
        self.events.warning(budget, "CalculateExpectedPodCountFailed", text)
        self._write(budget, {**dig(budget, "status", default={}), "disruptionsAllowed": 0}, "SyncFailed", why)

    def _write(self, budget: Object, status: dict[str, Any], reason: str, message: str) -> None:
        allowed = "True" if reason == "SufficientPods" else "False"
        known = condition(budget, "DisruptionAllowed")
        same = known is not None and known["status"] == allowed
        since = known["lastTransitionTime"] if known and same else timestamp(self.clock.now)
        fresh: dict[str, Any] = {
            "type": "DisruptionAllowed",
            "status": allowed,
            "reason": reason,
            "message": message,
        }
        fresh["lastTransitionTime"] = since
        if status.get("observedGeneration"):
            fresh["observedGeneration"] = status["observedGeneration"]
        others = [c for c in dig(budget, "status", "conditions", default=[]) if c is not known]
        status = {**status, "conditions": [*others, fresh]}
        if status != budget.get("status"):
            self.client.update_status({**budget, "status": status})


def _selector(budget: Object) -> LabelSelector:
    return LabelSelector.of(budget["spec"].get("selector"))


def _scale(obj: Object | None) -> int | None:
    return dig(obj, "spec", "replicas")
