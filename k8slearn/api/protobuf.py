"""Kubernetes' other encoding: typed Go clients (kubectl's ``create namespace``, say) send protobuf.

We read it and never write it: whoever sends it takes JSON for an answer. Field numbers are in `protobuf.json`
(`tools/generate_protobuf.py` writes it); names and types are those of `types.json`, so that what comes out is what
the same client would have sent as JSON.

Kubernetes: apimachinery/pkg/runtime/serializer/protobuf; k8s.io/api/*/generated.proto
Sources: protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from k8slearn.api.schema import kinds, types

MAGIC = b"k8s\x00"
DEEPEST = 64  # messages within messages; nothing real is half as deep
VARINT = 0
SIZES = {1: 8, 5: 4, 2: 0}  # wire type -> bytes; 0: the value says itself how long it is

Fields = list[tuple[int, Any]]  # number, value: an int, a float, or bytes
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def decode_protobuf(raw: bytes) -> tuple[Any, list[str]]:
    """(the object, no duplicates). Raises ValueError for what is not protobuf, or not a kind that we know."""
    if not raw.startswith(MAGIC):
        raise ValueError(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    envelope = dict(read_message(raw[len(MAGIC) :]))
    header = dict(read_message(_bytes(envelope.get(1, b""))))
    api_version, kind = (_text(header.get(number, b"")) for number in (1, 2))
    name = kinds().get(f"{api_version} {kind}") or kinds().get(
        f"v1 {kind}"
    )  # DeleteOptions are at home in each group
    if name is None or name not in numbers():
        raise ValueError(f'no kind "{kind}" is registered for version "{api_version}"')
    return {"apiVersion": api_version, "kind": kind, **_struct(name, _bytes(envelope.get(2, b"")), 0)}, []


# --- what the wire says ----------------------------------------------------------------------


def read_message(data: bytes) -> Fields:
    """The fields of one message, in the order in which they were written."""
    return list(_read(data))


def _read(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire not in SIZES:
            raise ValueError(f"proto: illegal wireType {wire}")
        size, at = (SIZES[wire], at) if SIZES[wire] else _varint(data, at)
        if at + size > len(data):
            raise ValueError("unexpected EOF")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("unexpected EOF")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("proto: wrong wireType")
    return value


def _text(value: Any) -> str:
    return _bytes(value).decode("utf-8", "replace")


def _signed(value: Any) -> int:
    if not isinstance(value, int):
        raise ValueError("proto: wrong wireType")
    return value - (1 << 64) if value >> 63 else value


# --- what it means ---------------------------------------------------------------------------


def _struct(name: str, data: bytes, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if depth > DEEPEST:
        raise ValueError("exceeded max depth")
    _fill(found, types()[name], numbers().get(name, {}), data, depth)
    return found


def _fill(
    found: dict[str, Any], fields: dict[str, str], named: dict[str, Any], data: bytes, depth: int
) -> None:
    """Put the fields of a message into `found`. Numbers that we do not know are passed over, as ever."""
    for number, value in _read(data):
        field = named.get(str(number))
        if isinstance(field, dict):  # JSON spreads this message over the one around it
            _fill(found, fields, field, _bytes(value), depth + 1)
        elif field is not None:
            _add(found, field, fields[field].rstrip("!?"), value, depth)


def _add(found: dict[str, Any], field: str, spelt: str, value: Any, depth: int) -> None:
    if spelt[0] == "[":
        found.setdefault(field, []).append(_value(spelt[1:-1], value, depth))
    elif spelt[0] == "{":
        pair = dict(_read(_bytes(value)))
        key = _text(pair.get(1, b""))
        found.setdefault(field, {})[key] = _value(spelt[1:-1], pair.get(2, b""), depth)
    else:
        found[field] = _value(spelt, value, depth)


def _value(spelt: str, value: Any, depth: int) -> Any:
    if spelt in SCALARS:
        return SCALARS[spelt](value)
    if spelt[0] == "[":  # the values of a map can be lists: a message with one repeated field
        return [_value(spelt[1:-1], item, depth + 1) for _, item in _read(_bytes(value))]
    return _struct(spelt, _bytes(value), depth + 1)


def _quantity(value: Any) -> str:
    return _text(dict(_read(_bytes(value))).get(1, b""))


def _int_or_string(value: Any) -> int | str:
    parts = dict(_read(_bytes(value)))
    return _text(parts.get(3, b"")) if parts.get(1) else _signed(parts.get(2, 0))


def _instant(value: Any, form: str) -> str | None:
    parts = dict(_read(_bytes(value)))
    seconds, nanos = _signed(parts.get(1, 0)), _signed(parts.get(2, 0))
    if seconds <= -62135596800 or not (seconds or nanos):  # Go's zero time is written as either
        return None
    try:
        return (EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000)).strftime(form)
    except OverflowError:
        raise ValueError(f"time out of range: {seconds}") from None


def _time(value: Any) -> str | None:
    return _instant(value, "%Y-%m-%dT%H:%M:%SZ")


def _microtime(value: Any) -> str | None:
    return _instant(value, "%Y-%m-%dT%H:%M:%S.%fZ")


def _any(value: Any) -> Any:
    """Raw JSON in a message of its own: FieldsV1, RawExtension, JSON."""
    raw = _bytes(dict(_read(_bytes(value))).get(1, b""))
    return json.loads(raw) if raw else None


def _base64(value: Any) -> str:
    return base64.b64encode(_bytes(value)).decode()


def _float(value: Any) -> float:
    return (
        float(struct.unpack("<d", value)[0]) if isinstance(value, bytes) and len(value) == 8 else float(value)
    )


SCALARS: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "bytes": _base64,
    "bool": bool,
    "int32": _signed,
    "int64": _signed,
    "float": _float,
    "quantity": _quantity,
    "intorstring": _int_or_string,
    "time": _time,
    "microtime": _microtime,
    "any": _any,
}


@cache
def numbers() -> dict[str, dict[str, Any]]:
    """Type -> field number -> field name, or the fields of a message that has no name of its own in JSON."""
    table: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("protobuf.json").read_bytes())
    return table
