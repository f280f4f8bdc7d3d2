"""Fields that may be missing: ``object.metadata.?labels.orValue({})``, ``list[?0]``, ``optional.of(1)``.

Kubernetes: github.com/google/cel-go/cel/library.go (OptionalTypes)
"""

from __future__ import annotations

from typing import Any

from celpy import celtypes
from celpy.evaluation import CELEvalError


class Optional(celtypes.MessageType):  # celpy selects fields only of such
    """A value, or none. A field of it is optional, too."""

    def __init__(self, value: Any = None, *, there: bool = False) -> None:
        super().__init__()
        self.value, self.there = value, there

    def get(self, key: Any, default: Any = None) -> Optional:
        return select(self, key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Optional) and (self.there, self.value) == (other.there, other.value)

    __hash__ = None  # type: ignore[assignment]


NONE = Optional()


def select(value: Any, name: Any) -> Optional:
    """``value.?name``"""
    if isinstance(value, Optional):
        return select(value.value, name) if value.there else NONE
    if isinstance(value, dict):
        return Optional(value[name], there=True) if name in value else NONE
    raise CELEvalError("no such overload")


def index(value: Any, place: Any) -> Optional:
    """``value[?place]``"""
    if isinstance(value, Optional):
        return index(value.value, place) if value.there else NONE
    if isinstance(value, list):
        return Optional(value[int(place)], there=True) if 0 <= int(place) < len(value) else NONE
    return select(value, place)


def or_value(optional: Optional, otherwise: Any) -> Any:
    return optional.value if optional.there else otherwise


def or_optional(optional: Optional, other: Optional) -> Optional:
    return optional if optional.there else other


def has_value(optional: Optional) -> Any:
    return celtypes.BoolType(optional.there)


def value_of(optional: Optional) -> Any:
    if not optional.there:
        raise CELEvalError("optional.none() dereference")
    return optional.value


# --- `optMap` and `optFlatMap` are a `map` over a list of one or none (`syntax`) ------------------------


def as_list(optional: Optional) -> Any:
    return celtypes.ListType([optional.value] if optional.there else [])


def mapped(items: list[Any]) -> Optional:
    return Optional(items[0], there=True) if items else NONE


def flat_mapped(items: list[Any]) -> Optional:
    return items[0] if items else NONE


FUNCTIONS = {
    "optSelect": select,
    "optIndex": index,
    "orValue": or_value,
    "or": or_optional,
    "hasValue": has_value,
    "value": value_of,
    "optional_of": lambda value: Optional(value, there=True),
    "optional_none": lambda: NONE,
    "optional_ofNonZeroValue": lambda value: Optional(value, there=True) if value else NONE,
    "optList": as_list,
    "optMapped": mapped,
    "optFlatMapped": flat_mapped,
}
