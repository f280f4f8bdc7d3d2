"""Operators as cel-go has them, where celpy differs: numbers of two kinds compare, values of two kinds are unequal.

And the errors, in cel-go's words.

Kubernetes: github.com/google/cel-go/common/types
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from celpy import celtypes
from celpy.evaluation import CELEvalError

from k8slearn.api.cel import optionals
from k8slearn.api.cel.optionals import Optional

NUMBERS = (celtypes.IntType, celtypes.UintType, celtypes.DoubleType)
#: Sums of celpy's values may be Python's own.
OWN: dict[type, Any] = {
    float: celtypes.DoubleType,
    str: celtypes.StringType,
    bytes: celtypes.BytesType,
    list: celtypes.ListType,
}
TRUTHS = (bool, celtypes.BoolType)
Operator = Callable[[Any, Any], Any]


def kind(value: Any) -> type:
    """Its type. (celpy lets some texts go as Python's own.)"""
    return str if isinstance(value, str) else type(value)


def _passing_errors(function: Operator) -> Operator:
    """What has no value has none after an operator, too."""

    def passing(one: Any, other: Any) -> Any:
        for value in (one, other):
            if isinstance(value, CELEvalError):
                return value
        return function(one, other)

    return passing


def _comparing(compare: Operator) -> Operator:
    def compared(one: Any, other: Any) -> Any:
        if isinstance(one, NUMBERS) and isinstance(other, NUMBERS):
            plain = (float(v) if isinstance(v, celtypes.DoubleType) else int(v) for v in (one, other))
            return celtypes.BoolType(compare(*plain))
        if kind(one) is not kind(other):
            return CELEvalError("no such overload")
        return celtypes.BoolType(compare(one, other))

    return _passing_errors(compared)


class Keyed:
    """A list whose items are told apart by a key, not by their places (`lists.KeyedList`)."""

    def by_key(self, items: list[Any]) -> dict[Any, Any]:
        raise NotImplementedError


def equal(one: Any, other: Any) -> bool:
    """Values of different types are just different; numbers are compared by what they count."""
    if isinstance(one, Keyed) and isinstance(other, list):
        mine, others = one.by_key(one), one.by_key(other)  # type: ignore[arg-type]
        return len(one) == len(other) and equal(dict(mine), dict(others))  # type: ignore[arg-type]
    if isinstance(one, NUMBERS) and isinstance(other, NUMBERS):
        return float(one) == float(other) if type(one) is not type(other) else bool(one == other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, Optional) or isinstance(other, Optional):
        return bool(one == other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, TRUTHS) and isinstance(other, TRUTHS):
        return bool(one) == bool(other)
    return kind(one) is kind(other) and bool(one == other)


def contained(one: Any, many: Any) -> Any:
    if isinstance(many, (dict, list)):  # of a map, its keys
        return celtypes.BoolType(any(equal(one, item) for item in many))
    return CELEvalError("no such overload")


def at(many: Any, place: Any) -> Any:
    """``many[place]``"""
    if isinstance(many, Optional):
        return optionals.index(many, place)
    if isinstance(many, dict):
        return many[place] if place in many else CELEvalError(f"no such key: {place}")
    if isinstance(many, list) and isinstance(place, NUMBERS):
        return (
            many[int(place)] if 0 <= int(place) < len(many) else CELEvalError(f"index out of bounds: {place}")
        )
    return CELEvalError("no such overload")


def _counting(count: Operator, by_zero: str = "") -> Operator:
    def counted(one: Any, other: Any) -> Any:
        kinds = {type(v) for v in (one, other) if isinstance(v, (*NUMBERS, *TRUTHS))}
        if len(kinds) > 1 or celtypes.BoolType in kinds:
            return CELEvalError("no such overload")
        try:
            found = count(one, other)
            return OWN[type(found)](found) if type(found) in OWN else found
        except ZeroDivisionError:
            return CELEvalError(by_zero)
        except (ValueError, OverflowError):
            return CELEvalError("integer overflow")

    return _passing_errors(counted)


def _deciding(decisive: bool) -> Operator:
    """``&&`` and ``||``: one side may decide alone, even if the other has no value."""

    def decided(one: Any, other: Any) -> Any:
        sides = (one, other)
        if any(isinstance(side, TRUTHS) and bool(side) == decisive for side in sides):
            return celtypes.BoolType(decisive)
        for side in sides:
            if not isinstance(side, TRUTHS):
                return side if isinstance(side, CELEvalError) else CELEvalError("no such overload")
        return celtypes.BoolType(not decisive)

    return decided


def chosen(condition: Any, one: Any, other: Any) -> Any:
    """``condition ? one : other``"""
    if isinstance(condition, TRUTHS):
        return one if condition else other
    return condition if isinstance(condition, CELEvalError) else CELEvalError("no such overload")


def has_field(value: Any, name: Any) -> Any:
    """``has(value.name)``"""
    if isinstance(value, Optional):
        return celtypes.BoolType(optionals.select(value, name).there)
    return celtypes.BoolType(name in value) if isinstance(value, dict) else CELEvalError("no such overload")


def negative(value: Any) -> Any:
    if not isinstance(value, (celtypes.IntType, celtypes.DoubleType)):
        return value if isinstance(value, CELEvalError) else CELEvalError("no such overload")
    return CELEvalError("integer overflow") if isinstance(value, int) and value == -(2**63) else -value


add = _counting(operator.add)

OPERATORS: dict[str, Callable[..., Any]] = {
    "-_": negative,
    "hasField": _passing_errors(has_field),
    "_?_:_": chosen,
    "_&&_": _deciding(False),
    "_||_": _deciding(True),
    "_<_": _comparing(operator.lt),
    "_<=_": _comparing(operator.le),
    "_>_": _comparing(operator.gt),
    "_>=_": _comparing(operator.ge),
    "_==_": _passing_errors(lambda one, other: celtypes.BoolType(equal(one, other))),
    "_!=_": _passing_errors(lambda one, other: celtypes.BoolType(not equal(one, other))),
    "_in_": _passing_errors(contained),
    "_[_]": _passing_errors(at),
    "_+_": add,
    "_-_": _counting(operator.sub),
    "_*_": _counting(operator.mul),
    "_/_": _counting(operator.truediv, "division by zero"),
    "_%_": _counting(operator.mod, "modulus by zero"),
}
