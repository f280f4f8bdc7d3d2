"""What a Deployment says about itself: counts, and the conditions Available and Progressing.

Kubernetes: pkg/controller/deployment/progress.go and sync.go (calculateStatus)
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.clock import seconds_of, timestamp
from k8slearn.api.objects import Object, dig, name_of
from k8slearn.controllers import rollout
from k8slearn.controllers.pods import condition


def counts(deployment: Object, new: Object | None, old: list[Object]) -> dict[str, int]:
    """The numbers, added up from what the ReplicaSets report. Most zeros are left out, as in the API."""
    every = [rs for rs in [new, *old] if rs is not None]
    total, available = rollout.reported(every, "replicas"), rollout.reported(every, "availableReplicas")
    numbers = {
        "replicas": total,
        "updatedReplicas": rollout.reported([new] if new else [], "replicas"),
        "readyReplicas": rollout.reported(every, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(rollout.wanted(every) - available, 0),
    }
    found = {name: n for name, n in numbers.items() if n}
    if all("terminatingReplicas" in (rs.get("status") or {}) for rs in every):
        found["terminatingReplicas"] = rollout.reported(every, "terminatingReplicas")
    return found


def is_complete(deployment: Object, status: Object) -> bool:
    """Every pod is of the new template and available, and no old one is left."""
    replicas = deployment["spec"]["replicas"]
    return all(status.get(f, 0) == replicas for f in ("updatedReplicas", "replicas", "availableReplicas"))


def has_progressed(before: Object, now: Object) -> bool:
    """More of the new, fewer of the old, more ready or more available than before."""

    def old_pods(status: Object) -> int:
        return status.get("replicas", 0) - status.get("updatedReplicas", 0)

    more = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return old_pods(now) < old_pods(before) or any(now.get(f, 0) > before.get(f, 0) for f in more)


def set_condition(
    conditions: list[Object], kind: str, status: str, reason: str, message: str, now: float
) -> list[Object]:
    """The conditions with this one replaced; its transition time moves only with its status.

    Where nothing but the message would be new, it stays as it is. News of progress are always news.
    """
    old = next((c for c in conditions if c["type"] == kind), None)
    if old and (old["status"], old["reason"]) == (status, reason) and reason != "ReplicaSetUpdated":
        return conditions
    moment = timestamp(now)
    since = old["lastTransitionTime"] if old and old["status"] == status else moment
    fresh = {"type": kind, "status": status, "lastUpdateTime": moment, "lastTransitionTime": since}
    return [*(c for c in conditions if c["type"] != kind), {**fresh, "reason": reason, "message": message}]


def available(deployment: Object, status: Object) -> tuple[str, str, str]:
    """(status, reason, message) of the condition Available."""
    least = deployment["spec"]["replicas"] - rollout.unavailable(deployment)
    if status.get("availableReplicas", 0) >= least:
        return "True", "MinimumReplicasAvailable", "Deployment has minimum availability."
    return "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."


def progressing(
    deployment: Object, status: Object, new: Object | None, created: bool, now: float
) -> tuple[str, str, str] | None:
    """(status, reason, message) of the condition Progressing; None: leave it as it is."""
    known = condition(deployment, "Progressing")
    title = f'ReplicaSet "{name_of(new)}"' if new else f'Deployment "{name_of(deployment)}"'
    if is_complete(deployment, status):
        return "True", "NewReplicaSetAvailable", f"{title} has successfully progressed."
    if created:
        return "True", "NewReplicaSetCreated", f'Created new replica set "{name_of(new or {})}"'
    if known is not None and known["reason"] == "NewReplicaSetAvailable" and not _rolls(status):
        return None  # an old rollout that has ended; what is missing now is not a matter of progress
    if has_progressed(deployment.get("status") or {}, status):
        return "True", "ReplicaSetUpdated", f"{title} is progressing."
    if known is None:
        return ("True", "FoundNewReplicaSet", f'Found new replica set "{name_of(new)}"') if new else None
    if deadline_left(deployment, now) <= 0 and known["reason"] != "NewReplicaSetAvailable":
        return "False", "ProgressDeadlineExceeded", f"{title} has timed out progressing."
    return None


def _rolls(status: Object) -> bool:
    """Are there pods of an old template?"""
    return status.get("replicas", 0) != status.get("updatedReplicas", 0)


def pausing(deployment: Object) -> tuple[str, str, str] | None:
    """(status, reason, message) of Progressing when a Deployment has just been paused or resumed."""
    known = condition(deployment, "Progressing")
    reason = known["reason"] if known is not None else ""
    if deployment["spec"].get("paused"):
        told = ("Unknown", "DeploymentPaused", "Deployment is paused")
        return None if reason in ("DeploymentPaused", "ProgressDeadlineExceeded") else told
    resumed = ("Unknown", "DeploymentResumed", "Deployment is resumed")
    return resumed if reason == "DeploymentPaused" else None


def failure(new: Object | None, old: list[Object]) -> Object | None:
    """The condition ReplicaFailure, as a ReplicaSet has it."""
    sets = [*([new] if new else []), *old]
    found = next((c for rs in sets if (c := condition(rs, "ReplicaFailure")) is not None), None)
    return {**found, "lastUpdateTime": found["lastTransitionTime"]} if found else None


def deadline_left(deployment: Object, now: float) -> float:
    """Seconds until the rollout counts as stuck."""
    known = condition(deployment, "Progressing")
    if known is None or known["status"] == "False":
        return 0.0
    limit = dig(deployment, "spec", "progressDeadlineSeconds", default=600)
    return seconds_of(known["lastUpdateTime"]) + limit - now


def status_of(
    deployment: Object, new: Object | None, old: list[Object], created: bool, resting: bool, now: float
) -> dict[str, Any]:
    """The whole status, ready to be written."""
    status: dict[str, Any] = counts(deployment, new, old)
    conditions = list(dig(deployment, "status", "conditions", default=[]))
    progress = pausing(deployment)
    if progress is not None:
        conditions = set_condition(conditions, "Progressing", *progress, now)
    conditions = set_condition(conditions, "Available", *available(deployment, status), now)
    if not resting:
        progress = progressing(deployment, status, new, created, now)
        if progress is not None:
            conditions = set_condition(conditions, "Progressing", *progress, now)
        conditions = _with_failure(conditions, failure(new, old))
    collisions = dig(deployment, "status", "collisionCount")
    if collisions:
        status["collisionCount"] = collisions
    return {"observedGeneration": deployment["metadata"]["generation"], **status, "conditions": conditions}


def _with_failure(conditions: list[Object], found: Object | None) -> list[Object]:
    known = next((c for c in conditions if c["type"] == "ReplicaFailure"), None)
    if found and known and (known["status"], known["reason"]) == (found["status"], found["reason"]):
        return conditions
    others = [c for c in conditions if c is not known]
    return [*others, found] if found else others
