"""When a live store forgets: by age, and by number."""

from __future__ import annotations

import pytest

from k8slearn.store import Store
from k8slearn.store.compaction import Compactor


@pytest.fixture
def store() -> Store:
    return Store(keep_history=False)


def write(store: Store, times: int) -> None:
    for _ in range(times):
        store.put("pods", "a", {"metadata": {"name": "a"}})


def test_forgets_what_was_written_five_minutes_ago(store):
    compactor = Compactor(store)
    for now in range(0, 600, 10):
        write(store, 1)
        compactor.tick(float(now))
        assert store.compacted == max(0, now - 300 + 10) // 10
    assert len(store.log) == 30


def test_an_idle_store_forgets_everything_but_its_objects(store):
    compactor = Compactor(store, seconds=60)
    write(store, 5)
    for now in (0.0, 59.0, 60.0):
        compactor.tick(now)
        assert store.compacted == (5 if now == 60 else 0)
    assert (store.log, store.count("pods")) == ([], 1)


def test_holds_no_more_than_so_many_entries_however_young(store):
    compactor = Compactor(store, most_entries=100)
    write(store, 250)
    compactor.tick(1.0)
    assert (store.compacted, len(store.log)) == (150, 100)


def test_both_bounds_hold_at_once(store):
    compactor = Compactor(store, seconds=60, most_entries=100)
    write(store, 10)
    compactor.tick(0.0)
    write(store, 200)
    compactor.tick(60.0)
    assert store.compacted == 110
    assert Compactor(store, seconds=0).tick(61.0) is None
    assert store.compacted == 210
