"""Scalars that travel as strings but mean more: times and bytes. Both are rewritten as Go would.

Every function raises ValueError in Go's words. Read `schema` for where they are used.

Kubernetes: apimachinery/pkg/apis/meta/v1/time.go, micro_time.go; Go: time.Parse, encoding/base64
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

_ZONE = (r"Z|[+-]\d\d:\d\d", "Z07:00")
_DATE = ((r"\d{4}", "2006"), ("-", "-"), (r"\d\d", "01"), ("-", "-"), (r"\d\d", "02"))
_CLOCK = (("T", "T"), (r"\d\d", "15"), (":", ":"), (r"\d\d", "04"), (":", ":"), (r"\d\d", "05"))
_SECONDS = (*_DATE, *_CLOCK, (r"(?:\.\d+)?", ""), _ZONE)
_MICROS = (*_DATE, *_CLOCK, (r"\.\d{6}", ".000000"), _ZONE)


@lru_cache(4096)  # the same few moments come by again and again
def time(text: str) -> str:
    """RFC 3339 in UTC, whole seconds: ``2026-01-31T12:00:00Z``."""
    return _moment(text, _SECONDS).isoformat(timespec="seconds") + "Z"


@lru_cache(4096)
def microtime(text: str) -> str:
    """RFC 3339 in UTC with six decimals; one without them is refused, as Kubernetes does."""
    return _moment(text, _MICROS).isoformat(timespec="microseconds") + "Z"


def _moment(text: str, layout: tuple[tuple[str, str], ...]) -> datetime:
    """The moment that is written in this layout, in UTC."""
    found = re.fullmatch("".join(f"({pattern})" for pattern, _ in layout), text, re.ASCII)
    if found is None:
        raise ValueError(f'parsing time "{text}"{_misfit(text, layout)}')
    try:
        return _utc(found.groups())
    except (ValueError, OverflowError):
        raise ValueError(f'parsing time "{text}": day out of range') from None


def _misfit(text: str, layout: tuple[tuple[str, str], ...]) -> str:
    """Which piece is the first that does not fit, read one by one."""
    rest, whole = text, "".join(name for _, name in layout)
    for pattern, name in layout:
        found = re.match(pattern, rest, re.ASCII)
        if not found:
            return f' as "{whole}": cannot parse "{rest}" as "{name}"'
        rest = rest[found.end() :]
    return f': extra text: "{rest}"'


def _utc(pieces: Sequence[str]) -> datetime:
    year, month, day, hour, minute, second = (int(pieces[i]) for i in (0, 2, 4, 6, 8, 10))
    micros = int((pieces[11][1:] + "000000")[:6])
    return datetime(year, month, day, hour, minute, second, micros) - _offset(pieces[12])


def _offset(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta()
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    return -offset if zone[0] == "-" else offset


def bytes64(text: str) -> str:
    """Base64 without line breaks."""
    try:
        return base64.b64encode(base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True)).decode()
    except ValueError:
        raise ValueError(f"illegal base64 data at input byte {_gives_up(text)}") from None


def _gives_up(text: str) -> int:
    """Where Go's decoder stops: at the first foreign character, or at the group of four left unfinished."""
    good = len(re.match(r"[A-Za-z0-9+/\r\n]*", text)[0])  # type: ignore[index]
    return good if good < len(text) else good - good % 4
