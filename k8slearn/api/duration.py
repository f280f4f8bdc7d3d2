"""How long something took or how old it is, as people read it: ``59s``, ``2m3s``, ``5h6m``, ``2d3h``, ``400d``.

Two figures at most: the longer it is, the coarser the answer. Column AGE of every table speaks like that.

Kubernetes: apimachinery/pkg/util/duration/duration.go (HumanDuration)
"""

from __future__ import annotations

from k8slearn.api.clock import seconds_of

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400
UNKNOWN, INVALID = "<unknown>", "<invalid>"

#: (below so many seconds, the unit, its letter, the smaller unit, its letter); "" names no smaller one.
STEPS = (
    (2 * MINUTE, 1, "s", 1, ""),
    (10 * MINUTE, MINUTE, "m", 1, "s"),
    (3 * HOUR, MINUTE, "m", 1, ""),
    (8 * HOUR, HOUR, "h", MINUTE, "m"),
    (2 * DAY, HOUR, "h", 1, ""),
    (8 * DAY, DAY, "d", HOUR, "h"),
    (2 * YEAR, DAY, "d", 1, ""),
    (8 * YEAR, YEAR, "y", DAY, "d"),
    (float("inf"), YEAR, "y", 1, ""),
)


def human_duration(seconds: float) -> str:
    """A duration in one or two units. Clocks may differ by less than two seconds; worse is ``<invalid>``."""
    whole = int(seconds)
    if whole < 0:
        return "0s" if whole == -1 else INVALID
    _, unit, letter, smaller, of = next(step for step in STEPS if whole < step[0])
    figure, rest = divmod(whole, unit)
    rest //= smaller
    return f"{figure}{letter}{rest}{of}" if of and rest else f"{figure}{letter}"


def since(timestamp: str | None, now: float) -> str:
    """How long ago that was; ``<unknown>`` where nothing is written."""
    return human_duration(now - seconds_of(timestamp)) if timestamp else UNKNOWN
