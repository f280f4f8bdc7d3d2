"""Deletion is a wish with witnesses: it happens when nobody holds the object any more.

DELETE removes an object at once only if it has no finalizers and needs no grace. Otherwise it sets
``metadata.deletionTimestamp`` and leaves; whoever put a finalizer there does its work, takes the
finalizer off, and with the last one the object goes. The API server deletes no dependents: it only
notes, as a finalizer, how the garbage collector should treat them.

Kubernetes: apiserver/pkg/registry/generic/registry/store.go (Delete), registry/rest/delete.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8slearn.api import errors
from k8slearn.api.clock import seconds_of, timestamp
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig, uid_of
from k8slearn.apiserver import strategy

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

#: propagationPolicy -> the finalizer by which the garbage collector learns of it.
POLICIES = {"Orphan": "orphan", "Foreground": "foregroundDeletion", "Background": None}


def check_options(options: dict[str, Any]) -> None:
    policy = options.get("propagationPolicy")
    if policy is not None and policy not in POLICIES:
        broken = errors.unsupported("propagationPolicy", policy, [])
        broken = errors.FieldError(
            broken.reason,
            broken.path,
            policy,
            'supported values: "Foreground", "Background", "Orphan", "nil"',
        )
        raise errors.invalid_object("DeleteOptions", "meta.k8s.io", "", [broken])


def check_preconditions(resource: Resource, obj: Object, wanted: dict[str, str]) -> None:
    """Refuse to delete another object than the one that was meant."""
    for field, (title, likely) in _PRECONDITIONS.items():
        have = obj["metadata"][field]
        if wanted.get(field) not in (None, have):
            why = (
                f"the {title} in the precondition ({wanted[field]}) does not match the {title} in record "
                f"({have}). The object might have been {likely}"
            )
            raise errors.conflict(resource.kind, resource.group, obj["metadata"]["name"], why)


_PRECONDITIONS = {
    "uid": ("UID", "deleted and then recreated"),
    "resourceVersion": ("ResourceVersion", "modified"),
}


def grace_period(resource: Resource, obj: Object, options: dict[str, Any]) -> int:
    """Seconds the object may live on. Only a pod that runs somewhere needs any."""
    if resource.kind != "Pod" or not dig(obj, "spec", "nodeName"):
        return 0
    if dig(obj, "status", "phase") in ("Succeeded", "Failed"):
        return 0
    wanted = options.get("gracePeriodSeconds")
    if wanted is None:
        wanted = dig(obj, "spec", "terminationGracePeriodSeconds", default=30)
    return int(wanted) if int(wanted) >= 0 else 1


def finalizers_after(obj: Object, policy: str | None) -> list[str]:
    """The finalizers once `policy` is noted among them; None keeps what is there."""
    present = list(obj["metadata"].get("finalizers") or [])
    if policy is None:
        return present
    kept = [f for f in present if f not in POLICIES.values()]
    noted = POLICIES[policy]
    return [*kept, noted] if noted else kept


def is_held(obj: Object, finalizers: list[str]) -> bool:
    """Is somebody not done with it yet? (A namespace holds itself until it has been emptied.)"""
    return bool(finalizers) or (obj["kind"] == "Namespace" and bool(dig(obj, "spec", "finalizers")))


def marked(server: ApiServer, resource: Resource, obj: Object, grace: int, finalizers: list[str]) -> Object:
    """`obj` with its deletion asked for. Asking again can shorten the grace, never lengthen it."""
    m = {**obj["metadata"]}
    m.pop("finalizers", None)
    if finalizers:
        m["finalizers"] = finalizers
    before = m.get("deletionGracePeriodSeconds")
    if before is None or grace < before:
        asked_at = seconds_of(m["deletionTimestamp"]) - before if before is not None else server.clock.now
        m["deletionTimestamp"] = timestamp(asked_at + grace)
        m["deletionGracePeriodSeconds"] = grace
        if before is None and strategy.has_generation(resource):
            m["generation"] = m.get("generation", 0) + 1
    result = {**obj, "metadata": m}
    if obj["kind"] == "Namespace":
        result["status"] = {**dig(obj, "status", default={}), "phase": "Terminating"}
    return result


def is_finished(obj: Object) -> bool:
    """Deletion was asked for, and nobody holds the object any more."""
    m = obj["metadata"]
    if "deletionTimestamp" not in m or m.get("deletionGracePeriodSeconds", 0) > 0:
        return False
    return not is_held(obj, m.get("finalizers") or [])


def answer(resource: Resource, gone: Object) -> Object:
    """What DELETE says of an object that is gone: the object, or a Status, as its kind does."""
    if resource.kind in strategy.RETURNS_DELETED:
        return gone
    details = {"name": gone["metadata"]["name"], "group": resource.group, "kind": resource.plural}
    details["uid"] = uid_of(gone)
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {k: v for k, v in details.items() if v},
    }
