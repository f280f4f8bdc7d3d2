"""What a write made of an object, in a few words: read off the store's log, before against after.

``update pods/status default/web-1`` is what was sent; ``web-1 is Running`` is what people want to know.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slearn.api.objects import Object, dig, is_deleting, name_of
from k8slearn.store import Entry

Words = Callable[[Object], str]


def effect(entry: Entry) -> str:
    """``web-1 is Running``, ``web: 2 of 3 ready``; "" when there is nothing more to say than the verb does."""
    name = name_of(entry.object)
    if entry.type == "DELETED":
        return f"{name} is gone"
    if entry.resource == "events":
        return f"{entry.object['reason']}: {entry.object['message']}"
    if is_deleting(entry.object) and not is_deleting(entry.previous or {}):
        return f"{name} is to go"
    words = WORDS.get(entry.resource, _replicas)
    now = words(entry.object)
    before = words(entry.previous) if entry.previous is not None else ""
    return f"{name} {now}" if now and now != before else ""


def _pod(pod: Object) -> str:
    conditions = {c["type"]: c["status"] for c in dig(pod, "status", "conditions", default=[])}
    if conditions.get("Ready") == "True":
        return "is ready"
    waiting = [
        dig(c, "state", "waiting", "reason") for c in dig(pod, "status", "containerStatuses", default=[])
    ]
    reasons = [w for w in waiting if w]
    if reasons:
        return f"waits: {reasons[0]}"
    if conditions.get("PodScheduled") == "False":
        return "fits nowhere"
    return f"is {dig(pod, 'status', 'phase', default='Pending')}"


def _replicas(obj: Object) -> str:
    wanted, status = dig(obj, "spec", "replicas"), obj.get("status") or {}
    if wanted is None:
        return ""
    return f"has {status.get('replicas', 0)} of {wanted}, {status.get('readyReplicas', 0)} ready"


def _slice(obj: Object) -> str:
    endpoints = obj.get("endpoints") or []
    ready = sum(bool(dig(e, "conditions", "ready")) for e in endpoints)
    return f"lists {len(endpoints)} addresses, {ready} ready"


def _node(node: Object) -> str:
    ready = next(
        (c["status"] for c in dig(node, "status", "conditions", default=[]) if c["type"] == "Ready"), ""
    )
    return {"True": "is Ready", "False": "is NotReady", "Unknown": "is not heard of"}.get(ready, "")


WORDS: dict[str, Words] = {"pods": _pod, "endpointslices": _slice, "nodes": _node}
