"""Eviction: a deletion that asks first whether the application can spare the pod.

The budget is spent here, in the move that lets the pod go: two who ask at the same time cannot both have the
last disruption that is allowed. The disruption controller only works out how many there are.

Kubernetes: pkg/registry/core/pod/storage/eviction.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8slearn.api import errors
from k8slearn.api.clock import timestamp
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import (
    Object,
    dig,
    is_deleting,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    revision_of,
)
from k8slearn.api.requests import Request
from k8slearn.api.selectors import LabelSelector
from k8slearn.apiserver import admission, deletion
from k8slearn.apiserver.deleteoptions import check_options, check_preconditions
from k8slearn.apiserver.pipeline import Write
from k8slearn.apiserver.subresources.bodies import EVICTION, done, read_named

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

WOULD_VIOLATE = "Cannot evict pod as it would violate the pod's disruption budget."
TOO_MANY_BUDGETS = (
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
)
MAX_DISRUPTED = 2000  # pods that may be on their way out before anybody has noticed
UNHURT = ("Succeeded", "Failed", "Pending")  # phases in which nobody misses a pod


def evict(server: ApiServer, resource: Resource, request: Request) -> Object:
    """Delete a pod unless a PodDisruptionBudget protects it. Raises TooManyRequests: ask again later."""
    eviction = read_named(EVICTION, request)
    one = _deletion(request, eviction.get("deleteOptions") or {})
    admission.review(server, Write(request, resource, eviction))
    pod = server.get(resource, request)
    if dig(pod, "status", "phase") not in UNHURT and not is_deleting(pod):
        _ask_budget(server, pod, rehearsal=bool(one.options.get("dryRun")))
    check_options(resource, one)
    check_preconditions(resource, pod, one.options.pop("preconditions", None) or {})
    if not one.options.get("dryRun"):
        _say_why(server, resource, pod)
    deletion.carry_out(server, resource, one, server.get(resource, one))
    return done()


def _deletion(request: Request, options: dict[str, Any]) -> Request:
    """The request that follows from this one."""
    said, meant = request.options.get("dryRun"), options.get("dryRun")
    if said and meant and [said] != meant != said:
        told = " and ".join(f"[{' '.join(v if isinstance(v, list) else [v])}]" for v in (said, meant))
        raise errors.BadRequest(f"Non-matching dry-run options in request and content: {told}")
    options = {k: v for k, v in options.items() if k not in ("kind", "apiVersion")} | {
        "dryRun": meant or said
    }
    return Request(
        "delete", request.resource, request.namespace, request.name, options=options, user=request.user
    )


# --- budgets ---------------------------------------------------------------------------------


def _ask_budget(server: ApiServer, pod: Object, rehearsal: bool) -> None:
    budgets = budgets_of(server, pod)
    if len(budgets) > 1:
        raise errors.ApiError(TOO_MANY_BUDGETS)
    for budget in budgets:
        if not _may_go_unready(pod, budget):
            _spend(server, budget, pod, rehearsal)


def budgets_of(server: ApiServer, pod: Object) -> list[Object]:
    """The PodDisruptionBudgets that select this pod."""
    if not labels_of(pod):
        return []
    return [
        budget
        for budget in server.store.list("poddisruptionbudgets", namespace_of(pod))
        if LabelSelector.of(dig(budget, "spec", "selector")).matches(labels_of(pod))
    ]


def _may_go_unready(pod: Object, budget: Object) -> bool:
    """A pod that is not ready counts for nothing, so it costs nothing: if the policy or the others allow it."""
    conditions = dig(pod, "status", "conditions", default=[])
    if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
        return False
    if dig(budget, "spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    return dig(budget, "status", "currentHealthy", default=0) >= _desired(budget) > 0


def _desired(budget: Object) -> int:
    return int(dig(budget, "status", "desiredHealthy", default=0))


def _spend(server: ApiServer, budget: Object, pod: Object, rehearsal: bool) -> None:
    """Take one of the allowed disruptions, and note for which pod. Kubernetes: checkAndDecrement"""
    status, name = budget.get("status") or {}, name_of(budget)
    allowed, disrupted = status.get("disruptionsAllowed", 0), status.get("disruptedPods") or {}
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        why = f"The disruption budget {name} is still being processed by the server."
        raise _too_many(why, retry_after=10)
    if allowed < 0:
        raise errors.refused("poddisruptionbudget", "policy", name, "pdb disruptions allowed is negative")
    if len(disrupted) > MAX_DISRUPTED:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise errors.refused("poddisruptionbudget", "policy", name, why)
    if allowed == 0:
        raise _too_many(_exhausted(budget))
    if rehearsal:
        return
    now = timestamp(server.clock.now)
    status = {**status, "disruptionsAllowed": allowed - 1, "disruptedPods": {**disrupted, name_of(pod): now}}
    if allowed == 1:
        status["conditions"] = [_none_left(c, status, now) for c in status.get("conditions") or ()]
    server.store.put(
        "poddisruptionbudgets", key_of(budget), {**budget, "status": status}, revision_of(budget)
    )


def _too_many(why: str, retry_after: int = 0) -> errors.TooManyRequests:
    details: dict[str, Any] = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    if retry_after:
        details["retryAfterSeconds"] = retry_after
    return errors.TooManyRequests(WOULD_VIOLATE, details=details)


def _exhausted(budget: Object) -> str:
    name = name_of(budget)
    for condition in dig(budget, "status", "conditions", default=[]):
        if condition.get("reason") == "SyncFailed" and condition.get("message"):
            return (
                f"The disruption budget {name} does not allow evicting pods currently because it failed sync: "
                f"{condition['message']}"
            )
    healthy = dig(budget, "status", "currentHealthy", default=0)
    return f"The disruption budget {name} needs {_desired(budget)} healthy pods and has {healthy} currently"


def _none_left(condition: Object, status: Object, now: str) -> Object:
    if condition["type"] != "DisruptionAllowed":
        return condition
    since = {"lastTransitionTime": now} if condition.get("status") != "False" else {}
    observed = {"observedGeneration": status.get("observedGeneration", 0)}
    return {**condition, "status": "False", "reason": "InsufficientPods", **observed, **since}


def _say_why(server: ApiServer, resource: Resource, pod: Object) -> None:
    """Write the reason into the pod's status, for whoever has to make another."""
    conditions = [c for c in dig(pod, "status", "conditions", default=[]) if c["type"] != "DisruptionTarget"]
    target = {
        "type": "DisruptionTarget",
        "observedGeneration": pod["metadata"].get("generation", 1),
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": timestamp(server.clock.now),
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    marked = {**pod, "status": {**(pod.get("status") or {}), "conditions": [*conditions, target]}}
    server.store.put(resource.name, key_of(pod), marked, revision_of(pod))
