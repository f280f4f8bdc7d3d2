"""Lines of a crontab: ``30 2 * * 1-5``, ``@daily``, ``@every 90s``; and when they are due next.

The text of a mistake is the one people will search for. Local times that a change of clocks skips are
never due; those that it repeats are due twice.

Kubernetes: github.com/robfig/cron (parser.go, spec.go), as pkg/controller/cronjob uses it
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Field(NamedTuple):
    """One of the five fields: its bounds, and the names that stand for numbers."""

    least: int
    most: int
    names: tuple[str, ...] = ()


MONTHS = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())
DAYS = tuple("sun mon tue wed thu fri sat".split())
FIELDS = (Field(0, 59), Field(0, 23), Field(1, 31), Field(1, 12, MONTHS), Field(0, 6, DAYS))
DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
YEARS = 5  # a schedule that is not due within so many years never is: 30 February
MINUTE = timedelta(minutes=1)


class Schedule(NamedTuple):
    """When something is due: minutes, hours ... that fit; or every so many seconds."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = False  # one of the two fields for days is a star: then both must fit, else either
    every: int = 0  # seconds

    def next(self, after: datetime, zone: tzinfo = UTC) -> datetime | None:
        """The first time later than `after`, in UTC; None when there is none."""
        after = after.astimezone(UTC).replace(microsecond=0)
        if self.every:
            return after + timedelta(seconds=self.every)
        t = after.replace(second=0) + MINUTE
        last = t.astimezone(zone).year + YEARS
        while (local := t.astimezone(zone)).year <= last:
            if not self._fits_day(local):
                tomorrow = datetime.combine(local.date() + timedelta(days=1), time(), zone)
                t = tomorrow.astimezone(UTC)
            elif local.hour not in self.hours:
                t += MINUTE * (60 - local.minute)
            elif local.minute not in self.minutes:
                t += MINUTE
            else:
                return t
        return None

    def _fits_day(self, local: datetime) -> bool:
        if local.month not in self.months:
            return False
        day, weekday = local.day in self.days, local.isoweekday() % 7 in self.weekdays
        return (day and weekday) if self.any_day else (day or weekday)


@lru_cache(maxsize=1024)
def parse(line: str) -> Schedule:
    """The schedule of a line; ValueError says what is wrong with it."""
    if not line:
        raise ValueError("empty spec string")
    if line.startswith("@every "):
        return Schedule(every=max(int(_duration(line)), 1))
    if line.startswith("@"):
        if line not in DESCRIPTORS:
            raise ValueError(f"unrecognized descriptor: {line}")
        line = DESCRIPTORS[line]
    words = line.split()
    if len(words) != len(FIELDS):
        raise ValueError(f"expected exactly {len(FIELDS)} fields, found {len(words)}: [{' '.join(words)}]")
    found = [_field(word, field) for word, field in zip(words, FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = (values for values, _ in found)
    return Schedule(minutes, hours, days, months, weekdays, any_day=found[2][1] or found[4][1])


def zone_of(name: str | None) -> tzinfo:
    """The time zone called `name`, or UTC. Raises ValueError when there is none of that name."""
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name}") from None


def _field(text: str, field: Field) -> tuple[frozenset[int], bool]:
    """The values of one field, and whether it is a star. Parts are joined by commas."""
    parts = [_part(part, field) for part in text.split(",") if part]
    return frozenset(n for values, _ in parts for n in values), any(star for _, star in parts)


def _part(text: str, field: Field) -> tuple[range, bool]:
    """``*``, ``5``, ``1-5``, each perhaps with a ``/step``."""
    span, *steps = text.split("/")
    ends = span.split("-")
    star = ends[0] in ("*", "?")
    if len(ends) > 2 and not star:
        raise ValueError(f"too many hyphens: {text}")
    start = field.least if star else _number(ends[0], field)
    end = field.most if star else _number(ends[-1], field)
    if len(steps) > 1:
        raise ValueError(f"too many slashes: {text}")
    step = _integer(steps[0]) if steps else 1
    if steps and len(ends) == 1:  # 5/15: from five on
        end = field.most
    _check(start, end, step, field, text)
    return range(start, end + 1, step), star and step == 1


def _check(start: int, end: int, step: int, field: Field, text: str) -> None:
    if start < field.least:
        raise ValueError(f"beginning of range ({start}) below minimum ({field.least}): {text}")
    if end > field.most:
        raise ValueError(f"end of range ({end}) above maximum ({field.most}): {text}")
    if start > end:
        raise ValueError(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if step == 0:
        raise ValueError(f"step of range should be a positive number: {text}")


def _number(text: str, field: Field) -> int:
    name = text.lower()
    return field.names.index(name) + field.least if name in field.names else _integer(text)


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
        why = f'strconv.Atoi: parsing "{text}": invalid syntax'
        raise ValueError(f"failed to parse int from {text}: {why}")
    if int(text) < 0:
        raise ValueError(f"negative number ({int(text)}) not allowed: {text}")
    return int(text)


UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_AMOUNT = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)", re.ASCII)


def _duration(line: str) -> float:
    """The seconds of ``@every 1h30m``."""
    text = line.removeprefix("@every ")
    amounts = _AMOUNT.findall(text)
    if "".join(n + unit for n, unit in amounts) != text or not amounts:
        raise ValueError(f'failed to parse duration {line}: time: invalid duration "{text}"')
    return sum(float(n) * UNITS[unit] for n, unit in amounts)
