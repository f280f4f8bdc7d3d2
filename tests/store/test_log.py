"""The log: revisions, compare-and-swap, what an entry says, and what a read returns."""

from __future__ import annotations

import pytest

from k8slearn.store import Store
from k8slearn.store.log import Mismatch


def obj(name: str, **rest: object) -> dict[str, object]:
    return {"metadata": {"name": name}, **rest}


@pytest.fixture
def store() -> Store:
    return Store()


def test_one_revision_for_the_whole_store_not_per_object(store):
    a = store.put("pods", "default/a", obj("a"))
    b = store.put("services", "default/b", obj("b"))
    assert [o["metadata"]["resourceVersion"] for o in (a, b)] == ["1", "2"]
    assert store.revision == 2


def test_entries_say_what_happened_and_what_was_there_before(store):
    first = store.put("pods", "k", obj("a", n=1))
    second = store.put("pods", "k", obj("a", n=2))
    last = store.delete("pods", "k")
    assert [(e.revision, e.type) for e in store.log] == [(1, "ADDED"), (2, "MODIFIED"), (3, "DELETED")]
    assert [e.previous for e in store.log] == [None, first, second]
    assert last == {**second, "metadata": {**second["metadata"], "resourceVersion": "3"}}


@pytest.mark.parametrize(("expect", "passes"), [(1, True), (0, False), (2, False), (None, True)])
def test_compare_and_swap(store, expect, passes):
    current = store.put("pods", "k", obj("a"))
    if passes:
        assert store.put("pods", "k", obj("a"), expect)["metadata"]["resourceVersion"] == "2"
        return
    with pytest.raises(Mismatch) as failure:
        store.put("pods", "k", obj("a"), expect)
    assert failure.value.current is current
    assert store.revision == 1


def test_expecting_nothing_creates_once(store):
    store.put("pods", "k", obj("a"), expect=0)
    with pytest.raises(Mismatch):
        store.put("pods", "k", obj("a"), expect=0)


def test_deleting_under_the_same_condition(store):
    store.put("pods", "k", obj("a"))
    with pytest.raises(Mismatch):
        store.delete("pods", "k", expect=7)
    store.delete("pods", "k", expect=1)
    with pytest.raises(Mismatch) as failure:
        store.delete("pods", "k")
    assert failure.value.current is None
    assert store.revision == 2


def test_lists_are_in_order_of_keys_and_know_their_resource(store):
    for key in ("b/2", "a/9", "a/1"):
        store.put("pods", key, obj(key))
    store.put("services", "a/5", obj("a/5"))
    assert [o["metadata"]["name"] for o in store.list("pods")] == ["a/1", "a/9", "b/2"]
    assert (store.count("pods"), store.count("nothing"), store.list("nothing")) == (3, 0, [])


def test_state_is_a_copy(store):
    store.put("pods", "k", obj("a"))
    store.state()["pods"].clear()
    assert store.get("pods", "k") is not None
