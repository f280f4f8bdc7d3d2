"""The queue of keys: fair, without duplicates, with delays and with a backoff that doubles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.machinery import WorkQueue
from tests.fakes import Clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(clock):
    return WorkQueue(clock)


def drain(queue: WorkQueue) -> list[str]:
    found = []
    while queue.ready:
        key, _ = queue.get()
        queue.done(key)
        found.append(key)
    return found


def test_first_come_first_served(queue):
    for key in ("b", "a", "c"):
        queue.add(key)
    assert drain(queue) == ["b", "a", "c"]


def test_ten_changes_are_one_entry(queue):
    for _ in range(10):
        queue.add("a")
    assert len(queue) == 1
    assert drain(queue) == ["a"]


def test_what_changes_while_it_is_worked_on_comes_back_afterwards(queue):
    queue.add("a")
    key, _ = queue.get()
    queue.add("a")
    queue.add("b")
    assert len(queue) == 1, "nobody else may be handed a key that is being worked on"
    queue.done(key)
    assert drain(queue) == ["b", "a"]


def test_what_does_not_change_does_not_come_back(queue):
    queue.add("a")
    queue.done(queue.get()[0])
    assert len(queue) == 0


def test_an_empty_queue(queue):
    with pytest.raises(IndexError):
        queue.get()


# --- later -----------------------------------------------------------------------------------


def test_a_delay(queue, clock):
    queue.add_after("a", 10)
    clock.now = 9.999
    assert queue.fire() == []
    clock.now = 10
    assert [t.key for t in queue.fire()] == ["a"]
    assert drain(queue) == ["a"]


def test_no_delay_is_now(queue):
    queue.add_after("a", 0)
    assert drain(queue) == ["a"]


def test_timers_fire_in_order_of_their_time(queue, clock):
    for key, delay in (("c", 3), ("a", 1), ("b", 2)):
        queue.add_after(key, delay)
    clock.now = 5
    queue.fire()
    assert drain(queue) == ["a", "b", "c"]


def test_a_key_that_was_asked_for_later_and_now_is_there_once(queue, clock):
    queue.add_after("a", 1)
    clock.now = 1
    queue.add("a")
    queue.fire()
    assert drain(queue) == ["a"]


def test_asking_for_a_look_later_and_later_keeps_the_earliest_only(queue, clock):
    """Kubernetes: a key waits once in the delaying queue. Else each reconcile would leave a timer behind."""
    for delay in (10, 20, 30, 10):
        queue.add_after("a", delay)
    assert len(queue.timers) == 1
    queue.add_after("a", 5)
    clock.now = 5
    assert [t.key for t in queue.fire()] == ["a"]


def test_a_look_that_is_awaited_is_not_lost_in_one_that_is_not(queue):
    queue.add_after("a", 10, background=True)
    queue.add_after("a", 20)
    assert {(t.due, t.background) for t in queue.timers} == {(10, True), (20, False)}


def test_a_look_that_nobody_needs_any_more_is_cancelled(queue, clock):
    queue.add_after("a", 10)
    queue.add_after("a", 20, background=True)
    queue.add_after("b", 15)
    queue.cancel("a")
    queue.cancel("never asked for")
    clock.now = 30
    assert [(t.key, t.background) for t in queue.fire()] == [("b", False), ("a", True)]


# --- backoff ---------------------------------------------------------------------------------


def test_the_delay_doubles_from_5_ms_to_1000_s_and_starts_again_after_success(queue):
    delays = [queue.retry("a") for _ in range(25)]
    assert delays[:4] == [0.005, 0.01, 0.02, 0.04]
    assert delays[17:20] == [655.36, 1000.0, 1000.0]
    assert queue.retry("b") == 0.005, "each key for itself"
    queue.forget("a")
    assert queue.retry("a") == 0.005


def test_a_key_that_never_succeeds_can_fail_for_ever(queue):
    queue.failures["a"] = 5000
    assert queue.retry("a") == 1000.0


# --- causes ----------------------------------------------------------------------------------


def test_a_key_remembers_the_steps_that_put_it_there(queue, clock):
    for step in (3, 5, 5):
        clock.step = step
        queue.add("a")
    assert queue.get() == ("a", [3, 5])
    clock.step = 8
    queue.add("a")
    queue.done("a")
    assert queue.get() == ("a", [8])


# --- against a model -------------------------------------------------------------------------

ACTIONS = st.lists(st.tuples(st.sampled_from(["add", "get", "done"]), st.sampled_from("abc")), max_size=40)


@given(ACTIONS)
def test_no_key_is_lost_doubled_or_held_twice(actions):
    """The model: a key added since it was last taken is waiting; a key taken and not done is held."""
    queue, waiting, held = WorkQueue(Clock()), set(), set()
    for action, key in actions:
        if action == "add":
            queue.add(key)
            waiting.add(key)
        elif action == "get" and queue.ready:
            taken, _ = queue.get()
            assert taken in waiting - held
            waiting.discard(taken)
            held.add(taken)
        elif action == "done" and key in held:
            queue.done(key)
            held.discard(key)
        assert sorted(queue.ready) == sorted(waiting - held)
