"""The log: revisions, compare-and-swap, what an entry says, and what a read returns."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.errors import Expired
from k8slearn.store import Store
from k8slearn.store.log import Mismatch


def obj(name: str, **rest: object) -> dict[str, object]:
    return {"metadata": {"name": name}, **rest}


@pytest.fixture
def store(empty: Store) -> Store:
    return empty


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
    assert list(store.resources()) == ["pods", "services"]


# --- parts of a list, and lists of earlier ------------------------------------------------------


@pytest.fixture
def filled(store: Store) -> Store:
    for key in ("b/2", "a-b/1", "a/9", "ab/1", "a/1", "a/5"):
        store.put("pods", key, obj(key))
    return store


def names(objects: list[Any]) -> list[str]:
    return [o["metadata"]["name"] for o in objects]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "a-b/1 a/1 a/5 a/9 ab/1 b/2"),
        ({"namespace": "a"}, "a/1 a/5 a/9"),
        ({"namespace": "a-b"}, "a-b/1"),
        ({"namespace": "none"}, ""),
        ({"after": "a/1"}, "a/5 a/9 ab/1 b/2"),
        ({"after": "a/3"}, "a/5 a/9 ab/1 b/2"),
        ({"namespace": "a", "after": "a/5"}, "a/9"),
        ({"namespace": "b", "after": "a/5"}, "b/2"),
        ({"namespace": "a", "after": "b/1"}, ""),
        ({"limit": 2}, "a-b/1 a/1"),
        ({"limit": 1, "namespace": "a", "after": "a/1"}, "a/5"),
        ({"limit": 9, "namespace": "b"}, "b/2"),
    ],
)
@pytest.mark.parametrize("changed_since", [False, True])
def test_a_part_of_a_list_of_now_and_of_earlier(filled, changed_since, asked, expected):
    at = filled.revision if changed_since else 0
    if changed_since:
        filled.delete("pods", "a/5")
        filled.put("pods", "a/1", obj("changed"))
        filled.put("pods", "a/3", obj("new"))
        filled.put("pods", "a/3", obj("newer"))
        filled.delete("pods", "b/2")
        filled.put("pods", "b/2", obj("another"))
        filled.put("services", "a/5", obj("a/5"))
    assert names(filled.list("pods", at=at, **asked)) == expected.split()
    whole = {k: v for k, v in asked.items() if k != "limit"}
    assert filled.count("pods", at=at, **whole) == len(filled.list("pods", at=at, **whole))


def test_keys_that_come_and_go_stay_in_order(store):
    for n in range(100):
        store.put("pods", f"a/{n * 37 % 100:02}", obj(f"{n}"))
    for n in range(0, 100, 2):
        store.delete("pods", f"a/{n:02}")
    store.put("pods", "a/50", obj("again"))
    kept = sorted([*range(1, 100, 2), 50])
    assert [int(o["metadata"]["resourceVersion"]) for o in store.list("pods")] == [
        int(store.get("pods", f"a/{n:02}")["metadata"]["resourceVersion"]) for n in kept
    ]


def test_every_revision_can_be_listed_until_it_is_compacted(filled):
    assert [names(filled.list("pods", at=r)) for r in (1, 2, 3)] == [
        ["b/2"],
        ["a-b/1", "b/2"],
        ["a-b/1", "a/9", "b/2"],
    ]
    filled.compact(2)
    assert names(filled.list("pods", at=2)) == ["a-b/1", "b/2"]
    for read in (filled.list, filled.count):
        with pytest.raises(Expired, match=r"The resourceVersion for the provided list is too old\."):
            read("pods", at=1)


def test_state_is_a_copy(store):
    store.put("pods", "k", obj("a"))
    store.state()["pods"].clear()
    assert store.get("pods", "k") is not None


# --- forgetting ------------------------------------------------------------------------------


def test_what_is_compacted_leaves_memory_unless_history_is_kept(filled):
    for _ in range(100):
        filled.put("pods", "a/1", obj("a/1"))
    idle = filled.watch(("pods",), filled.revision)
    filled.compact(100)
    assert (filled.revision, filled.compacted) == (106, 100)
    assert len(filled.log) == (106 if filled.keep_history else 6)
    assert len(idle.topic.entries) == len(filled.log)
    assert filled.log[-1].revision == 106


def test_topics_that_nobody_reads_are_forgotten_and_read_ones_go_on():
    store = Store(keep_history=False)
    cursor = store.watch(("nodes", "metadata.name", "a"), 0)
    for n in range(50):
        store.watch(("nodes", "metadata.name", f"never-{n}"), 0).close()
    store.put("pods", "a/1", obj("a"))
    store.compact(1)
    assert len(store._topics) == 1
    store.put("nodes", "a", obj("a"))
    assert cursor.take().revision == 2


def test_a_store_that_forgets_cannot_be_rewound():
    with pytest.raises(RuntimeError, match="this store forgets its history, so it cannot go back"):
        Store(keep_history=False).mark()
