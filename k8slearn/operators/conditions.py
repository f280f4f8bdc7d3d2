"""Conditions: what an object says of itself, so that people and programs can wait for it.

Kubernetes: apimachinery/pkg/api/meta/conditions.go
"""

from __future__ import annotations

from k8slearn.api.clock import Clock, timestamp
from k8slearn.api.objects import Object, dig


def condition(obj: Object, kind: str) -> Object | None:
    """The condition of this type, or None."""
    return next((c for c in dig(obj, "status", "conditions", default=[]) if c["type"] == kind), None)


def with_condition(
    obj: Object, clock: Clock, kind: str, status: bool, reason: str, message: str
) -> list[Object]:
    """The object's conditions with this one in them; its transition time moves only when its status does.

    `observedGeneration` says which spec the sentence is about: a reader who finds an older one has to wait.
    """
    fresh = {"type": kind, "status": str(status), "observedGeneration": obj["metadata"]["generation"]}
    known = condition(obj, kind)
    lasts = known is not None and known["status"] == fresh["status"]
    fresh["lastTransitionTime"] = known["lastTransitionTime"] if lasts else timestamp(clock.now)  # type: ignore[index]
    others = [c for c in dig(obj, "status", "conditions", default=[]) if c["type"] != kind]
    return [*others, {**fresh, "reason": reason, "message": message}]
