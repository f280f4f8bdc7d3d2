"""OpenAPI v2 in protobuf, as kubectl asks for it when v3 does not answer its question (``kind: List``, for one).

It only wants to know which kinds can be patched with which query parameters, and that is all that is in here;
who wants more asks for JSON.

Kubernetes: k8s.io/kubectl/pkg/cmd/util (ParamVerifier). Source: google/gnostic-models, openapiv2/OpenAPIv2.proto
"""

from __future__ import annotations

import json
from typing import Any

ACCEPTED = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
GVK = "x-kubernetes-group-version-kind"

Value = bytes | str


def document(v2: dict[str, Any]) -> bytes:
    """Document{swagger, info, paths}"""
    info = message((1, v2["info"]["title"]), (2, v2["info"]["version"]))
    paths = [(2, _path(path, item["patch"])) for path, item in v2["paths"].items() if "patch" in item]
    return message((1, v2["swagger"]), (2, info), (8, message(*paths)))


def _path(path: str, patch: dict[str, Any]) -> bytes:
    """NamedPathItem{name, PathItem{patch: Operation{operation_id, parameters, vendor_extension}}}"""
    parameters = [(8, _parameter(p)) for p in patch["parameters"] if p.get("in") == "query"]
    kind = message((1, GVK), (2, message((2, json.dumps(patch[GVK])))))  # JSON is YAML, too
    operation = message((5, patch["operationId"]), *parameters, (13, kind))
    return message((1, path), (2, message((8, operation))))


def _parameter(parameter: dict[str, Any]) -> bytes:
    """ParametersItem{Parameter{NonBodyParameter{QueryParameterSubSchema{in, name, type}}}}"""
    query = message((2, "query"), (4, parameter["name"]), (6, parameter.get("type", "string")))
    return message((1, message((2, message((3, query))))))


def message(*fields: tuple[int, Value]) -> bytes:
    """A protobuf message of strings and of other messages."""
    parts = []
    for number, value in fields:
        data = value.encode() if isinstance(value, str) else value
        parts += [_varint(number << 3 | 2), _varint(len(data)), data]
    return b"".join(parts)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
