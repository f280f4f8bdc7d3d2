"""What an autoscaler says about itself after each look.

Kubernetes: pkg/controller/podautoscaler/horizontal.go (setCondition, setStatus)
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.clock import timestamp
from k8slearn.api.objects import Object


class Look:
    """One look at one autoscaler: the status it will have."""

    def __init__(self, hpa: Object, now: float) -> None:
        self.now = now
        self.status: dict[str, Any] = dict(hpa.get("status") or {})

    def say(self, kind: str, status: str, reason: str, message: str) -> None:
        """The condition; its time moves only with its status."""
        conditions = list(self.status.get("conditions") or ())
        place = next((i for i, c in enumerate(conditions) if c["type"] == kind), len(conditions))
        known = conditions[place] if place < len(conditions) else None
        same = known is not None and known["status"] == status
        since = known["lastTransitionTime"] if known is not None and same else timestamp(self.now)
        fresh = {"type": kind, "status": status, "lastTransitionTime": since}
        conditions[place : place + 1] = [{**fresh, "reason": reason, "message": message}]
        self.status["conditions"] = conditions

    def count(self, current: int, desired: int, metrics: list[Object] | None = None) -> None:
        self.status |= {"desiredReplicas": desired, "currentMetrics": metrics}
        self.status.pop("currentReplicas", None)
        if current:
            self.status["currentReplicas"] = current
