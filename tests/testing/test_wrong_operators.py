"""Each classic mistake is caught by the assertion that is meant for it, and its file replays to the same failure."""

from __future__ import annotations

import importlib
import queue
import re
import sys
from pathlib import Path

import pytest

import k8slearn.testing
from k8slearn.lab.frames import Selection, SimSource
from k8slearn.machinery import Controller
from k8slearn.sim.schedule import Schedule
from k8slearn.testing import OperatorFailure, replay
from tests.testing.scenes import KINDS, MAILBOXES, mailbox

WRONG = sorted(p.stem for p in (Path(__file__).parent / "wrong").glob("*.py"))

BECAUSE = {
    "always_writes": "everything was right, yet always-writes sent: patch",
    "counts_events": "3 are counted, and there are 2",
    "edits_the_cache": "this object is shared with the store and every cache",
    "every_state": "version 3 is wanted, and there is None",
    "forgets_its_finalizer": "does not go: it waits for the finalizer test.example.com/mailbox",
    "keeps_it_in_its_head": "Mailbox default/ada has 2 Secrets",
    "leaks": "2 boxes are rented for one mailbox",
    "no_owner": "it has no ownerReference, so nobody collects it",
    "ping_pong": "it does not run hot: counts-looks has reconciled default/ada 21 times",
    "same_bytes": "each of its moves comes to an end",
    "swallows_errors": "Mailbox default/ada has 0 Secrets",
    "takes_errors_for_absence": "Mailbox default/ada has 2 Secrets",
    "trusts_its_cache": "Mailbox default/ada has 2 Secrets",
    "two_minds": "it does not run hot: blue has reconciled default/ada 21 times",
    "waits": "each of its moves comes to an end",
}
WRONG_ON_A_CALM_DAY = {
    "always_writes",
    "edits_the_cache",
    "forgets_its_finalizer",
    "no_owner",
    "ping_pong",
    "two_minds",
    "waits",
}


def caught(name: str) -> OperatorFailure:
    module = importlib.import_module(f"tests.testing.wrong.{name}")
    with pytest.raises(OperatorFailure) as found:
        getattr(k8slearn.testing, module.CAUGHT_BY)(module.SCENARIO)
    return found.value


@pytest.mark.parametrize("name", WRONG)
def test_it_is_caught_and_its_file_replays_to_the_same_failure(name):
    scenario = importlib.import_module(f"tests.testing.wrong.{name}").SCENARIO
    found = caught(name)
    again = replay(found.path, scenario)
    assert again is not None
    assert (again.invariant, again.message) == (found.failure.invariant, found.failure.message)
    assert again.sim.trace.hash() == found.failure.sim.trace.hash()
    assert Schedule.load(found.path) == found.schedule
    assert found.failure.message in str(found)


@pytest.mark.parametrize("name", WRONG)
def test_it_is_caught_for_its_own_mistake_and_not_by_accident(name):
    found = caught(name).failure
    assert BECAUSE[name] in f"{found.invariant}: {found.message}"
    assert (found.schedule.size == 0) == (name in WRONG_ON_A_CALM_DAY)


def test_there_are_at_least_ten():
    assert len(WRONG) >= 10
    assert sorted(BECAUSE) == WRONG


def test_what_was_raised_is_shown_once_with_its_line():
    said = str(caught("edits_the_cache"))
    assert said.count("Traceback of the operator:") == 1
    assert 'edits_the_cache.py", line 14, in reconcile' in said


def test_who_waits_or_never_ends_is_stopped_and_the_line_is_named():
    assert "waits: one move has no end, at line 19: time.sleep(0.1)" in str(caught("waits"))
    assert re.search(r"same-bytes: one move has no end, at line \d+: ", str(caught("same_bytes")))
    assert sys.exc_info() == (None, None, None)


def test_who_waits_inside_of_a_library_is_named_by_a_line_of_its_own():
    class Blocks(Controller):
        primary = MAILBOXES

        def reconcile(self, key):
            queue.Queue().get()

    with pytest.raises(
        OperatorFailure, match=r"blocks: one move has no end, at line \d+: queue.Queue\(\).get"
    ):
        k8slearn.testing.assert_no_hot_loop(Blocks, given=mailbox(), kinds=KINDS)


def test_the_file_can_be_stepped_through_in_a_notebook():
    scenario = importlib.import_module("tests.testing.wrong.leaks").SCENARIO
    sim = replay(caught("leaks").path, scenario).sim
    source, last = SimSource(sim), sim.position
    source.back()
    assert source.frame(Selection())["step"] == last - 1
    assert source.step()
    assert source.frame(Selection())["step"] == last
