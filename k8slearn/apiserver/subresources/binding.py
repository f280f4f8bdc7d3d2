"""Binding: the one write that places a pod, once and for all.

Kubernetes: pkg/registry/core/pod/storage/storage.go (BindingREST, LegacyBindingREST)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slearn.api import errors
from k8slearn.api.clock import timestamp
from k8slearn.api.errors import FieldError, required, unsupported
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig, is_deleting, name_of, revision_of
from k8slearn.api.requests import Request
from k8slearn.apiserver import admission
from k8slearn.apiserver.pipeline import Write
from k8slearn.apiserver.subresources.bodies import BINDING, done, read, read_named

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer


def bind(server: ApiServer, resource: Resource, request: Request) -> Object:
    """Write a pod's spec.nodeName: once, and only here."""
    binding = read_named(BINDING, request)
    broken = _broken(dig(binding, "target", default={}))
    if broken:
        raise errors.invalid_object("Binding", "", request.name, broken)
    order = Write(request, resource, binding)
    admission.review(server, order)
    pod = server.get(resource, request)
    _check(pod, order.object)
    bound = _bound(pod, order.object, timestamp(server.clock.now))
    server.put(Write(request, resource, bound, pod), revision_of(pod))
    return done()


def post_binding(server: ApiServer, resource: Resource, request: Request) -> Object:
    """The same order, sent to the collection: the old way."""
    pods = server.kinds.named("pods")
    name = name_of(read(BINDING, request, request.body))
    one = Request("create", pods.name, request.namespace, name, "binding", request.body, request.options)
    one.user, one.warnings = request.user, request.warnings
    return bind(server, pods, one)


def _broken(target: Object) -> list[FieldError]:
    broken = []
    if target.get("kind", "") not in ("", "Node"):
        broken.append(unsupported("target.kind", target["kind"], ["Node", "<empty>"]))
    if not target.get("name"):
        broken.append(required("target.name"))
    return broken


def _check(pod: Object, binding: Object) -> None:
    """Is it the pod that was meant, and is it free?"""
    name, meant = name_of(pod), binding["metadata"]
    for field, title in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        have = pod["metadata"][field]
        if meant.get(field, have) != have:
            why = f"Precondition failed: {title} in precondition: {meant[field]}, {title} in object meta: {have}"
            raise errors.conflict("pods", "", name, why)
    refusal = _why_not(pod)
    if refusal:
        raise errors.conflict("pods/binding", "", name, f"pod {name} {refusal}")


def _why_not(pod: Object) -> str:
    if is_deleting(pod):
        return "is being deleted, cannot be assigned to a host"
    if dig(pod, "spec", "nodeName"):
        return f'is already assigned to node "{pod["spec"]["nodeName"]}"'
    return "has non-empty .spec.schedulingGates" if dig(pod, "spec", "schedulingGates") else ""


def _bound(pod: Object, binding: Object, now: str) -> Object:
    """The pod on its node. Annotations of the order, and labels that admission has added to it, go with it.

    For which node it was nominated does not matter any more.
    """
    conditions = [c for c in dig(pod, "status", "conditions", default=[]) if c["type"] != "PodScheduled"]
    scheduled = {
        "type": "PodScheduled",
        "status": "True",
        "observedGeneration": pod["metadata"].get("generation", 1),
        "lastProbeTime": None,
        "lastTransitionTime": now,
    }
    m = pod["metadata"]
    for field in ("annotations", "labels"):
        if binding["metadata"].get(field):
            m = {**m, field: {**(m.get(field) or {}), **binding["metadata"][field]}}
    spec = {**pod["spec"], "nodeName": binding["target"]["name"]}
    status = {**pod["status"], "conditions": [*conditions, scheduled]}
    status.pop("nominatedNodeName", None)
    return {**pod, "metadata": m, "spec": spec, "status": status}
