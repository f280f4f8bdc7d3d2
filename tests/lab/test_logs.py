"""The store's log as a tape: entries, readers with their places, and what was there."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn import Simulation
from k8slearn.lab import store_log, studio
from k8slearn.lab.exercises.lesson02 import deployment
from k8slearn.lab.logs import READERS, SHOWN
from k8slearn.lab.panels import drawn, sheet_png
from k8slearn.lab.studio import Studio
from k8slearn.store import Store


def note(name: str, at: str) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": {"at": at}}


@pytest.fixture
def store() -> Store:
    store = Store()
    for name, at in (("tea", "four"), ("milk", "no"), ("tea", "five")):
        store.put("configmaps", f"default/{name}", note(name, at))
    return store


def log_of(world: Studio) -> dict[str, Any]:
    return world.frame()["log"]


def test_every_write_is_an_entry_and_the_newest_is_chosen(store: Store) -> None:
    log = log_of(store_log(store))
    assert [(e["revision"], e["mark"], e["key"]) for e in log["entries"]] == [
        (1, "+", "default/tea"),
        (2, "+", "default/milk"),
        (3, "~", "default/tea"),
    ]
    assert log["chosen"]["title"] == "@3 MODIFIED configmaps default/tea"
    assert ["~", "  at: five", "four"] in log["chosen"]["diff"]


def test_going_back_shows_what_was_there_then(store: Store) -> None:
    store.delete("configmaps", "default/milk")
    world = store_log(store)
    assert [each["key"] for each in log_of(world)["present"]] == ["default/tea"]
    world.back()
    assert [(p["key"], p["revision"]) for p in log_of(world)["present"]] == [
        ("default/tea", 3),
        ("default/milk", 2),
    ]
    world.goto(1)
    assert [each["key"] for each in log_of(world)["present"]] == ["default/tea"]


def test_at_the_newest_entry_it_stays_at_the_newest(store: Store) -> None:
    world = store_log(store)
    store.put("configmaps", "default/milk", note("milk", "yes"))
    assert world.frame()["step"] == 4
    world.goto(2)
    store.put("configmaps", "default/milk", note("milk", "much"))
    assert world.frame()["step"] == 2
    for newest in range(3, 6):
        assert world.step()
        assert (world.frame()["step"], world.notice) == (newest, "")
    assert not world.step()
    assert world.notice == "That was the newest entry."


def test_readers_have_places_of_their_own(store: Store) -> None:
    store.put("secrets", "default/door", note("door", "key"))
    quick, slow = store.watch(("configmaps",), 1), store.watch(("configmaps",), 0)
    quick.take()
    quick.take()
    readers = log_of(store_log(store, quick=quick, slow=slow))["readers"]
    assert [reader["cells"] for reader in readers] == [
        ["read", "read", "read", ""],
        ["waiting", "waiting", "waiting", ""],
    ]
    assert [(reader["revision"], reader["lag"]) for reader in readers] == [(3, 0), (0, 3)]


def test_compaction_expires_who_missed_something_and_nobody_else(store: Store) -> None:
    edge, late = store.watch(("configmaps",), 2), store.watch(("configmaps",), 1)
    store.compact(2)
    log = log_of(store_log(store, edge=edge, late=late))
    assert [entry["compacted"] for entry in log["entries"]] == [True, True, False]
    assert [reader["expired"] for reader in log["readers"]] == [False, True]
    assert [reader["cells"] for reader in log["readers"]] == [
        ["read", "read", "waiting"],
        ["read", "lost", "waiting"],
    ]
    text = store_log(store, late=late).text("log")
    assert "@1 + configmaps default/tea  (compacted)" in text
    assert "late at @1, expired: what comes next was compacted away  ●✕○" in text


def test_a_store_that_has_really_forgotten_can_be_shown() -> None:
    store = Store(keep_history=False)
    late = store.watch(("configmaps",), 0)
    for at in "abcd":
        store.put("configmaps", "default/tea", note("tea", at))
    store.compact(3)
    log = log_of(store_log(store, late=late))
    assert [entry["revision"] for entry in log["entries"]] == [4]
    assert log["readers"][0]["expired"]
    world = store_log(store)
    world.goto(1)
    assert log_of(world)["chosen"] is None
    assert "@1 is forgotten" in world.text("log")
    world.goto(0)
    assert world.frame()["title"] == "before the first write"


def test_of_a_long_log_only_a_part_is_shown() -> None:
    store = Store()
    for i in range(100):
        store.put("configmaps", f"default/n{i}", note(f"n{i}", "x"))
    world = store_log(store)
    assert len(log_of(world)["entries"]) == SHOWN
    assert log_of(world)["before"] == 100 - SHOWN
    world.goto(10)
    assert log_of(world)["entries"][0]["revision"] == 1
    world.goto(50)
    assert 50 in [entry["revision"] for entry in log_of(world)["entries"]]


def test_an_empty_log_is_no_error() -> None:
    assert "Nothing was ever written." in store_log(Store()).text("log")
    assert sheet_png(["log"], store_log(Store()).frame())


@pytest.fixture(scope="module")
def sim() -> Simulation:
    sim = Simulation(nodes=1)
    sim.create(deployment(replicas=1))
    sim.run(until=lambda sim: sim.store.count("pods") == 1)
    return sim


def test_in_a_simulation_the_informers_read_and_entries_name_their_writers(sim: Simulation) -> None:
    log = log_of(studio(sim))
    pod = next(entry for entry in log["entries"] if entry["resource"] == "pods")
    assert pod["who"] == "replicaset-controller"
    assert sim.trace[pod["step"]].player == "replicaset-controller"
    assert len(log["readers"]) == READERS
    assert log["more"] > 0
    assert log["readers"][0]["lag"] == max(reader["lag"] for reader in log["readers"])


def test_whoever_is_selected_is_the_reader_that_is_shown(sim: Simulation) -> None:
    world = studio(sim)
    world.select(player="default-scheduler")
    assert {r["name"].partition(":")[0] for r in log_of(world)["readers"]} == {"default-scheduler"}


def test_a_notebook_keeps_only_the_parts_that_its_panels_draw(sim: Simulation) -> None:
    frame = studio(sim).frame()
    assert "log" not in drawn(["map", "loop"], frame)
    assert drawn(["map", "log"], frame)["log"] == frame["log"]
