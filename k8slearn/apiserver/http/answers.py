"""What goes back: objects, lists, Tables and errors as bytes.

Kubernetes: apiserver/pkg/endpoints/handlers/response.go, responsewriters/writers.go
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from k8slearn.api.errors import ApiError, Unauthorized
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object
from k8slearn.api.requests import ObjectList
from k8slearn.apiserver import tables
from k8slearn.apiserver.http.messages import HttpResponse
from k8slearn.apiserver.http.negotiation import JSON, YAML, Form


def to_json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def encode(value: Any, media_type: str = JSON) -> bytes:
    if media_type == YAML:
        return yaml.safe_dump(json.loads(json.dumps(value)), allow_unicode=True).encode()
    return to_json(value) + b"\n"


def answer(value: Any, code: int = 200, media_type: str = JSON) -> HttpResponse:
    return HttpResponse(code, encode(value, media_type), media_type)


def text(body: str, code: int = 200) -> HttpResponse:
    return HttpResponse(code, body.encode(), "text/plain; charset=utf-8")


def not_a_page() -> HttpResponse:
    """What the server says of paths that nobody has registered."""
    return text("404 page not found\n", 404)


def failure(error: ApiError, media_type: str = JSON) -> HttpResponse:
    """The Status of an error, and the headers that go with it."""
    response = answer(error.status(), error.code, media_type)
    if error.details.get("retryAfterSeconds"):
        response.headers.append(("Retry-After", str(error.details["retryAfterSeconds"])))
    if isinstance(error, Unauthorized):
        response.headers.append(("WWW-Authenticate", 'Bearer realm="k8slearn"'))
    return response


def warned(response: HttpResponse, warnings: list[str]) -> HttpResponse:
    for warning in dict.fromkeys(warnings):
        quoted = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.append(("Warning", f'299 - "{quoted}"'))
    return response


def shaped(resource: Resource, value: Any, form: Form, include: str, now: float) -> Any:
    """An object or a list in the shape that was asked for."""
    if not isinstance(value, ObjectList):
        if form.shape == "Table" and value.get("kind") != "Status":
            return tables.table(resource, [value], now, include=include, list_metadata=_revision(value))
        return tables.partial(resource, value) if form.shape.startswith("Partial") else value
    if form.shape == "Table":
        return tables.table(resource, value, now, include=include, list_metadata=list_metadata(value))
    if form.shape.startswith("Partial"):
        return tables.partial_list(resource, value, list_metadata(value))
    items = [_item(o) for o in value] if resource.builtin else list(value)
    named = {"kind": value.kind, "apiVersion": resource.api_version}
    return {**named, "metadata": list_metadata(value), "items": items}


def list_metadata(found: ObjectList) -> dict[str, Any]:
    metadata: dict[str, Any] = {"resourceVersion": str(found.revision)}
    if found.continue_:
        metadata["continue"] = found.continue_
    if found.remaining:
        metadata["remainingItemCount"] = found.remaining
    return metadata


def _revision(obj: Object) -> dict[str, Any]:
    return {"resourceVersion": obj["metadata"].get("resourceVersion", "")}


def _item(obj: Object) -> Object:
    """The items of a built-in list do not repeat what the list says already."""
    return {k: v for k, v in obj.items() if k not in ("kind", "apiVersion")}
