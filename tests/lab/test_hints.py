"""Hints come one at a time, and after success the solution is offered."""

from __future__ import annotations

import pytest

from k8slearn.lab import progress
from k8slearn.lab.exercises import EXERCISES
from k8slearn.lab.hints import hint


@pytest.fixture(autouse=True)
def _progress(monkeypatch, tmp_path):
    monkeypatch.setenv("K8SLEARN_PROGRESS", str(tmp_path / "progress.json"))


def test_each_time_the_next_and_the_last_again():
    assert [hint("04.1").level for _ in range(4)] == [1, 2, 3, 3]
    assert hint("04.2").level == 1
    assert repr(hint("04.1", 1)).splitlines()[0] == "04.1 Everybody aboard, hint 1 of 3"


def test_a_level_can_be_asked_for_and_counts_for_nothing():
    assert hint("04.1", 3).text == EXERCISES["04.1"].words.hints[2]
    assert hint("04.1").level == 1
    with pytest.raises(ValueError, match="hints 1 to 3"):
        hint("04.1", 4)


def test_after_success_there_is_a_solution_to_compare_with():
    progress.solved("04.1")
    assert "solutions/04_the_control_loop.ipynb" in repr(hint("04.1"))
    assert hint("04.1", 2).level == 2
