"""No move of a controller runs for ever, and what runs long enough is told by line."""

from __future__ import annotations

import re

import pytest

from k8slearn.api import scalars
from k8slearn.sim.guard import BUDGET, Budget, Endless, WrongAnswer, guarded, line_of
from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Schedule
from k8slearn.sim.trial import ENDS, RAISES
from tests.sim.trials import EXACT, Naive, trial


class Waits(Naive):
    def reconcile(self, key: str) -> None:
        while not self.cache.owned_by(self.cache.get("replicasets", key), "pods"):
            pass


class WaitsInAHandler(Naive):
    def on_change(self, change) -> None:
        while True:
            self.cache.list("pods")


class CatchesEverything(Naive):
    def reconcile(self, key: str) -> None:
        while True:
            try:
                self.client.create({"apiVersion": "v1", "kind": "Nonsense"})
            except Exception:
                continue


class OnOneLine(Naive):
    def reconcile(self, key: str) -> None:
        # fmt: off
        while True: pass  # noqa: E701
        # fmt: on


@pytest.mark.parametrize("controller", [Waits, WaitsInAHandler, CatchesEverything, OnOneLine])
def test_an_endless_move_is_stopped_and_its_line_named(controller):
    failure = Play(trial(guarded(controller), EXACT), Schedule()).run()
    assert failure.invariant == ENDS
    assert isinstance(failure.error, Endless)
    assert "has no end, at line" in failure.message
    assert failure.sim.position == len(failure.sim.trace)


def test_stopping_depends_on_no_clock():
    messages = {Play(trial(guarded(Waits), EXACT), Schedule()).run().message for _ in range(3)}
    assert len(messages) == 1
    assert "while not self.cache.owned_by" in messages.pop()


class Answers(Naive):
    def reconcile(self, key: str) -> int:  # type: ignore[override]
        return 5


def test_a_meaningless_answer_is_an_error():
    failure = Play(trial(guarded(Answers), EXACT), Schedule()).run()
    assert failure.invariant == RAISES
    assert isinstance(failure.error, WrongAnswer)


class Slips(Naive):
    def reconcile(self, key: str) -> None:
        self.cash.get("replicasets", key)


def test_the_line_of_a_slip_is_found():
    failure = Play(trial(guarded(Slips), EXACT), Schedule()).run()
    assert line_of(failure.error).endswith('self.cash.get("replicasets", key)')


def test_a_guarded_controller_keeps_its_name_and_does_its_work():
    assert guarded(Naive)().full_name == Naive().full_name
    assert Play(trial(guarded(Naive), EXACT), Schedule()).run() is None


def test_what_the_house_does_in_libraries_is_not_held_against_anybody():
    """Compiling a pattern takes thousands of lines, and nobody can help it that we look for one."""
    budget = Budget()
    with budget:
        for _ in range(5):
            re.purge()
            scalars.time("2026-01-01T00:00:00Z")
    assert budget.left > BUDGET - 100


def compiles() -> None:
    re.purge()
    re.compile(r"(\d+)-(\d+)")


def test_what_somebody_does_in_libraries_is_counted():
    budget = Budget()
    with budget:
        compiles()
    assert budget.left < BUDGET - 100
