"""Taking a component's state out of it, and putting it back.

Between two moves a component is nothing but data. That is what makes a cluster one can rewind, fork and
explore. API objects in that data are shared (they are frozen); everything else is copied.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from k8slearn.api.objects import FrozenDict, FrozenList

SCALARS = (int, float, str, bytes, bool, type(None))


def clone(value: Any) -> Any:
    """A copy that shares nothing changeable with `value`."""
    if isinstance(value, (*SCALARS, FrozenDict, FrozenList)):
        return value
    if isinstance(value, dict):
        return type(value)((clone(k), clone(v)) for k, v in value.items())
    if isinstance(value, tuple):
        parts = [clone(v) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, (list, set, frozenset, deque)):
        return type(value)(clone(v) for v in value)
    return _clone_instance(value)


def _clone_instance(value: Any) -> Any:
    if not hasattr(value, "__dict__"):
        raise TypeError(
            f"a component may keep data between moves, but not a {type(value).__name__}: "
            "generators, locks, files and the like cannot be rewound"
        )
    copy = object.__new__(type(value))
    copy.__dict__.update((k, clone(v)) for k, v in vars(value).items())
    return copy
