"""Values as texts: ``string(a)``, ``'%s has %d'.format([a, b])``.

Kubernetes: github.com/google/cel-go/ext/formatting.go
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from celpy import celtypes
from celpy.evaluation import CELEvalError


def written(value: Any) -> str:
    """As ``%s`` and ``string()`` write it."""
    if isinstance(value, (bool, celtypes.BoolType)):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(k)}: {written(v)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, celtypes.DoubleType):
        return _shortest(float(value))
    return "null" if value is None else str(value)


def _shortest(value: float) -> str:
    """Go's ``%g``: as many digits as it takes, with an exponent for more than six before the point."""
    if math.isinf(value) or math.isnan(value):
        return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}[str(value)]
    number = Decimal(repr(value)).normalize()
    if number == 0 or -4 <= number.adjusted() < 6:
        return f"{number:f}"
    sign, digits, _ = number.as_tuple()
    first, *rest = map(str, digits)
    return f"{'-' * sign}{first}{'.' * bool(rest)}{''.join(rest)}e{number.adjusted():+03d}"


VERBS: dict[str, Callable[[Any, int], str]] = {
    "s": lambda value, digits: written(value),
    "d": lambda value, digits: str(int(value)),
    "f": lambda value, digits: f"{float(value):.{digits}f}",
    "e": lambda value, digits: f"{float(value):.{digits}e}",
    "b": lambda value, digits: f"{int(value):b}",
    "o": lambda value, digits: f"{int(value):o}",
    "x": lambda value, digits: value.encode().hex() if isinstance(value, str) else f"{int(value):x}",
    "X": lambda value, digits: value.encode().hex().upper() if isinstance(value, str) else f"{int(value):X}",
}
_VERB = re.compile(r"%(?:%|(?:\.(\d+))?([a-zA-Z]))")


def formatted(text: str, values: list[Any]) -> Any:
    rest = iter(values)

    def put(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        value = next(rest, rest)
        if value is rest:
            raise CELEvalError(f"index {len(values)} out of range")
        if found[2] not in VERBS:
            raise CELEvalError(
                f'could not parse formatting clause: unrecognized formatting clause "{found[2]}"'
            )
        return VERBS[found[2]](value, int(found[1] or 6))

    return celtypes.StringType(_VERB.sub(put, str(text)))
