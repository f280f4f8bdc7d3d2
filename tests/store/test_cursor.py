"""Watching: a cursor reads at its own pace, from any revision that has not been compacted away."""

from __future__ import annotations

import pytest

from k8slearn.api.errors import Expired
from k8slearn.store import Cursor, Store

PODS = ("pods",)


def write(store: Store, key: str, node: str = "") -> None:
    store.put("pods", key, {"metadata": {"name": key}, "spec": {"nodeName": node} if node else {}})


def revisions(cursor: Cursor) -> list[int]:
    found = []
    while (entry := cursor.take()) is not None:
        found.append(entry.revision)
    return found


@pytest.fixture
def store(empty: Store) -> Store:
    """Five writes to pods, and between them one to something else."""
    store = empty
    for key in "abc":
        write(store, key)
    store.put("services", "s", {"metadata": {"name": "s"}})
    for key in "ab":
        write(store, key)
    return store


def test_reads_everything_after_a_revision_and_then_what_comes(store):
    cursor = store.watch(PODS, 2)
    assert revisions(cursor) == [3, 5, 6]
    assert cursor.take() is None
    write(store, "z")
    assert revisions(cursor) == [7]


def test_peek_leaves_the_entry_in_place(store):
    cursor = store.watch(PODS, 2)
    assert (cursor.peek().revision, cursor.peek().revision, cursor.revision) == (3, 3, 2)
    assert (cursor.take().revision, cursor.revision) == (3, 3)


def test_lag_counts_only_what_this_reader_waits_for(store):
    cursor = store.watch(PODS, 2)
    assert cursor.lag == 3
    cursor.take()
    assert cursor.lag == 2
    store.put("services", "t", {"metadata": {"name": "t"}})
    assert cursor.lag == 2
    write(store, "z")
    assert cursor.lag == 3


def test_readers_do_not_disturb_each_other(store):
    slow, fast = store.watch(PODS, 0), store.watch(PODS, 0)
    assert revisions(fast) == [1, 2, 3, 5, 6]
    assert slow.peek().revision == 1


def test_seek_goes_back_and_forth(store):
    cursor = store.watch(PODS, 0)
    revisions(cursor)
    cursor.seek(3)
    assert revisions(cursor) == [5, 6]
    cursor.seek(6)
    assert cursor.peek() is None


# --- topics by field -------------------------------------------------------------------------


def test_a_topic_holds_only_the_entries_of_its_value(empty):
    store = empty
    cursor = store.watch(("pods", "spec.nodeName", "node-1"), 0)
    write(store, "here", "node-1")
    write(store, "there", "node-2")
    write(store, "nowhere")
    assert revisions(cursor) == [1]


def test_an_object_that_moves_is_told_to_both_readers(empty):
    store = empty
    readers = [store.watch(("pods", "spec.nodeName", node), 0) for node in ("node-1", "node-2")]
    write(store, "a", "node-1")
    write(store, "a", "node-2")
    assert [revisions(r) for r in readers] == [[1, 2], [2]]


def test_a_deletion_is_told_to_the_node_that_had_the_pod(empty):
    store = empty
    cursor = store.watch(("pods", "spec.nodeName", "node-1"), 0)
    write(store, "a", "node-1")
    store.delete("pods", "a")
    assert revisions(cursor) == [1, 2]


# --- compaction ------------------------------------------------------------------------------


def test_a_cursor_that_is_behind_expires_and_one_that_has_caught_up_lives_on(store):
    behind, caught_up = store.watch(PODS, 0), store.watch(PODS, 6)
    store.compact(6)
    with pytest.raises(Expired, match=r"too old resource version: 0 \(6\)"):
        behind.peek()
    with pytest.raises(Expired):
        behind.take()
    assert caught_up.peek() is None
    write(store, "z")
    assert revisions(caught_up) == [7]


def test_a_cursor_behind_the_compaction_but_before_nothing_that_it_missed_lives_on(store):
    """Only what *this* reader would miss counts: revision 4 was not about pods."""
    cursor = store.watch(PODS, 3)
    store.compact(4)
    assert revisions(cursor) == [5, 6]


def test_a_new_watch_from_before_the_compaction_is_refused(store):
    store.compact(4)
    assert revisions(store.watch(PODS, 4)) == [5, 6]
    with pytest.raises(Expired) as refusal:
        store.watch(PODS, 3)
    assert (refusal.value.code, refusal.value.reason) == (410, "Expired")


def test_compaction_keeps_objects_never_goes_back_and_never_ahead(store):
    before = store.state()
    store.compact(4)
    store.compact(2)
    assert store.compacted == 4
    store.compact(1000)
    assert store.compacted == store.revision == 6
    assert store.state() == before


def test_places_stay_right_when_entries_are_forgotten(store):
    cursor = store.watch(PODS, 3)
    store.compact(3)
    assert cursor.lag == 2
    assert cursor.take().revision == 5
    store.compact(5)
    write(store, "z")
    assert (cursor.lag, cursor.peek().revision) == (2, 6)
    assert revisions(cursor) == [6, 7]
    cursor.seek(6)
    assert revisions(cursor) == [7]


# --- bells -----------------------------------------------------------------------------------


def test_a_bell_rings_for_writes_to_its_topic_until_the_cursor_is_closed(empty):
    store, rung = empty, []
    cursor = store.watch(("pods", "spec.nodeName", "node-1"), 0, lambda: rung.append(store.revision))
    write(store, "a", "node-1")
    write(store, "b", "node-2")
    assert rung == [1]
    cursor.close()
    write(store, "c", "node-1")
    assert rung == [1]
