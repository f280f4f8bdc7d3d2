"""Places in an answer: ``a.b``, ``a[0]``, ``a[*].b``, ``conditions[type=Ready].status``, ``labels["x.io/y"]``,
``len(items)``.
"""

from __future__ import annotations

import re
from typing import Any

PART = re.compile(
    r'\["(?P<quoted>[^"]*)"\]|\[(?P<index>\*|-?\d+)\]|\[(?P<field>\w+)=(?P<value>[^\]]*)\]|\.?(?P<key>[^.\[]+)'
)
ABSENT = object()  # nothing is there; None is something

Step = tuple[str, str]


def steps_of(path: str) -> list[Step]:
    """``a[type=b][0].c`` -> (key, a), (type, b), (index, 0), (key, c)."""
    return [_step(found) for found in PART.finditer(path)]


def _step(found: re.Match[str]) -> Step:
    parts = found.groupdict()
    if parts["field"]:
        return f"={parts['field']}", parts["value"]
    if parts["index"]:
        return "index", parts["index"]
    return "key", parts["key"] if parts["quoted"] is None else parts["quoted"]


def look(value: Any, path: str) -> Any:
    """What stands at a path, or ABSENT. With ``[*]`` a list, with None for whoever lacks it."""
    if path.startswith("len("):
        found = look(value, path[4:-1])
        return len(found) if isinstance(found, list | dict | str) else 0 if found is None else ABSENT
    return _look(value, steps_of(path))


def _look(value: Any, steps: list[Step]) -> Any:
    for number, step in enumerate(steps):
        if step == ("index", "*"):
            found = [_look(v, steps[number + 1 :]) for v in value] if isinstance(value, list) else ABSENT
            return [None if f is ABSENT else f for f in found] if isinstance(found, list) else ABSENT
        place = _place(value, step)
        if place is None:
            return ABSENT
        value = value[place]
    return value


def _place(value: Any, step: Step) -> Any:
    """The key or the index that a step means in this value; None if there is none."""
    how, what = step
    if how == "key":
        return what if isinstance(value, dict) and what in value else None
    if not isinstance(value, list):
        return None
    if how == "index":
        return int(what) if -len(value) <= int(what) < len(value) else None
    return next((i for i, v in enumerate(value) if str(look(v, how[1:])) == what), None)


def drop(value: Any, path: str) -> None:
    """Remove what stands at a path, in place."""
    _drop(value, steps_of(path))


def _drop(value: Any, steps: list[Step]) -> None:
    step, rest = steps[0], steps[1:]
    if step == ("index", "*"):
        for each in value if isinstance(value, list) else ():
            _drop(each, rest)
    elif (place := _place(value, step)) is not None:
        if rest:
            _drop(value[place], rest)
        else:
            del value[place]
