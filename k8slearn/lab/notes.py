"""The one word people want to read about an object, and the few that the picture of a pod needs."""

from __future__ import annotations

from typing import Any

from k8slearn.api.objects import Object, dig, is_deleting, key_of


def note(obj: Object) -> str:
    """``Ready``, ``Pending``, ``Terminating``, ``2/3 ready``; "" for objects that have no such word."""
    if is_deleting(obj):
        return "Terminating"
    conditions = {c["type"]: c["status"] for c in dig(obj, "status", "conditions", default=[])}
    if conditions.get("Ready") == "True":
        return "Ready"
    phase, replicas = dig(obj, "status", "phase"), dig(obj, "spec", "replicas")
    if phase or replicas is None:
        return phase or ""
    reported = obj.get("status") or {}
    return f"{reported.get('readyReplicas', 0)}/{replicas} ready" if reported else f"{replicas} wanted"


def pod_note(pod: Object) -> dict[str, Any]:
    """A pod as a small square: its phase, whether it is ready, what it waits for."""
    conditions = {c["type"]: c for c in dig(pod, "status", "conditions", default=[])}
    waiting = [
        dig(c, "state", "waiting", "reason") for c in dig(pod, "status", "containerStatuses", default=[])
    ]
    unscheduled = dig(conditions, "PodScheduled", "reason", default="")
    return {
        "key": key_of(pod),
        "phase": dig(pod, "status", "phase", default="Unknown"),
        "ready": dig(conditions, "Ready", "status") == "True",
        "deleting": is_deleting(pod),
        "reason": next(filter(None, waiting), "") or unscheduled,
    }
