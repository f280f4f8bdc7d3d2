"""What came back, second by second: how many were sent, how they ended, how long the good ones took, and by whom.

Each request counts in the second in which it was sent, however late its end is known. Latencies are kept in steps of
5 percent, so a second is some numbers and not a list of requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import ceil, exp, log
from typing import NamedTuple

OK = "ok"
REFUSED = "refused"  # nobody listens on that port; or the service has no endpoints
TIMED_OUT = (
    "timed out"  # no answer in time: a machine that is gone, a program that hangs, a queue that is too long
)
RESET = "reset"  # the program was killed over it
UNKNOWN_HOST = "unknown host"  # NXDOMAIN
STEP = log(1.05)


class Second:
    """Of one kind of requests."""

    def __init__(self) -> None:
        self.sent = 0
        self.ends: Counter[str] = Counter()
        self.steps: Counter[int] = Counter()  # latency -> how many
        self.pods: Counter[str] = Counter()  # who was asked

    def ended(self, how: str, latency: float = 0.0) -> None:
        self.ends[how] += 1
        if how == OK:
            self.steps[ceil(log(max(latency, 1e-6)) / STEP)] += 1


class Point(NamedTuple):
    """One second, or several, in figures. Latencies in seconds; 0 where nothing succeeded."""

    second: int
    sent: int
    ok: int
    errors: dict[str, int]
    p50: float
    p99: float
    pods: dict[str, int]

    @property
    def lost(self) -> int:
        return sum(self.errors.values())


def point(at: int, seconds: Iterable[Second]) -> Point:
    """Several seconds as one."""
    ends, steps, pods, sent = Counter[str](), Counter[int](), Counter[str](), 0
    for second in seconds:
        sent += second.sent
        ends += second.ends
        steps += second.steps
        pods += second.pods
    errors = {how: ends[how] for how in sorted(ends) if how != OK}
    return Point(at, sent, ends[OK], errors, quantile(steps, 0.5), quantile(steps, 0.99), dict(pods))


def quantile(steps: Counter[int], share: float) -> float:
    """The latency that this share of the requests did not exceed."""
    left = share * steps.total()
    for step in sorted(steps):
        left -= steps[step]
        if left <= 0:
            return round(exp(step * STEP), 4)
    return 0.0


def words(total: Point) -> str:
    """``500 requests: 498 ok (half within 20 ms, 99 % within 25 ms), 2 refused``"""
    errors = "".join(f", {count} {how}" for how, count in total.errors.items())
    took = f" (half within {_time(total.p50)}, 99 % within {_time(total.p99)})"
    under_way = total.sent - total.ok - total.lost
    waiting = f", {under_way} under way" if under_way else ""
    return f"{total.sent} requests: {total.ok} ok{took if total.ok else ''}{errors}{waiting}"


def _time(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"
