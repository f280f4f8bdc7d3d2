"""How objects of a custom kind merge, when they are applied: what its schema says of lists and maps.

Kubernetes: apiextensions-apiserver/pkg/apiserver/schema (ToKubeOpenAPI), apimachinery/pkg/util/managedfields/internal
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.mergerules import GRANULAR, Rule
from k8slearn.api.shapes import UNKNOWN, Listing, Mapping, Scalar, Shape, shape_of_type
from k8slearn.api.structural.pruning import EMBEDDED, PRESERVE, Schema
from k8slearn.api.structural.values import INT_OR_STRING

_SCALARS = {"integer": "numeric", "number": "numeric", "string": "string", "boolean": "boolean"}


def shape_of_object(schema: Schema) -> Shape:
    """The shape of whole objects: their metadata is like everybody's."""
    return Mapping(_fields(schema, whole=True), other=UNKNOWN if schema.get(PRESERVE) else None)


def shape_of_schema(schema: Schema) -> Shape:
    if schema.get(INT_OR_STRING):
        return Scalar("untyped")
    kind = schema.get("type")
    if kind == "array":
        return _listing(schema)
    if kind == "object":
        return _mapping(schema)
    return Scalar(_SCALARS[kind]) if kind in _SCALARS else UNKNOWN


def _listing(schema: Schema) -> Shape:
    items = schema.get("items") or {}
    keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
    rule = Rule(schema.get("x-kubernetes-list-type") or "atomic", keys)
    properties = items.get("properties") or {}
    defaults = {k: properties[k]["default"] for k in keys if "default" in properties.get(k, {})}
    return Listing(shape_of_schema(items), rule, defaults)


def _mapping(schema: Schema) -> Shape:
    rule = Rule("atomic") if schema.get("x-kubernetes-map-type") == "atomic" else GRANULAR
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        return Mapping(other=shape_of_schema(others), rule=rule)
    loose = schema.get(PRESERVE) or others is True
    return Mapping(_fields(schema, whole=bool(schema.get(EMBEDDED))), UNKNOWN if loose else None, rule)


def _fields(schema: Schema, *, whole: bool) -> dict[str, Shape]:
    found: dict[str, Any] = {n: shape_of_schema(s) for n, s in (schema.get("properties") or {}).items()}
    if whole:
        text = Scalar("string")
        found |= {"apiVersion": text, "kind": text, "metadata": shape_of_type("v1.ObjectMeta", GRANULAR)}
    return found
