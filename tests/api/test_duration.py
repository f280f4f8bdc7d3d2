"""Durations as people read them."""

from __future__ import annotations

import pytest

from k8slearn.api.clock import timestamp
from k8slearn.api.duration import human_duration, since

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-2.0, "<invalid>"),
        (-1.9, "0s"),
        (-0.1, "0s"),
        (0, "0s"),
        (59.9, "59s"),
        (119, "119s"),
        (2 * MINUTE, "2m"),
        (2 * MINUTE + 3, "2m3s"),
        (10 * MINUTE - 1, "9m59s"),
        (10 * MINUTE + 5, "10m"),
        (3 * HOUR - 1, "179m"),
        (3 * HOUR, "3h"),
        (5 * HOUR + 6 * MINUTE + 7, "5h6m"),
        (8 * HOUR + 59 * MINUTE, "8h"),
        (2 * DAY - 1, "47h"),
        (2 * DAY, "2d"),
        (2 * DAY + 3 * HOUR, "2d3h"),
        (8 * DAY + 5 * HOUR, "8d"),
        (400 * DAY, "400d"),
        (2 * 365 * DAY, "2y"),
        ((2 * 365 + 5) * DAY, "2y5d"),
        ((8 * 365 + 5) * DAY, "8y"),
    ],
)
def test_human_duration(seconds: float, expected: str) -> None:
    assert human_duration(seconds) == expected


def test_since() -> None:
    assert since(timestamp(10), 100.5) == "90s"
    assert since(timestamp(10), 0) == "<invalid>"
    assert since(None, 0) == since("", 0) == "<unknown>"
