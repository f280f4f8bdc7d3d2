"""From one type to another: ``int('3')``, ``string(1.5)``, ``duration('1h')``.

Kubernetes: github.com/google/cel-go/common/types (ConvertToType)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from celpy import celtypes
from celpy.evaluation import CELEvalError

from k8slearn.api.cel.formatting import written

NAMES: dict[type, str] = {
    celtypes.IntType: "int",
    celtypes.UintType: "uint",
    celtypes.DoubleType: "double",
    celtypes.BoolType: "bool",
    celtypes.StringType: "string",
    celtypes.BytesType: "bytes",
    celtypes.ListType: "list",
    celtypes.MapType: "map",
    celtypes.TimestampType: "google.protobuf.Timestamp",
    celtypes.DurationType: "google.protobuf.Duration",
}
TRUTHS = {
    **dict.fromkeys("1 t T true TRUE True".split(), True),
    **dict.fromkeys("0 f F false FALSE False".split(), False),
}
#: Go's. (Schemas know days, too: `values` reads those.)
DURATIONS = re.compile(r"[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+)")
TIME, DURATION = celtypes.TimestampType, celtypes.DurationType


def _to(target: type, convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def converted(value: Any) -> Any:
        try:
            return convert(value)
        except OverflowError:
            raise CELEvalError(
                f"{'unsigned ' if target is celtypes.UintType else ''}integer overflow"
            ) from None
        except (ValueError, TypeError, KeyError):
            if isinstance(value, celtypes.DoubleType):  # it is no number, or an endless one
                raise CELEvalError("integer overflow") from None
            source = "string" if isinstance(value, str) else NAMES.get(type(value), "null_type")
            raise CELEvalError(f"type conversion error from '{source}' to '{NAMES[target]}'") from None

    return converted


def _whole(cls: type, least: int, most: int) -> Callable[[Any], Any]:
    def whole(value: Any) -> Any:
        if isinstance(value, str) and not value.lstrip("+-").isdecimal():
            raise ValueError(value)
        found = int(value.timestamp()) if isinstance(value, TIME) else int(value)
        if not least <= found <= most:
            if isinstance(value, str):
                raise ValueError(value)
            raise OverflowError(found)
        return cls(found)

    return whole


def _truth(value: Any) -> Any:
    return celtypes.BoolType(TRUTHS[str(value)] if isinstance(value, str) else value)


def _time(value: Any) -> Any:
    return value if isinstance(value, TIME) else TIME(value)


def _duration(value: Any) -> Any:
    if isinstance(value, str) and not DURATIONS.fullmatch(value):
        raise ValueError(value)
    return DURATION(0) if value in ("0", "+0", "-0") else DURATION(value)


def _text(value: Any) -> Any:
    return celtypes.StringType(value.decode() if isinstance(value, bytes) else written(value))


#: Their own names are those of the types.
FUNCTIONS: dict[str, Any] = {
    "intOf": _to(celtypes.IntType, _whole(celtypes.IntType, -(2**63), 2**63 - 1)),
    "uintOf": _to(celtypes.UintType, _whole(celtypes.UintType, 0, 2**64 - 1)),
    "doubleOf": _to(celtypes.DoubleType, celtypes.DoubleType),
    "boolOf": _to(celtypes.BoolType, _truth),
    "timestampOf": _to(TIME, _time),
    "durationOf": _to(DURATION, _duration),
    "stringOf": _to(celtypes.StringType, _text),
}
