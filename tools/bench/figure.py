"""One measured thing, beside what is aimed at."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Figure(NamedTuple):
    """One line of the report. `met` is None where nothing is aimed at."""

    what: str
    value: str
    aim: str = "-"
    met: bool | None = None


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes, in wall seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median(work: Callable[[], object], times: int) -> float:
    return statistics.median(seconds(work) for _ in range(times))
