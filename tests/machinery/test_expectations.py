"""Remembering what is on its way, until it has been seen or five minutes have passed."""

from __future__ import annotations

from k8slearn.machinery import Expectations


def test_creations_are_counted():
    expected = Expectations()
    expected.expect("k", 0.0, creations=2)
    assert not expected.satisfied("k", 0.0)
    expected.creation_seen("k")
    assert not expected.satisfied("k", 0.0)
    expected.creation_seen("k")
    assert expected.satisfied("k", 0.0)


def test_deletions_are_told_apart_because_one_may_be_heard_of_twice():
    expected = Expectations()
    expected.expect("k", 0.0, deletions=frozenset({"u1", "u2"}))
    for uid in ("u1", "u1", "other"):
        expected.deletion_seen("k", uid)
    assert not expected.satisfied("k", 0.0)
    expected.deletion_seen("k", "u2")
    assert expected.satisfied("k", 0.0)


def test_keys_do_not_wait_for_each_other():
    expected = Expectations()
    expected.expect("k", 0.0, creations=1)
    assert expected.satisfied("other", 0.0)
    expected.creation_seen("other")
    assert not expected.satisfied("k", 0.0)


def test_patience_ends_after_five_minutes():
    expected = Expectations()
    expected.expect("k", 10.0, creations=1)
    assert not expected.satisfied("k", 309.9)
    assert expected.left("k", 309.0) == 1.0
    assert expected.satisfied("k", 310.0)


def test_more_than_expected_is_as_good():
    expected = Expectations()
    expected.expect("k", 0.0, creations=1)
    expected.creation_seen("k")
    expected.creation_seen("k")
    assert expected.satisfied("k", 0.0)


def test_forgetting():
    expected = Expectations()
    expected.expect("k", 0.0, creations=1)
    expected.forget("k")
    assert expected.satisfied("k", 0.0)
