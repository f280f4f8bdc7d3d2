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
    """The numbers, added up from what the ReplicaSets report. Zeros are left out, as in the API."""
    every = [rs for rs in [new, *old] if rs is not None]
    total, available = rollout.reported(every, "replicas"), rollout.reported(every, "availableReplicas")
    numbers = {
        "replicas": total,
        "updatedReplicas": rollout.reported([new] if new else [], "replicas"),
        "readyReplicas": rollout.reported(every, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(rollout.wanted(every) - available, 0),
    }
    return {name: n for name, n in numbers.items() if n}


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
    """The conditions with this one replaced; its transition time moves only with its status."""
    old = next((c for c in conditions if c["type"] == kind), None)
    if old and (old["status"], old["reason"], old["message"]) == (status, reason, message):
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
    if known is None or created:
        return "True", "NewReplicaSetCreated", f'Created new replica set "{name_of(new or {})}"'
    if has_progressed(deployment.get("status") or {}, status):
        return "True", "ReplicaSetUpdated", f"{title} is progressing."
    if deadline_left(deployment, now) <= 0 and known["reason"] != "NewReplicaSetAvailable":
        return "False", "ProgressDeadlineExceeded", f"{title} has timed out progressing."
    return None


def deadline_left(deployment: Object, now: float) -> float:
    """Seconds until the rollout counts as stuck."""
    known = condition(deployment, "Progressing")
    if known is None or known["status"] == "False":
        return 0.0
    limit = dig(deployment, "spec", "progressDeadlineSeconds", default=600)
    return seconds_of(known["lastUpdateTime"]) + limit - now


def status_of(
    deployment: Object, new: Object | None, old: list[Object], created: bool, now: float
) -> dict[str, Any]:
    """The whole status, ready to be written."""
    status: dict[str, Any] = counts(deployment, new, old)
    conditions = list(dig(deployment, "status", "conditions", default=[]))
    conditions = set_condition(conditions, "Available", *available(deployment, status), now)
    progress = progressing(deployment, status, new, created, now)
    if progress is not None:
        conditions = set_condition(conditions, "Progressing", *progress, now)
    collisions = dig(deployment, "status", "collisionCount")
    if collisions:
        status["collisionCount"] = collisions
    return {"observedGeneration": deployment["metadata"]["generation"], **status, "conditions": conditions}
