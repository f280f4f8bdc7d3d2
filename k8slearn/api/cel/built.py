"""``Object.spec{replicas: 3}``, ``JSONPatch{op: 'add', path: '/a'}``: maps that say what they are.

Only the expressions of mutating policies may make them. The name of a part of an object is the way to it.

Kubernetes: apiserver/pkg/cel/mutation (dynamic/objects.go, jsonpatch.go, typeresolver.go)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from celpy import celtypes

OBJECT, PATCH = "Object", "JSONPatch"
PATCH_FIELDS = ("op", "path", "from", "value")


class Built(dict[str, Any]):
    """Plain data that an expression has made, and what it called it."""

    def __init__(self, type_name: str, fields: dict[str, Any]) -> None:
        super().__init__(fields)
        self.type_name = type_name


class Building(celtypes.MapType):
    """The same among celpy's values."""

    type_name: str


def constructed(type_name: str, fields: Any) -> Building:
    made = Building(fields)
    made.type_name = str(type_name)
    return made


def misnamed(value: Any, name: str = "") -> Iterator[str]:
    """What is not called by the way to it. `name`: what it should be called; by default, as it is."""
    if isinstance(value, Built):
        name = name or value.type_name
        if value.type_name != name:
            yield (
                f'unexpected type name "{value.type_name}", expected "{name}", which matches field name path from root '
                "Object type"
            )
        for field, inner in value.items():
            yield from misnamed(inner, f"{name}.{field}")
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from misnamed(inner, name)


def escaped_key(key: str) -> Any:
    """A key as a step of a JSON pointer."""
    return celtypes.StringType(key.replace("~", "~0").replace("/", "~1"))


FUNCTIONS: dict[str, Any] = {"constructed": constructed, "jsonpatch_escapeKey": escaped_key}
