"""Taking a component's state out of it, and putting it back.

Between two moves a component is nothing but data. That is what makes a cluster one can rewind, fork and
explore. API objects in that data are shared (they are frozen); everything else is copied.
"""

from __future__ import annotations

from collections import deque
from copy import copy
from enum import Enum
from typing import Any

from k8slearn.api.objects import FrozenDict, FrozenList

FIXED = (int, float, str, bytes, bool, type(None), Enum, type, FrozenDict, FrozenList)


def clone(value: Any) -> Any:
    """A copy that shares nothing changeable with `value`."""
    if isinstance(value, FIXED):
        return value
    if type(value) is dict:
        return {clone(k): clone(v) for k, v in value.items()}
    if isinstance(value, dict):
        return _clone_mapping(value)
    if isinstance(value, tuple):
        parts = [clone(v) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, deque):
        return deque(map(clone, value), value.maxlen)
    if isinstance(value, (list, set, frozenset)):
        return type(value)(clone(v) for v in value)
    return _clone_instance(value)


def _clone_mapping(value: dict[Any, Any]) -> dict[Any, Any]:
    """A Counter, a defaultdict: what there is to them besides their items is kept."""
    fresh = copy(value)
    fresh.clear()
    for key, item in value.items():
        fresh[clone(key)] = clone(item)
    return fresh


def _clone_instance(value: Any) -> Any:
    try:
        value.__reduce_ex__(4)  # whatever cannot be pickled is refused, on every Python (files are made of C)
        fresh, attributes = object.__new__(type(value)), vars(value)
    except TypeError:
        raise TypeError(
            f"a component may keep data between moves, but not a {type(value).__name__}: "
            "generators, functions, locks, files and the like cannot be rewound"
        ) from None
    fresh.__dict__.update((k, clone(v)) for k, v in attributes.items())
    return fresh
