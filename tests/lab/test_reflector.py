"""Exercises 03: other right answers are right, and stories are short."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.lab.checker import judge


@pytest.fixture(autouse=True)
def _no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8SLEARN_PROGRESS", "off")


def as_one_loop(api: Any, known: Any, version: Any) -> Any:
    """Right, and written another way: the list as a dict that is compared, versions as numbers."""
    if not version:
        answer = api.list()
        found = {obj["metadata"]["name"]: obj for obj in answer["items"]}
        for name in [name for name in known if name not in found]:
            del known[name]
        known.update(found)
        version = int(answer["metadata"]["resourceVersion"])
    for event in api.watch(version):
        match event["type"]:
            case "ERROR":
                version = None
            case "DELETED":
                known.pop(event["object"]["metadata"]["name"])
            case "ADDED" | "MODIFIED":
                known[event["object"]["metadata"]["name"]] = event["object"]
        if version:
            version = int(event["object"]["metadata"]["resourceVersion"])
    return version


def test_another_right_one_is_right_in_the_same_words() -> None:
    report = judge("03.2", as_one_loop)
    assert str(report) == (
        "✓ 03.2 Follow: right in 2407 cases: days on which up to 3 things happen, long ones"
    )


def test_the_story_is_the_shortest_there_is() -> None:
    def forgetful(api: Any, known: Any, version: Any) -> Any:
        answer = api.list()
        known.update({obj["metadata"]["name"]: obj for obj in answer["items"]})
        return answer["metadata"]["resourceVersion"]

    report = judge("03.2", forgetful)
    assert report.diagnosis is not None
    assert report.diagnosis.id == "begins anew each time"
    assert [line.text for line in report.story] == [
        "milk is created: @5",
        "you list: milk @5",
        "you list: milk @5",
    ]
    assert report.replay().text("log")


def test_who_never_stops_is_stopped() -> None:
    def for_ever(api: Any, known: Any, version: Any) -> Any:
        while True:
            for _ in api.watch(version or api.list()["metadata"]["resourceVersion"]):
                pass
            version = version or "5"

    report = judge("03.2", for_ever)
    assert report.state == "wrong"
    assert "still asking after 40 requests" in repr(report)


def test_an_empty_hole_is_not_wrong_but_open() -> None:
    assert judge("03.1", lambda known, found: None).state == "open"
    assert judge("03.2", lambda api, known, version: None).state == "open"


def test_order_does_not_matter_but_between_an_end_and_a_beginning() -> None:
    def backwards(known: Any, found: Any) -> Any:
        told = []
        for new in reversed(found):
            name, uid = new["metadata"]["name"], new["metadata"]["uid"]
            old = known.pop(name, None)
            if old and old["metadata"]["uid"] != uid:
                told += [("DELETED", old), ("ADDED", new)]
            elif old is None:
                told.append(("ADDED", new))
            elif old["metadata"]["resourceVersion"] != new["metadata"]["resourceVersion"]:
                told.append(("MODIFIED", new))
        return told + [("DELETED", old) for old in known.values()]

    assert judge("03.1", backwards).passed
