"""Deletion is a wish with witnesses: it happens when nobody holds the object any more.

DELETE removes an object at once only if it has no finalizers and needs no grace. Otherwise it sets
``metadata.deletionTimestamp`` and leaves; whoever put a finalizer there does its work, takes the
finalizer off, and with the last one the object goes. The API server deletes no dependents: it only
notes, as a finalizer, how the garbage collector should treat them.

Kubernetes: apiserver/pkg/registry/generic/registry/store.go (Delete), registry/rest/delete.go;
pkg/registry/core/{pod,namespace}, whose objects go in their own ways.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from k8slearn.api import errors
from k8slearn.api.clock import seconds_of, timestamp
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig, is_deleting, revision_of, uid_of
from k8slearn.api.requests import ObjectList, Request
from k8slearn.apiserver import admission, strategy
from k8slearn.apiserver.deleteoptions import check_options, check_preconditions, policy
from k8slearn.apiserver.pipeline import Write, unchanged

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

#: propagationPolicy -> the finalizer by which the garbage collector learns of it.
POLICIES = {"Orphan": "orphan", "Foreground": "foregroundDeletion", "Background": None}
FINISHED = ("Succeeded", "Failed")


def delete(server: ApiServer, resource: Resource, request: Request) -> Object:
    """Ask for an object's deletion. Answers with the object while somebody holds it."""
    check_options(resource, request)
    obj = server.get(resource, request)
    check_preconditions(resource, obj, request.options.get("preconditions") or {})
    admission.review(server, Write(request, resource, obj, obj))
    return carry_out(server, resource, request, obj)


def carry_out(server: ApiServer, resource: Resource, request: Request, obj: Object) -> Object:
    """A deletion that has been admitted."""
    if resource.name == "namespaces" and not (is_deleting(obj) and not dig(obj, "spec", "finalizers")):
        return obj if is_deleting(obj) else _put(server, resource, request, _closing(server, request, obj))
    if resource.kind == "Pod" and resource.builtin:
        return _delete_pod(server, resource, request, obj)
    if resource.kind == "CustomResourceDefinition":
        obj = _held(server, obj)
    finalizers = finalizers_after(resource, obj, request.options)
    if finalizers:
        return _put(server, resource, request, marked(server, obj, 0, finalizers))
    return answer(resource, _remove(server, resource, request, obj))


CLEANUP = "customresourcecleanup.apiextensions.k8s.io"


def _held(server: ApiServer, crd: Object) -> Object:
    """A definition waits for its objects. Kubernetes: apiextensions-apiserver/pkg/registry/.../etcd.go (Delete)"""
    finalizers = crd["metadata"].get("finalizers") or []
    if is_deleting(crd) or CLEANUP in finalizers:
        return crd
    status = crd.get("status") or {}
    going = {
        "type": "Terminating",
        "status": "True",
        "lastTransitionTime": timestamp(server.clock.now),
        "reason": "InstanceDeletionPending",
        "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
    }
    others = [c for c in status.get("conditions") or () if c["type"] != "Terminating"]
    metadata = {**crd["metadata"], "finalizers": [*finalizers, CLEANUP]}
    return {**crd, "metadata": metadata, "status": {**status, "conditions": [*others, going]}}


def _delete_pod(server: ApiServer, resource: Resource, request: Request, pod: Object) -> Object:
    """A pod that runs is given time to end; asking again can only shorten it."""
    grace = grace_period(pod, request.options)
    if is_deleting(pod) and grace >= pod["metadata"].get("deletionGracePeriodSeconds", 0):
        return pod
    finalizers = finalizers_after(resource, pod, request.options)
    doomed = marked(server, pod, grace, finalizers)
    if grace or finalizers:
        return _put(server, resource, request, doomed)
    if server.announces_deletion:
        return _remove(server, resource, request, _put(server, resource, request, doomed))
    gone = _remove(server, resource, request, pod)
    return {
        **doomed,
        "metadata": {**doomed["metadata"], "resourceVersion": gone["metadata"]["resourceVersion"]},
    }


