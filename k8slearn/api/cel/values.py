"""Values on their way into an expression, and out of it.

Kubernetes: apiserver/pkg/cel/common/values.go (UnstructuredToVal)
"""

from __future__ import annotations

import base64
from typing import Any

from celpy import celtypes
from celpy.evaluation import CELEvalError

from k8slearn.api.cel.authorizer import Check
from k8slearn.api.cel.built import Building, Built, constructed
from k8slearn.api.cel.lists import KeyedList
from k8slearn.api.cel.optionals import NONE, Optional
from k8slearn.api.cel.types import Schema, Type, item_of, name_in, name_of

MISSING = object()  # the value of an optional variable that has none


def optional_of(schema: Type) -> Schema:
    """The type of a variable that may have no value."""
    return {"type": "optional", "of": schema}


def to_cel(value: Any, schema: Type = None) -> Any:
    """JSON as celpy has it. A schema says how fields are called, and which texts are times."""
    if schema is not None and schema.get("type") == "optional":
        return NONE if value is MISSING else Optional(to_cel(value, schema["of"]), there=True)
    if value is None or isinstance(value, Check):
        return value
    if isinstance(value, bool):
        return celtypes.BoolType(value)
    if isinstance(value, (int, float)):
        return _number(value, schema)
    if isinstance(value, str):
        return _text(value, name_of(schema))
    if isinstance(value, list):
        return _list([to_cel(item, item_of(schema)) for item in value], schema or {})
    made = _map(value, schema)
    return constructed(value.type_name, made) if isinstance(value, Built) else made


def _number(value: float, schema: Type) -> Any:
    whole = isinstance(value, int) or (name_of(schema) == "int" and value.is_integer())
    is_double = name_of(schema) == "double" or not whole
    return celtypes.DoubleType(value) if is_double else celtypes.IntType(int(value))


def _text(value: str, kind: str) -> Any:
    try:
        if kind == "timestamp":
            return celtypes.TimestampType(value if "T" in value else f"{value}T00:00:00Z")
        if kind == "duration":
            return celtypes.DurationType(value)
        if kind == "bytes":
            return celtypes.BytesType(base64.b64decode(value))
    except ValueError:
        pass  # the schema says what it is, and will say that it is none
    return celtypes.StringType(value)


def _list(items: list[Any], schema: Schema) -> Any:
    kind = schema.get("x-kubernetes-list-type")
    if kind not in ("set", "map"):
        return celtypes.ListType(items)
    keys = schema.get("x-kubernetes-list-map-keys") or () if kind == "map" else ()
    return KeyedList(items, tuple(name_in(schema["items"], key) for key in keys))


def _map(value: dict[str, Any], schema: Type) -> Any:
    """Fields have names, which may have to be escaped; keys of maps are no names."""
    shape = schema or {}
    properties, others = shape.get("properties") or {}, item_of(schema)
    items = {}
    for key, item in value.items():
        if key in properties:
            items[celtypes.StringType(name_in(shape, key))] = to_cel(item, properties[key])
        else:
            items[celtypes.StringType(key)] = to_cel(item, others)
    return celtypes.MapType(items)


def to_plain(value: Any) -> Any:
    """celpy's values as JSON; what JSON does not know (durations, ...) as text. Raises CELEvalError."""
    if value is None or isinstance(value, celtypes.NullType):
        return None
    if isinstance(value, CELEvalError):
        raise value
    if isinstance(value, Optional):
        return to_plain(value.value) if value.there else None
    if isinstance(value, (bool, celtypes.BoolType)):
        return bool(value)
    if isinstance(value, (celtypes.IntType, celtypes.UintType)):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, list):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        plain = {str(key): to_plain(item) for key, item in value.items()}
        return Built(value.type_name, plain) if isinstance(value, Building) else plain
    return str(value)
