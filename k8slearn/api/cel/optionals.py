"""Fields that may be missing: ``object.metadata.?labels.orValue({})``, ``list[?0]``, ``optional.of(1)``.

celpy's grammar does not know them, so they are written as calls before it sees them: ``.?a`` as ``.optSelect("a")``.

Kubernetes: github.com/google/cel-go/cel (OptionalTypes)
"""

from __future__ import annotations

import re
from typing import Any

from celpy import celtypes
from celpy.evaluation import CELEvalError

_TEXT = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_FIELD = re.compile(r"\.\?\s*(\w+)")
_INDEX = re.compile(r"\[\?([^\]]*)\]")
_STATIC = re.compile(r"\boptional\.(of|none|ofNonZeroValue)\b")


def rewritten(source: str) -> str:
    """The same expression in celpy's grammar. What stands in quotes is left alone."""
    parts = _TEXT.split(source)
    for i in range(0, len(parts), 2):
        text = _FIELD.sub(r'.optSelect("\1")', parts[i])
        text = _STATIC.sub(r"optional_\1", text)
        parts[i] = text
    return _INDEX.sub(r".optIndex(\1)", "".join(parts)) if "[?" in source else "".join(parts)


class Optional:
    """A value, or none."""

    def __init__(self, value: Any = None, *, there: bool = False) -> None:
        self.value, self.there = value, there

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Optional) and (self.there, self.value) == (other.there, other.value)

    __hash__ = None  # type: ignore[assignment]

    def get(self, name: Any, default: Any = None) -> Any:
        """A field of the value, itself optional. (celpy selects fields of what looks like a map.)"""
        return select(self, celtypes.StringType(name))


NONE = Optional()


def select(value: Any, name: Any) -> Optional:
    """``value.?name``"""
    if isinstance(value, Optional):
        return select(value.value, name) if value.there else NONE
    if isinstance(value, dict) and name in value:
        return Optional(value[name], there=True)
    return NONE


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
}
