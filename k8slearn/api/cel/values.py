"""Values on their way into an expression, and out of it."""

from __future__ import annotations

from typing import Any

from celpy import celtypes

from k8slearn.api.cel.optionals import Optional


def to_cel(value: Any) -> Any:
    """JSON as celpy has it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return celtypes.BoolType(value)
    if isinstance(value, int):
        return celtypes.IntType(value)
    if isinstance(value, float):
        return celtypes.DoubleType(value)
    if isinstance(value, str):
        return celtypes.StringType(value)
    if isinstance(value, list):
        return celtypes.ListType([to_cel(item) for item in value])
    return celtypes.MapType({celtypes.StringType(key): to_cel(item) for key, item in value.items()})


def to_plain(value: Any) -> Any:
    """celpy's values as JSON; what JSON does not know (durations, ...) as text."""
    if value is None or isinstance(value, celtypes.NullType):
        return None
    if isinstance(value, (bool, celtypes.BoolType)):
        return bool(value)
    if isinstance(value, (celtypes.IntType, celtypes.UintType)):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, list):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, Optional):
        return to_plain(value.value) if value.there else None
    return str(value)
