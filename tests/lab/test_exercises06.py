"""Exercises 06: other right answers are right, half an answer is open, and stories are short."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.objects import dig, labels_of, name_of, uid_of
from k8slearn.lab.checker import judge
from k8slearn.lab.exercises.choir import singer
from k8slearn.machinery import Controller, Done, Expectations


@pytest.fixture(autouse=True)
def _no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8SLEARN_PROGRESS", "off")


class OneList:
    """Right, and written another way: a key keeps its place in one list, and get passes over what is in work."""

    def __init__(self, clock: Any) -> None:
        self.clock, self.keys, self.busy = clock, [], []

    def add(self, key: str) -> None:
        if key not in self.keys:
            self.keys.append(key)

    def get(self) -> str | None:
        free = [key for key in self.keys if key not in self.busy]
        if not free:
            return None
        self.keys.remove(free[0])
        self.busy.append(free[0])
        return free[0]

    def done(self, key: str) -> None:
        self.busy.remove(key)


class SoonerWins(OneList):
    """As client-go does it: of two delays of a key, the sooner is kept."""

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self.later: dict[str, float] = {}

    def add_after(self, key: str, delay: float) -> None:
        due = self.clock.now + delay
        self.later[key] = min(due, self.later.get(key, due))

    def get(self) -> str | None:
        for key in [key for key, due in self.later.items() if due <= self.clock.now]:
            del self.later[key]
            self.add(key)
        return super().get()


def test_another_right_queue_is_right() -> None:
    report = judge("06.1", SoonerWins)
    assert report.passed, report
    assert str(report).endswith("histories of up to 5 deeds, long ones")


def test_half_a_queue_is_open_and_so_is_an_empty_one() -> None:
    assert judge("06.1", OneList).state == "open"
    assert judge("06.1", type("Empty", (), {"__init__": lambda self, clock: None})).state == "open"
    assert "needs a class" in judge("06.1", lambda clock: None).message


def test_the_story_of_a_wrong_queue_is_the_shortest_there_is() -> None:
    class Forgetful(SoonerWins):
        def add(self, key: str) -> None:
            if key not in self.busy:
                super().add(key)

    report = judge("06.1", Forgetful)
    assert report.diagnosis is not None
    assert report.diagnosis.id == "loses what comes during work"
    assert [line.text for line in report.story] == [
        "t=0: add(a)",
        "t=0: get() returns a",
        "t=0: add(a)",
        "t=0: done(a)",
        "t=0: get() returns None",
    ]


def test_a_queue_that_fails_late_is_told_shortly_too() -> None:
    class Tired(SoonerWins):
        taken = 0

        def get(self) -> str | None:
            self.taken += 1
            return super().get() if self.taken < 9 else None

    report = judge("06.1", Tired)
    assert report.state == "wrong"
    assert len(report.story) < 30


def test_the_houses_own_expectations_are_right() -> None:
    class Choirs(Controller):
        primary, owns = "choirs", ["pods"]

        def setup(self) -> None:
            self.known = Expectations()

        def on_change(self, change: Any) -> None:
            if change.type == "ADDED":
                for key in self.owners_of(change):
                    self.known.creation_seen(key)
            super().on_change(change)

        def reconcile(self, key: str) -> Done | None:
            choir = self.cache.get("choirs", key)
            if choir is None:
                return None
            if not self.known.satisfied(key, self.clock.now) and self.known.left(key, self.clock.now) > 270:
                return Done(again_in=self.known.left(key, self.clock.now) - 270, background=True)
            missing = choir["spec"]["voices"] - len(self.cache.owned_by(choir, "pods"))
            for made in range(1, missing + 1):
                self.client.create(singer(choir))
                self.known.expect(key, self.clock.now, creations=made)
            return None

    report = judge("06.2", Choirs)
    assert report.passed, report


def test_whoever_remembers_by_uid_is_right() -> None:
    class Choirs(Controller):
        primary, owns = "choirs", ["pods"]

        def setup(self) -> None:
            self.made: dict[str, float] = {}

        def reconcile(self, key: str) -> Done | None:
            choir = self.cache.get("choirs", key)
            if choir is None:
                return None
            known = {uid_of(pod) for pod in self.cache.list("pods")}
            self.made = {u: at for u, at in self.made.items() if u not in known and self.clock.now < at + 30}
            if self.made:
                return Done(again_in=30, background=True)
            for _ in range(choir["spec"]["voices"] - len(self.cache.owned_by(choir, "pods"))):
                self.made[uid_of(self.client.create(singer(choir)))] = self.clock.now
            return None

    report = judge("06.2", Choirs)
    assert report.passed, report


def test_waking_everybody_is_right_though_it_is_much() -> None:
    class Teams(Controller):
        primary, watches = "teams", ["pods"]

        def keys_for(self, change: Any) -> list[str]:
            return [f"default/{name_of(team)}" for team in self.cache.list("teams")]

        def reconcile(self, key: str) -> None:
            team = self.cache.get("teams", key)
            mine = [p for p in self.cache.list("pods") if labels_of(p).get("team") == name_of(team)]
            names = sorted(map(name_of, mine))
            if dig(team, "status", "members", default=[]) != names:
                self.client.update_status(team, members=names)

    report = judge("06.3", Teams)
    assert report.passed, report
