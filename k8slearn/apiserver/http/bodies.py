"""What a client sends: bytes of a declared type become a value, or a Kubernetes error that says why not.

Kubernetes: apiserver/pkg/endpoints/handlers/rest.go (transformDecodeError), runtime/serializer
"""

from __future__ import annotations

from typing import Any, NamedTuple

from k8slearn.api.errors import BadRequest, UnsupportedMediaType
from k8slearn.api.jsonbody import decode_json, decode_yaml, interpret, merged
from k8slearn.api.kinds import Resource
from k8slearn.api.protobuf import decode_protobuf
from k8slearn.apiserver.http.messages import HttpRequest
from k8slearn.apiserver.http.negotiation import SPOKEN

DECODERS = {
    "": decode_json,
    "application/json": decode_json,
    "application/yaml": decode_yaml,
    "application/vnd.kubernetes.protobuf": decode_protobuf,
}
PATCHES = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
}
SHOWN = 30  # bytes of a body that an error message shows


class Body(NamedTuple):
    """A decoded body, and the paths of fields that it names twice."""

    value: Any
    duplicates: list[str]


def media_type_of(http: HttpRequest) -> str:
    return http.headers.get("content-type", "").split(";")[0].strip().lower()


def read_object(http: HttpRequest, kind: str) -> Body:
    """The body of a create or an update. No type at all is taken for JSON, as Kubernetes does."""
    media_type = media_type_of(http)
    decode = DECODERS.get(media_type)
    if decode is None:
        unknown = "the body of the request was in an unknown format - accepted media types include"
        raise UnsupportedMediaType(f"{unknown}: {SPOKEN}")
    prefix = "" if decode is decode_yaml else "couldn't get version/kind; json parse error: "
    try:
        body = Body(*decode(http.body))
        interpret(body.value)
        return body
    except ValueError as error:
        unrecognized = f"the object provided is unrecognized (must be of type {kind})"
        raise BadRequest(f"{unrecognized}: {prefix}{error} ({summary(http.body)})") from None


def summary(body: bytes) -> str:
    """The beginning of a body for an error message: as text if it may be JSON, else in hex."""
    if not body:
        return "<empty>"
    shown = body[:SHOWN].decode("utf-8", "replace") if body[:1] == b"{" else body[:SHOWN].hex()
    return shown + (" ..." if len(body) > SHOWN else "")


def read_patch(http: HttpRequest, resource: Resource) -> tuple[str, Body]:
    """(patch type, patch). Custom resources have no strategic merge: nobody knows their lists' keys."""
    media_type = media_type_of(http)
    kind = PATCHES.get(media_type)
    if kind is None:
        raise UnsupportedMediaType("415: Unsupported Media Type", details={})
    if kind == "strategic" and not resource.builtin:
        accepted = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
        unknown = "the body of the request was in an unknown format - accepted media types include"
        raise UnsupportedMediaType(f"{unknown}: {accepted}")
    try:
        patch, duplicates = (decode_yaml if kind == "apply" else decode_json)(http.body)
        return kind, Body(patch, _of_operations(patch, duplicates) if kind == "json" else list(duplicates))
    except ValueError as error:
        what = "YAML: error converting YAML to JSON" if kind == "apply" else "patch"
        raise BadRequest(f"error decoding {what}: {error}") from None


OPERATION = frozenset(["op", "path", "from", "value"])  # what may stand in an operation of a JSON patch


def _of_operations(patch: Any, duplicates: list[str]) -> list[str]:
    """What a strict reader says of a JSON patch itself."""
    steps = enumerate(patch if isinstance(patch, list) else [])
    unknown = [
        f"[{i}].{field}" for i, step in steps if isinstance(step, dict) for field in step.keys() - OPERATION
    ]
    complaints = merged(duplicates, [f'unknown field "{path}"' for path in sorted(unknown)])
    return [f"json patch {complaint}" for complaint in complaints]
