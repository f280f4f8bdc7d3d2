"""Drops what the schema does not know. A field that is not in the schema never reaches the store.

Kubernetes: apiextensions-apiserver/pkg/apiserver/schema/pruning/algorithm.go
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
OBJECT = ("apiVersion", "kind", "metadata")  # what every object has, whether its schema says so or not


def prune(schema: Schema, obj: Any) -> tuple[Any, list[str]]:
    """(a copy of an object of a custom kind without what its schema does not know, the paths that are gone)"""
    dropped: list[str] = []
    return _prune(schema, obj, "", dropped, is_object=True), dropped


def _prune(schema: Schema, value: Any, path: str, dropped: list[str], *, is_object: bool = False) -> Any:
    if isinstance(value, dict):
        return _map(schema, value, path, dropped, is_object=is_object or bool(schema.get(EMBEDDED)))
    if isinstance(value, list):
        items = schema.get("items") or {}
        if not items and schema.get(PRESERVE):
            items = {PRESERVE: True}
        return [_prune(items, item, f"{path}[{i}]", dropped) for i, item in enumerate(value)]
    return value


def _map(schema: Schema, value: dict[str, Any], path: str, dropped: list[str], *, is_object: bool) -> Any:
    kept: dict[str, Any] = {}
    for key, item in value.items():
        where = f"{path}.{key}" if path else key
        if is_object and key in OBJECT:
            kept[key] = _whole(item)
            continue
        inner = field_of(schema, key)
        if inner is not None:
            kept[key] = _prune(inner, item, where, dropped)
        else:
            dropped.append(where)
    return kept


def field_of(schema: Schema, key: str) -> Schema | None:
    """The schema of a field of an object, or of a value of a map; None when there is none."""
    properties = schema.get("properties") or {}
    if key in properties:
        found: Schema = properties[key]
        return found
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        return others
    return {PRESERVE: True} if others is True or schema.get(PRESERVE) else None


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value
