"""Lines of a crontab: when they are due, and what is wrong with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api import cron


def due(line: str, after: str, zone: str = "", count: int = 1) -> list[str]:
    schedule, moment, found = cron.parse(line), datetime.fromisoformat(f"{after}+00:00"), []
    for _ in range(count):
        moment = schedule.next(moment, cron.zone_of(zone))
        found.append(moment.strftime("%Y-%m-%d %H:%M:%S"))
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("* * * * *", "2026-01-01 00:01:00"),
        ("30 2 * * *", "2026-01-01 02:30:00"),
        ("*/20 * * * *", "2026-01-01 00:20:00"),
        ("5/20 * * * *", "2026-01-01 00:05:00"),
        ("0 9-17/4 * * *", "2026-01-01 09:00:00"),
        ("0 0 * * 1", "2026-01-05 00:00:00"),
        ("0 0 * * sun", "2026-01-04 00:00:00"),
        ("0 0 1,15 * *", "2026-01-15 00:00:00"),
        ("0 0 15 * FRI", "2026-01-02 00:00:00"),  # either of the two
        ("0 0 29 feb *", "2028-02-29 00:00:00"),
        ("@monthly", "2026-02-01 00:00:00"),
        ("@every 1h30m", "2026-01-01 01:30:05"),
    ],
)
def test_next(line, expected):
    assert due(line, "2026-01-01 00:00:05") == [expected]


def test_never():
    assert cron.parse("0 0 30 2 *").next(datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_a_time_that_the_clocks_skip_is_not_due_and_one_that_they_repeat_is_due_twice():
    assert due("30 2 * * *", "2026-03-28 12:00:00", "Europe/Berlin") == ["2026-03-30 00:30:00"]
    assert due("30 2 * * *", "2026-10-24 12:00:00", "Europe/Berlin", 2) == [
        "2026-10-25 00:30:00",
        "2026-10-25 01:30:00",
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "empty spec string"),
        ("* * *", "expected exactly 5 fields, found 3: [* * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("9-5 * * * *", "beginning of range (9) beyond end of range (5): 9-5"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("@often", "unrecognized descriptor: @often"),
        ("@every day", 'failed to parse duration @every day: time: invalid duration "day"'),
    ],
)
def test_mistakes(line, why):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared
        cron.parse(line)
    assert str(caught.value) == why


def test_unknown_zones():
    with pytest.raises(ValueError, match="unknown time zone Europe/Atlantis"):
        cron.zone_of("Europe/Atlantis")


FIELD = st.sampled_from(["*", "*/7", "3", "1-4", "2,5", "1-6/2"])


@given(st.lists(FIELD, min_size=5, max_size=5), st.integers(0, 400 * 24 * 60))
def test_what_comes_next_fits_and_nothing_between_does(fields, minutes):
    """Compared with looking at each of the next hundred minutes."""
    schedule = cron.parse(" ".join(fields))
    after = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    found = schedule.next(after)
    assert found is not None
    for i in range(1, 100):
        t = after + timedelta(minutes=i)
        assert schedule.next(t - timedelta(seconds=1)) == (
            t if t == found else schedule.next(t - timedelta(1e-5))
        )
        if t == found:
            break
        assert t < found
