"""Exercises about a function: whatever is handed over, a report comes back, and it tells the smallest failing case."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.errors import Conflict, Expired
from k8slearn.lab import check, replay
from k8slearn.lab.checker import judge
from k8slearn.lab.exercises.lesson01 import Entry, Mismatch
from k8slearn.lab.exercises.lesson02 import apply, only_replicas, without_replicas
from k8slearn.lab.verdict import NotRight


@pytest.fixture(autouse=True)
def _no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8SLEARN_PROGRESS", "off")


def put(log: Any, key: str, value: str, expect: int | None = None) -> Any:
    at = max((entry.revision for entry in log if entry.key == key), default=0)
    if expect not in (None, at):
        raise Mismatch
    log.append(Entry(len(log) + 1, key, value))
    return len(log)


def test_another_right_one_is_right_in_the_same_words() -> None:
    one = judge("01.1", put)
    assert one.passed
    assert repr(one) == "✓ 01.1 Compare and swap: right in 624 cases: stories of up to 3 writes, long ones"


def test_a_failure_is_the_smallest_and_tells_its_story() -> None:
    def careless(log: Any, key: str, value: str, expect: int | None = None) -> int:
        log.append(Entry(len(log) + 1, key, value))
        return len(log)

    report = judge("01.1", careless)
    assert report.state == "wrong"
    assert len(report.story) == 1
    assert "Promise broken: whoever did not read the newest is refused" in repr(report)
    assert "step   1  ada writes tea on top of something older" in repr(report)
    assert "ada writes tea" in report._repr_html_()
    assert "replay()" not in repr(report)
    with pytest.raises(ValueError, match="no failing schedule to replay"):
        report.replay()


@pytest.mark.parametrize("thing", [..., 7, Conflict, "put"])
def test_what_is_no_function_is_told_kindly(thing: Any) -> None:
    report = judge("01.1", thing)
    assert report.state == "open"
    assert "needs a function that you have written" in repr(report)


def test_where_a_class_is_tried_nothing_else_is_taken() -> None:
    report = judge("14.2", lambda clock: None)
    assert report.state == "open"
    assert "needs a class that you have written" in repr(report)


@pytest.mark.parametrize("thing", [..., 7, put])
def test_what_is_no_text_is_told_kindly(thing: Any) -> None:
    report = judge("12.1", thing)
    assert report.state == "open"
    assert "check() needs a text, and got" in repr(report)


@pytest.mark.parametrize("text", ["", "7", "[]", "type: object", "type: {}", "{"])
def test_whatever_the_text_says_it_is_told_what_the_server_makes_of_it(text: str) -> None:
    for exercise in ("12.1", "12.2"):
        report = judge(exercise, text)
        assert report.state == "wrong"
        assert report.message


def test_an_unfinished_text_is_not_wrong_but_open() -> None:
    assert judge("12.1", "type: object\n...  # TODO: the rest\n").state == "open"


def test_an_empty_hole_is_not_wrong_but_open() -> None:
    assert "not solved yet" in repr(judge("01.2", lambda log, key, place, compacted: None))
    assert judge("02.1", lambda client: None).state == "open"
    assert judge("02.3", lambda client, mine: None).state == "open"


def test_a_slip_names_its_line() -> None:
    def slips(log: Any, key: str, place: int, compacted: int) -> Any:
        return log.nothing

    report = judge("01.2", slips)
    assert report.diagnosis is not None
    assert report.diagnosis.id == "a mistake in the code"
    assert "return log.nothing" in repr(report)


def test_what_never_ends_is_stopped() -> None:
    def spins(log: Any, key: str, place: int, compacted: int) -> Any:
        while place < 1_000_000:
            pass

    report = judge("01.2", spins)
    assert report.diagnosis is not None
    assert report.diagnosis.id == "never ends"

    def asks(client: Any) -> None:
        while True:
            client.get("configmaps", "default/visits")

    assert "still trying after 30 requests" in repr(judge("02.1", asks))


def test_a_merge_patch_on_what_was_read_counts_as_well() -> None:
    def by_patch(client: Any) -> None:
        while True:
            book = client.get("configmaps", "default/visits")
            count = str(int(book["data"]["count"]) + 1)
            version = {"resourceVersion": book["metadata"]["resourceVersion"]}
            try:
                client.patch(
                    "configmaps", "default/visits", patch={"metadata": version, "data": {"count": count}}
                )
                return
            except Conflict:
                pass

    assert judge("02.1", by_patch).passed


def test_a_watcher_who_lists_is_no_reader() -> None:
    def always_expired(log: Any, key: str, place: int, compacted: int) -> Any:
        raise Expired("list again")

    report = judge("01.2", always_expired)
    assert report.diagnosis is not None
    assert report.diagnosis.id == "gives up too early"


def test_the_failing_history_can_be_walked_through_on_the_tape() -> None:
    def forgets_the_others(client: Any, mine: Any) -> None:
        apply(client, without_replicas(mine), manager="team")
        apply(client, only_replicas(3), manager="autoscaler")

    with pytest.raises(NotRight):
        check("02.3", forgets_the_others)
    world = replay()
    assert "~   replicas: 3   (was 1)" in world.text("log")
    world.back()
    assert "~   replicas: 1   (was 3)" in world.text("log")


def test_a_moment_of_a_rollout_can_be_looked_at_on_the_map() -> None:
    def believes(deployment: Any) -> bool:
        return bool(deployment.get("status", {}).get("availableReplicas") == deployment["spec"]["replicas"])

    for _ in range(2):  # looking at it changes nothing for the next one
        report = judge("02.2", believes)
        assert report.panel == "map"
        assert "believes an old status" in repr(report.diagnosis)
        assert report.replay().text("map")
