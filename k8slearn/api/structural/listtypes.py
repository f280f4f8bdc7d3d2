"""Lists that are sets or maps: what may not be there twice.

Kubernetes: apiextensions-apiserver/pkg/apiserver/schema/listtype/validation.go
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from k8slearn.api.errors import FieldError, duplicate
from k8slearn.api.structural.pruning import Schema, field_of


def check_lists(schema: Schema, value: Any, path: str = "") -> Iterator[FieldError]:
    if isinstance(value, dict):
        for key, item in value.items():
            if (inner := field_of(schema, key)) is not None:
                yield from check_lists(inner, item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        yield from _twice(schema, value, path)
        for i, item in enumerate(value):
            yield from check_lists(schema.get("items") or {}, item, f"{path}[{i}]")


def _twice(schema: Schema, items: list[Any], path: str) -> Iterator[FieldError]:
    kind, seen = schema.get("x-kubernetes-list-type"), set()
    if kind not in ("set", "map"):
        return
    for i, item in enumerate(items):
        what = item if kind == "set" else _keys(schema, item)
        said = json.dumps(what, sort_keys=True)
        if said in seen:
            yield duplicate(f"{path}[{i}]", what)
        seen.add(said)


def _keys(schema: Schema, item: Any) -> Any:
    """The keys of an item; of a key that is absent, its default."""
    properties = (schema.get("items") or {}).get("properties") or {}
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    held = (
        {k: item.get(k, (properties.get(k) or {}).get("default")) for k in keys}
        if isinstance(item, dict)
        else {}
    )
    return {k: v for k, v in held.items() if v is not None}
