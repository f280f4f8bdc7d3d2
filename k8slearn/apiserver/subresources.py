"""Doors beside the main one: an object's subresources that are more than "the status part".

Kubernetes: pkg/registry/core/pod/storage/storage.go (BindingREST), core/namespace/storage (FinalizeREST).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from k8slearn.api import errors
from k8slearn.api.clock import timestamp
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig, is_deleting, revision_of
from k8slearn.api.requests import Request
from k8slearn.apiserver.pipeline import Write, compare_revision, decode, match_url, run

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer


def bind(server: ApiServer, resource: Resource, request: Request) -> Object:
    """Write a pod's spec.nodeName: once, and only here."""
    pod = server.get(resource, request)
    node = dig(request.body, "target", "name", default="")
    if not node:
        required = [errors.required("target.name")]
        raise errors.invalid_object("Binding", "", request.name, required)
    refusal = _why_not(pod, node)
    if refusal:
        raise errors.conflict("pods/binding", "", request.name, refusal)
    conditions = [c for c in dig(pod, "status", "conditions", default=[]) if c["type"] != "PodScheduled"]
    scheduled = {
        "type": "PodScheduled",
        "status": "True",
        "observedGeneration": pod["metadata"].get("generation", 1),
        "lastProbeTime": None,
        "lastTransitionTime": timestamp(server.clock.now),
    }
    status = {**pod["status"], "conditions": [*conditions, scheduled]}
    bound = {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status}
    server.put(Write(request, resource, bound, pod), revision_of(pod))
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _why_not(pod: Object, node: str) -> str:
    name, at = pod["metadata"]["name"], dig(pod, "spec", "nodeName")
    if is_deleting(pod):
        return f"pod {name} is being deleted, cannot be assigned to a host"
    if at:
        return f'pod {name} is already assigned to node "{at}"'
    if dig(pod, "spec", "schedulingGates"):
        return f"pod {name} has non-empty .spec.schedulingGates"
    return ""


def finalize(server: ApiServer, resource: Resource, request: Request) -> Object:
    """Write a namespace's spec.finalizers; without any, a deleted namespace goes."""
    old = server.get(resource, request)
    write = Write(request, resource, request.body, old)
    run(server, write, (decode, match_url, compare_revision))
    finalizers = dig(write.object, "spec", "finalizers", default=[])
    write.object = {**old, "spec": {"finalizers": finalizers} if finalizers else {}}
    return server.put(write, revision_of(old))


VERBS: dict[tuple[str, str], Callable[[ApiServer, Resource, Request], Any]] = {
    ("create", "binding"): bind,
    ("update", "finalize"): finalize,
}
