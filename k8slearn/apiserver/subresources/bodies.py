"""What several doors share: reading a body of a kind of its own, and the answer "done".

Kubernetes: apiserver/pkg/endpoints/handlers/create.go (createHandler)
"""

from __future__ import annotations

from typing import Any

from k8slearn.api import schema
from k8slearn.api.errors import BadRequest
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object
from k8slearn.api.requests import Request

BINDING = Resource("", "v1", "Binding", "bindings")
EVICTION = Resource("policy", "v1", "Eviction", "evictions")
SCALE = Resource("autoscaling", "v1", "Scale", "scales")


def read(kind: Resource, request: Request, body: Any) -> Object:
    """`body` as an object of this kind, with metadata. Raises BadRequest."""
    if not isinstance(body, dict):
        raise BadRequest(f"the object provided is unrecognized (must be of type {kind.kind})")
    sent = (body.get("apiVersion") or kind.api_version, body.get("kind") or kind.kind)
    if sent != (kind.api_version, kind.kind):
        raise BadRequest(f'{sent[1]} in version "{sent[0]}" cannot be handled as a {kind.kind}')
    strictness = request.options.get("fieldValidation", "Warn")
    obj, warnings = schema.decode(kind, body, field_validation=strictness)
    request.warnings.extend(warnings)
    metadata = dict(obj.get("metadata") or {})
    if metadata.setdefault("namespace", request.namespace) != request.namespace:
        raise BadRequest(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return {**obj, "metadata": metadata}


def read_named(kind: Resource, request: Request) -> Object:
    """The same for an order about one pod, which has to name that pod."""
    obj = read(kind, request, request.body)
    if obj["metadata"].get("name", "") != request.name:
        raise BadRequest(f"name in URL does not match name in {kind.kind} object")
    return obj


def done() -> Object:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
