"""Fills in what was left unsaid, and takes away nulls that mean the same as nothing.

Kubernetes: apiextensions-apiserver/pkg/apiserver/schema/defaulting/{algorithm,prunenulls}.go
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.objects import edit
from k8slearn.api.structural.pruning import Schema, field_of


def default(schema: Schema, value: Any) -> None:
    """Fill in, in place. A default counts where a field is absent, or null and must not be."""
    if isinstance(value, dict):
        for name, inner in (schema.get("properties") or {}).items():
            if name not in value or (value[name] is None and not inner.get("nullable")):
                if "default" in inner:
                    value[name] = edit(inner["default"])
                elif name in value:
                    del value[name]
        for key, item in value.items():
            if (inner := field_of(schema, key)) is not None:
                default(inner, item)
    elif isinstance(value, list):
        for item in value:
            default(schema.get("items") or {}, item)


def mentions(schema: Any, word: str) -> bool:
    """Is there a schema in it that says `word`?"""
    if isinstance(schema, dict):
        return word in schema or any(mentions(inner, word) for inner in schema.values())
    return isinstance(schema, list) and any(mentions(inner, word) for inner in schema)