def _closing(server: ApiServer, request: Request, namespace: Object) -> Object:
    """A namespace is never removed at once: first its controller empties it."""
    m = {**namespace["metadata"], "deletionTimestamp": timestamp(server.clock.now)}
    noted = POLICIES.get(policy(request.options) or "")
    m["finalizers"] = [*(f for f in m.get("finalizers") or () if f not in POLICIES.values() or f == noted)]
    if noted and noted not in m["finalizers"]:
        m["finalizers"].append(noted)
    if not m["finalizers"]:
        del m["finalizers"]
    status = {**dig(namespace, "status", default={}), "phase": "Terminating"}
    return {**namespace, "metadata": m, "status": status}


def _put(server: ApiServer, resource: Resource, request: Request, doomed: Object) -> Object:
    """Note the wish; a wish that was noted before is not written again."""
    if request.options.get("dryRun") or unchanged(server.get(resource, request), doomed):
        return doomed
    return server.store.put(resource.name, request.key, doomed, revision_of(doomed))


def _remove(server: ApiServer, resource: Resource, request: Request, obj: Object) -> Object:
    if request.options.get("dryRun"):
        return obj
    return server.store.delete(resource.name, request.key, revision_of(obj))


def delete_collection(server: ApiServer, resource: Resource, request: Request) -> ObjectList:
    """Delete, one by one, everything that a list with the same selectors would show; answers with that list."""
    check_options(resource, request)
    found = server.select(resource, request)
    options = {k: v for k, v in request.options.items() if k in OF_ONE}
    for obj in found:
        m = obj["metadata"]
        one = Request(
            "deletecollection", resource.name, m.get("namespace", ""), m["name"], options={**options}
        )
        one.user = request.user
        with suppress(errors.NotFound):  # an earlier one took it along
            delete(server, resource, one)
    return found


#: The options of a collection's deletion that go on to each of its objects; the rest choose them.
OF_ONE = frozenset(["dryRun", "gracePeriodSeconds", "orphanDependents", "preconditions", "propagationPolicy"])


def grace_period(pod: Object, options: dict[str, Any]) -> int:
    """Seconds a pod may live on. Only one that runs somewhere needs any."""
    before = pod["metadata"].get("deletionGracePeriodSeconds")
    wanted = options.get("gracePeriodSeconds")
    if before is not None and wanted is None:
        return int(before)
    if not dig(pod, "spec", "nodeName") or dig(pod, "status", "phase") in FINISHED:
        return 0
    if wanted is None:
        wanted = dig(pod, "spec", "terminationGracePeriodSeconds", default=0)
    return int(wanted) if wanted >= 0 else 1


#: What becomes of the dependents if nobody says: an old promise of two kinds.
DEFAULT_POLICY = {"Job": "Orphan", "ReplicationController": "Orphan"}


def finalizers_after(resource: Resource, obj: Object, options: dict[str, Any]) -> list[str]:
    """The finalizers once the propagation policy is noted among them."""
    present = list(obj["metadata"].get("finalizers") or ())
    wanted = policy(options)
    if wanted is None:
        noted_before = [f for f in present if f in POLICIES.values()]
        default = DEFAULT_POLICY.get(resource.kind) if resource.builtin else None
        noted = noted_before[0] if noted_before else POLICIES[default or "Background"]
    else:
        noted = POLICIES[wanted]
    after = [f for f in present if f not in POLICIES.values()] + ([noted] if noted else [])
    return present if set(after) == set(present) else after


def marked(server: ApiServer, obj: Object, grace: int, finalizers: list[str]) -> Object:
    """`obj` with its deletion asked for, counted from when it was first asked."""
    m = {**obj["metadata"]}
    m.pop("finalizers", None)
    if finalizers:
        m["finalizers"] = finalizers
    before = m.get("deletionGracePeriodSeconds")
    if "deletionTimestamp" not in m and m.get("generation"):
        m["generation"] += 1
    if before is None or grace < before:
        asked_at = seconds_of(m["deletionTimestamp"]) - before if before is not None else server.clock.now
        m["deletionTimestamp"] = timestamp(asked_at + grace)
        m["deletionGracePeriodSeconds"] = grace
    return {**obj, "metadata": m}


def is_finished(obj: Object) -> bool:
    """Deletion was asked for, and nobody holds the object any more.

    (A namespace holds itself until it has been emptied.)
    """
    m = obj["metadata"]
    if "deletionTimestamp" not in m or m.get("deletionGracePeriodSeconds", 0) > 0 or m.get("finalizers"):
        return False
    return not (obj["kind"] == "Namespace" and dig(obj, "spec", "finalizers"))


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
