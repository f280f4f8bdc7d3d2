"""What goes back: objects, lists, Tables and errors as bytes.

Kubernetes: apiserver/pkg/endpoints/handlers/response.go, responsewriters/writers.go
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import yaml

from k8slearn.api.clock import Clock
from k8slearn.api.errors import ApiError, NotAcceptable, Unauthorized
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import FrozenDict, Object
from k8slearn.api.requests import ObjectList
from k8slearn.apiserver import tables
from k8slearn.apiserver.http.messages import HttpResponse
from k8slearn.apiserver.http.negotiation import JSON, SPOKEN, YAML, Form

SCALE = Resource("autoscaling", "v1", "Scale", "scale")  # a kind without a place of its own


REMEMBERED = 256  # objects: those that were written last, since it is they whom watchers are told of
LARGEST_REMEMBERED = 1 << 14  # bytes

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_remembered: dict[int, tuple[Object, bytes]] = {}  # by identity, which is sure as long as the object is held


def to_json(value: Any) -> bytes:
    """What is stored never changes. So it is put into words once, however many watchers are told.

    Kubernetes: apiserver/pkg/endpoints/handlers/response.go (CacheableObject)
    """
    if type(value) is not FrozenDict:
        return _to_json(value)
    if (known := _remembered.get(id(value))) is not None:
        return known[1]
    said = _to_json(value)
    if len(said) <= LARGEST_REMEMBERED:
        _remembered[id(value)] = value, said
        if len(_remembered) > REMEMBERED:
            del _remembered[next(iter(_remembered))]
    return said


def _to_json(value: Any) -> bytes:
    return _ENCODER.encode(value).encode("utf-8", "surrogatepass")


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
        if any(unicodedata.category(c) == "Cc" for c in warning):
            continue  # no header can hold it, and Kubernetes says nothing then
        quoted = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.append(("Warning", f'299 - "{quoted}"'))
    return response


def check_form(form: Form, verb: str) -> None:
    """Metadata alone of one object, or of a list: one is not the other. To be asked before anything is written."""
    fitting = "PartialObjectMetadataList" if verb in ("list", "deletecollection") else "PartialObjectMetadata"
    if form.shape.startswith("Partial") and form.shape != fitting:
        raise NotAcceptable(f"only the following media types are accepted: {SPOKEN}")


class Shape:
    """Shows objects and lists as they were asked for. Of a stream's Tables, only the first names the columns."""

    def __init__(self, resource: Resource, form: Form, include: str, clock: Clock) -> None:
        self.resource = resource
        self.form = form
        self.include = include
        self.clock = clock
        self.headers = True

    def __call__(self, value: Any) -> Any:
        if isinstance(value, ObjectList):
            return self._list(value)
        if not self.form.shape or value.get("kind") == "Status":
            return value
        if self.form.shape == "Table":
            return self._table([value], {"resourceVersion": value["metadata"].get("resourceVersion", "")})
        return tables.partial(self.resource, value)

    def _list(self, found: ObjectList) -> Any:
        metadata = list_metadata(found)
        if self.form.shape == "Table":
            return self._table(found, metadata)
        if self.form.shape:
            return tables.partial_list(self.resource, found, metadata)
        items = [_item(o) for o in found] if self.resource.builtin else list(found)
        return {
            "kind": found.kind,
            "apiVersion": self.resource.api_version,
            "metadata": metadata,
            "items": items,
        }

    def _table(self, objects: list[Object], metadata: dict[str, Any]) -> Object:
        resource = SCALE if objects and objects[0].get("kind") == "Scale" else self.resource
        headers, self.headers = self.headers, False
        return tables.table(
            resource, objects, self.clock.now, include=self.include, list_metadata=metadata, headers=headers
        )


def list_metadata(found: ObjectList) -> dict[str, Any]:
    metadata: dict[str, Any] = {"resourceVersion": str(found.revision)}
    if found.continue_:
        metadata["continue"] = found.continue_
    if found.remaining:
        metadata["remainingItemCount"] = found.remaining
    return metadata


def _item(obj: Object) -> Object:
    """The items of a built-in list do not repeat what the list says already."""
    return {k: v for k, v in obj.items() if k not in ("kind", "apiVersion")}
