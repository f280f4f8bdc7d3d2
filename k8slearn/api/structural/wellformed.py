"""Is a schema structural? Every field has one type, which stands outside of all conditions.

Kubernetes: apiextensions-apiserver/pkg/apiserver/schema/validation.go,
pkg/apis/apiextensions/validation/validation.go (ValidateCustomResourceDefinitionOpenAPISchema)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from k8slearn.api.errors import FieldError, duplicate, forbidden, invalid, required, unsupported
from k8slearn.api.structural.defaulting import default as fill
from k8slearn.api.structural.pruning import EMBEDDED, PRESERVE, Schema, prune
from k8slearn.api.structural.values import INT_OR_STRING, TYPES, check_value

LIST_TYPE, MAP_KEYS, MAP_TYPE = (f"x-kubernetes-{w}" for w in ("list-type", "list-map-keys", "map-type"))
CONDITIONS = ("allOf", "anyOf", "oneOf")
NOT_SUPPORTED = {
    "additionalItems": "additionalItems is not supported",
    "patternProperties": "patternProperties is not supported",
    "definitions": "definitions is not supported",
    "dependencies": "dependencies is not supported",
    "id": "id is not supported",
    "$ref": "$ref is not supported",
}
#: What a condition may not say, because it is the schema around it that says it.
NOT_IN_CONDITIONS = (
    "additionalProperties",
    "default",
    "description",
    "nullable",
    "title",
    "type",
    PRESERVE,
    EMBEDDED,
)


def check_schema(schema: Schema, path: str) -> list[FieldError]:
    """Every rule that a schema as a whole breaks. `path` is its place in the definition."""
    found = [*_forbidden(schema, path), *_node(schema, path, "core", root=True)]
    if schema.get("type") not in (None, "", "object"):
        found.insert(0, invalid(f"{path}.type", schema["type"], "must be object at the root"))
    return found


def _node(schema: Schema, path: str, level: str, *, root: bool = False) -> Iterator[FieldError]:
    """`level` is where this schema stands: as root or field, as item or value of a map: ``core field item``."""
    yield from _typed(schema, path, level, root=root)
    yield from _lists(schema, path)
    yield from _default(schema, path)
    for name, inner in sorted((schema.get("properties") or {}).items()):
        yield from _node(inner, f"{path}.properties[{name}]", "field")
    if isinstance(schema.get("items"), dict):
        yield from _node(schema["items"], f"{path}.items", "item")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _node(schema["additionalProperties"], f"{path}.additionalProperties", "value")
    yield from _conditions(schema, path)


_PLACES = {"field": "object fields", "item": "array items", "value": "object fields"}


def _typed(schema: Schema, path: str, level: str, *, root: bool) -> Iterator[FieldError]:
    kind, free = schema.get("type") or "", schema.get(INT_OR_STRING) or schema.get(PRESERVE)
    if not kind and root:
        yield required(f"{path}.type", "must not be empty at the root")
    elif not kind and not free:
        yield required(f"{path}.type", f"must not be empty for specified {_PLACES[level]}")
    elif kind and kind not in TYPES:
        yield unsupported(f"{path}.type", kind, TYPES)
    if schema.get(INT_OR_STRING) and kind:
        yield invalid(f"{path}.type", kind, f"must be empty if {INT_OR_STRING} is true")
    if kind == "array" and "items" not in schema:
        yield required(f"{path}.items", "must be specified")
    if "properties" in schema and "additionalProperties" in schema:
        yield forbidden(
            f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive"
        )
    if schema.get(EMBEDDED) and kind != "object":
        yield invalid(f"{path}.type", kind, f"must be object if {EMBEDDED} is true")
    if schema.get(EMBEDDED) and not schema.get("properties") and not schema.get(PRESERVE):
        yield required(f"{path}.properties", f"must not be empty if {EMBEDDED} is true without {PRESERVE}")


def _lists(schema: Schema, path: str) -> Iterator[FieldError]:
    kind, keys = schema.get(LIST_TYPE), schema.get(MAP_KEYS) or []
    if kind is not None and kind not in ("atomic", "set", "map"):
        yield unsupported(f"{path}.{LIST_TYPE}", kind, ("atomic", "set", "map"))
    if kind is not None and schema.get("type") != "array":
        shown = schema.get("type", "")
        yield invalid(f"{path}.type", shown, f"must be array if {LIST_TYPE} is specified")
    if kind == "map":
        yield from _keys(schema, keys, path)
    elif keys:
        yield invalid(f"{path}.{LIST_TYPE}", kind or "", f"must be map if {MAP_KEYS} is non-empty")
    if kind == "set" and _is_granular(schema.get("items") or {}):
        yield invalid(
            f"{path}.items.{MAP_TYPE}", None, f"must be atomic as item of a list with {LIST_TYPE}=set"
        )


def _is_granular(items: Schema) -> bool:
    return items.get("type") == "object" and items.get(MAP_TYPE) != "atomic"


def _keys(schema: Schema, keys: list[str], path: str) -> Iterator[FieldError]:
    items = schema.get("items") or {}
    if not keys:
        yield required(f"{path}.{MAP_KEYS}", f"must not be empty if {LIST_TYPE} is map")
    if items.get("type") != "object":
        yield invalid(
            f"{path}.items.type",
            items.get("type", ""),
            f"must be object if parent array's {LIST_TYPE} is map",
        )
        return
    for i, key in enumerate(keys):
        field = (items.get("properties") or {}).get(key)
        if field is None:
            detail = "entries must all be names of item properties"
            yield invalid(f"{path}.{MAP_KEYS}[{i}]", key, detail)
        elif field.get("type") in ("array", "object"):
            detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            yield invalid(f"{path}.items.properties[{key}].type", field["type"], detail)
        elif key not in (items.get("required") or ()) and "default" not in field:
            detail = f"this property is in {MAP_KEYS}, so it must have a default or be a required property"
            yield required(f"{path}.items.properties[{key}].default", detail)
        if key in keys[:i]:
            yield duplicate(f"{path}.{MAP_KEYS}[{i}]", key)


def _default(schema: Schema, path: str) -> Iterator[FieldError]:
    """A default must itself be something that the schema would let pass, whole."""
    if "default" not in schema:
        return
    value, where = schema["default"], f"{path}.default"
    if value is None and not schema.get("nullable"):
        return
    inner = {k: v for k, v in schema.items() if k != "default"}
    pruned, dropped = prune({"properties": {"x": inner}}, {"x": value})
    if dropped:
        yield invalid(where, value, "must not have unknown fields")
        return
    fill(inner, pruned["x"])
    for error in check_value(inner, pruned["x"]):
        yield FieldError(
            error.reason,
            where + (f".{error.path}" if error.path not in ("", "<nil>") else ""),
            error.value,
            error.detail,
        )


def _conditions(schema: Schema, path: str) -> Iterator[FieldError]:
    """What stands under allOf, anyOf, oneOf and not restricts values, and cannot bring new fields."""
    places = [
        (f"{path}.{which}[{i}]", inner)
        for which in CONDITIONS
        for i, inner in enumerate(schema.get(which) or ())
    ]
    if isinstance(schema.get("not"), dict):
        places.append((f"{path}.not", schema["not"]))
    for where, inner in places:
        yield from _condition(inner, schema, where, path)


def _condition(inner: Schema, around: Schema, path: str, outside: str) -> Iterator[FieldError]:
    for field in NOT_IN_CONDITIONS:
        allowed = field == "type" and around.get(INT_OR_STRING)
        if inner.get(field) and not allowed:
            detail = (
                "must be empty to be structural" if field == "type" else "must be undefined to be structural"
            )
            yield forbidden(f"{path}.{field}", detail)
    for name, field in sorted((inner.get("properties") or {}).items()):
        known = (around.get("properties") or {}).get(name)
        if known is None:
            where = f"{outside}.properties[{name}]"
            yield required(where, f"because it is defined in {path}.properties[{name}]")
        yield from _condition(
            field, known or {}, f"{path}.properties[{name}]", f"{outside}.properties[{name}]"
        )
    if isinstance(inner.get("items"), dict):
        if not isinstance(around.get("items"), dict):
            yield required(f"{outside}.items", f"because it is defined in {path}.items")
        yield from _condition(inner["items"], around.get("items") or {}, f"{path}.items", f"{outside}.items")


def _forbidden(schema: Any, path: str) -> Iterator[FieldError]:
    """What OpenAPI knows and no definition may use; patterns that are none."""
    for field, why in NOT_SUPPORTED.items():
        if schema.get(field):
            yield forbidden(f"{path}.{field}", why)
    if schema.get("uniqueItems"):
        yield forbidden(
            f"{path}.uniqueItems",
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
        )
    if isinstance(schema.get("items"), list):
        yield forbidden(f"{path}.items", "items must be a schema object and not an array")
    if schema.get("additionalProperties") is False:
        yield forbidden(f"{path}.additionalProperties", "additionalProperties cannot be set to false")
    if pattern := schema.get("pattern"):
        try:
            re.compile(pattern)
        except re.error as error:
            yield invalid(
                f"{path}.pattern", pattern, f"must be a valid regular expression, but isn't: {error}"
            )
    for where, inner in _inner(schema, path):
        yield from _forbidden(inner, where)


def _inner(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    for name, inner in sorted((schema.get("properties") or {}).items()):
        yield f"{path}.properties[{name}]", inner
    for field in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(field), dict):
            yield f"{path}.{field}", schema[field]
    for which in CONDITIONS:
        for i, inner in enumerate(schema.get(which) or ()):
            yield f"{path}.{which}[{i}]", inner
