"""The one word people want to read about an object."""

from __future__ import annotations

from k8slearn.api.objects import Object, dig, is_deleting


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
