"""The functions that Kubernetes adds to CEL: those on texts, and the list of all.

Kubernetes: apiserver/pkg/cel/environment/base.go; github.com/google/cel-go/ext/strings.go
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from celpy import celtypes
from celpy.evaluation import CELEvalError, base_functions

from k8slearn.api.cel import (
    authorizer,
    built,
    conversions,
    lists,
    namedformats,
    nouns,
    operators,
    optionals,
    regex,
)
from k8slearn.api.cel.formatting import formatted

TEXT, INT, LIST = celtypes.StringType, celtypes.IntType, celtypes.ListType

# --- texts ------------------------------------------------------------------------------------


def split(text: str, by: str, most: Any = -1) -> Any:
    if int(most) == 0:
        return LIST([])
    parts = [*text] if by == "" else str(text).split(by, int(most) - 1 if int(most) > 0 else -1)
    return LIST([TEXT(part) for part in parts])


def join(parts: list[Any], by: str = "") -> Any:
    return TEXT(by.join(parts))


def substring(text: str, start: Any, end: Any = None) -> Any:
    stop = len(text) if end is None else int(end)
    for place in (int(start), stop):
        if not 0 <= place <= len(text):
            raise CELEvalError(f"index out of range: {place}")
    if int(start) > stop:
        raise CELEvalError(f"invalid substring range. start: {start}, end: {stop}")
    return TEXT(str(text)[int(start) : stop])


def replace(text: str, old: str, new: str, most: Any = -1) -> Any:
    return TEXT(str(text).replace(old, new, int(most)))


def index_of(where: Any, what: Any, start: Any = 0) -> Any:
    if isinstance(where, str):
        return INT(where.find(what, int(start)))
    return INT(next((i for i, item in enumerate(where) if operators.equal(item, what)), -1))


def last_index_of(where: Any, what: Any, start: Any = None) -> Any:
    if isinstance(where, str):
        end = len(where) if start is None else int(start) + len(what)
        return INT(where.rfind(what, 0, end))
    return INT(max((i for i, item in enumerate(where) if operators.equal(item, what)), default=-1))


def _ascii(change: Callable[[str], str]) -> Callable[[str], Any]:
    return lambda text: TEXT("".join(change(c) if c.isascii() else c for c in text))


def char_at(text: str, place: Any) -> Any:
    return substring(text, place, min(int(place) + 1, len(text)))


# --- all of them --------------------------------------------------------------------------------


def _answering(function: Callable[..., Any]) -> Callable[..., Any]:
    """An error is a value in CEL: ``true || 1 / 0 > 1`` is true."""

    def answering(*values: Any) -> Any:
        for value in values:
            if isinstance(value, CELEvalError):
                return value
        try:
            return function(*values)
        except CELEvalError as error:
            return error

    return answering


_FUNCTIONS: dict[str, Any] = {
    **optionals.FUNCTIONS,
    **nouns.FUNCTIONS,
    **authorizer.FUNCTIONS,
    **built.FUNCTIONS,
    **namedformats.FUNCTIONS,
    **lists.FUNCTIONS,
    **regex.FUNCTIONS,
    **conversions.FUNCTIONS,
    "split": split,
    "join": join,
    "substring": substring,
    "replace": replace,
    "indexOf": index_of,
    "lastIndexOf": last_index_of,
    "charAt": char_at,
    "trim": lambda text: TEXT(text.strip()),
    "lowerAscii": _ascii(str.lower),
    "upperAscii": _ascii(str.upper),
    "strings_quote": lambda text: TEXT(json.dumps(str(text), ensure_ascii=False)),
    "format": formatted,
}
MACROS = frozenset(["all", "exists", "exists_one", "map", "filter"])
FUNCTIONS = {**operators.OPERATORS, **{name: _answering(said) for name, said in _FUNCTIONS.items()}}
KNOWN = frozenset([*FUNCTIONS, *base_functions, "dyn", "has", *MACROS])
