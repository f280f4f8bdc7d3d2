"""The store in a file: what comes back when it is opened again, and what it refuses to open."""

from __future__ import annotations

import contextlib
import gc
import sqlite3
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from k8slearn.api.errors import Expired, InternalError
from k8slearn.api.objects import SharedObjectError
from k8slearn.store import Entry, Store
from k8slearn.store.disk import DiskStore, StoreFileError

PODS = ("pods",)


def pod(name: str, node: str = "", **rest: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"nodeName": node} if node else {}, **rest}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def written(path: Path) -> Store:
    """Four writes, two objects left, and the file open."""
    store = DiskStore(path)
    store.put("pods", "d/a", pod("a", "n1"))
    store.put("services", "d/s", pod("s"))
    store.put("pods", "d/a", pod("a", "n2", note="ünïcode \ud800 \0", deep=[{"n": 1.5}, None, True, 2**70]))
    store.put("pods", "d/b", pod("b"))
    store.delete("pods", "d/b")
    return store


def reopened(store: Store) -> DiskStore:
    assert isinstance(store, DiskStore)
    store.close()
    return DiskStore(store.path)


def entries(store: Store, topic: tuple[str, ...], since: int) -> list[Entry]:
    cursor = store.watch(topic, since)
    return list(iter(cursor.take, None))


# --- coming back -----------------------------------------------------------------------------


def test_everything_is_there_again(path):
    store = written(path)
    state, log = store.state(), list(store.log)
    with contextlib.closing(reopened(store)) as again:
        assert again.revision == 5
        assert {r: o for r, o in again.state().items() if o} == {r: o for r, o in state.items() if o}
        assert again.log == log
        assert gc.isenabled()
        assert again.put("pods", "d/c", pod("c"))["metadata"]["resourceVersion"] == "6"


def test_watches_go_on_from_where_they_were(path):
    store = written(path)
    with contextlib.closing(reopened(store)) as again:
        assert [(e.revision, e.type) for e in entries(again, PODS, 1)] == [
            (3, "MODIFIED"),
            (4, "ADDED"),
            (5, "DELETED"),
        ]
        moved = entries(again, ("pods", "spec.nodeName", "n1"), 1)
        assert [e.revision for e in moved] == [3]  # it has left n1: the reader there hears of it
        assert [o["metadata"]["name"] for o in again.list("pods", at=4)] == ["a", "b"]


def test_objects_that_come_back_are_frozen(path):
    with contextlib.closing(reopened(written(path))) as again, pytest.raises(SharedObjectError):
        again.get("pods", "d/a")["deep"][0]["n"] = 2


@pytest.mark.parametrize("upto", range(1, 6))
def test_after_a_compaction_only_what_is_needed_is_in_the_file(path, upto):
    store = written(path)
    state, rest = store.state(), store.log[upto:]
    store.compact(upto)
    with contextlib.closing(reopened(store)) as again:
        assert (again.revision, again.compacted, again.log) == (5, upto, rest)
        assert again.get("pods", "d/a") == state["pods"]["d/a"]
        assert again.count("pods") == again.count("services") == 1
        with pytest.raises(Expired):
            again.watch(PODS, upto - 1)
    with contextlib.closing(sqlite3.connect(path)) as file:
        rows = {r for (r,) in file.execute("SELECT revision FROM log")}
    base = {1: {1}, 2: {1, 2}, 3: {2, 3}, 4: {2, 3, 4}, 5: {2, 3}}[upto]
    assert rows == base | set(range(upto + 1, 6))


def test_the_revision_survives_even_if_nothing_is_left(path):
    store = DiskStore(path)
    store.put("pods", "a", pod("a"))
    store.delete("pods", "a")
    store.compact(2)
    with contextlib.closing(reopened(store)) as again:
        assert (again.revision, again.log, list(again.resources())) == (2, [], [])


def test_compaction_gives_space_back_to_the_file_system(path):
    store = DiskStore(path)
    for _ in range(100):
        store.put("pods", "a", pod("a", text="x" * 20_000))
    store.compact(50)
    store = reopened(store)
    before = path.stat().st_size
    store.compact(100)
    store.close()
    assert path.stat().st_size < 200_000 < before


def test_another_thread_may_take_it_over(path):
    store = written(path)
    thread = Thread(target=lambda: store.put("pods", "d/c", pod("c")))
    thread.start()
    thread.join()
    assert store.revision == 6
    store.close()


# --- writes that fail ------------------------------------------------------------------------


def fill_up(store: DiskStore) -> None:
    """No page more: what a full disk looks like."""
    (pages,) = store._file.execute("PRAGMA page_count").fetchone()
    store._file.execute(f"PRAGMA max_page_count = {pages}")


def test_a_write_that_the_disk_refuses_has_not_happened(path):
    store = written(path)
    heard: list[int] = []
    store.watch(PODS, 5, lambda: heard.append(1))
    fill_up(store)
    with pytest.raises(InternalError, match=r"store\.db could not be written: database or disk is full"):
        store.put("pods", "d/big", pod("big", text="x" * 100_000))
    assert (store.revision, store.get("pods", "d/big"), heard) == (5, None, [])
    with contextlib.closing(reopened(store)) as again:
        assert (again.revision, again.get("pods", "d/big")) == (5, None)
        again.put("pods", "d/big", pod("big", text="x" * 100_000))


def test_what_is_not_json_is_written_nowhere(path):
    store = written(path)
    with pytest.raises(TypeError):
        store.put("pods", "d/odd", pod("odd", text=b"bytes"))
    assert (store.revision, store.get("pods", "d/odd")) == (5, None)
    store.close()


def test_a_compaction_that_fails_changes_nothing(path):
    store = written(path)
    store._file.execute("CREATE TRIGGER no BEFORE UPDATE ON compacted BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(InternalError, match="could not be compacted: no"):
        store.compact(4)
    assert (store.compacted, len(store.log)) == (0, 5)
    store.put("pods", "d/c", pod("c"))  # and no transaction was left open
    with contextlib.closing(reopened(store)) as again:
        assert (again.revision, again.compacted, len(again.log)) == (6, 0, 6)


# --- files that are refused ------------------------------------------------------------------


def test_a_file_in_use_is_refused_in_this_process_and_in_another(path):
    with contextlib.closing(written(path)):
        with pytest.raises(StoreFileError, match=r"store\.db cannot be used: another process works with it"):
            DiskStore(path)
        program = f"from k8slearn.store.disk import DiskStore; DiskStore({str(path)!r})"
        child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert "StoreFileError" in child.stderr
        assert "another process works with it" in child.stderr
    DiskStore(path).close()


def new_database(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE log (revision INTEGER)")


FOREIGN = {
    "text": lambda path: path.write_text("my thesis"),
    "one byte": lambda path: path.write_bytes(b"S"),
    "zeros": lambda path: path.write_bytes(bytes(8192)),
    "another database": new_database,
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_a_file_that_is_not_ours_is_refused_and_left_as_it_was(path, make):
    make(path)
    before = path.read_bytes()
    with pytest.raises(
        StoreFileError, match=r"store\.db is not a store of k8slearn; nothing in it was changed"
    ):
        DiskStore(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["store.db"]


def on_file(statement: str) -> Any:
    def change(path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path)) as file, file:
            file.execute(statement)

    return change


def overwrite(path: Path) -> None:
    """Every page but the first."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))


DAMAGE = {
    "other bytes": (overwrite, "it is damaged"),
    "cut off": (lambda p: p.write_bytes(p.read_bytes()[:4096]), "it is damaged"),
    "cut off in the header": (lambda p: p.write_bytes(p.read_bytes()[:80]), "it is damaged"),
    "a write is missing": (on_file("DELETE FROM log WHERE revision = 3"), "revision 3 is missing"),
    "not json": (on_file("UPDATE log SET object = '{' WHERE revision = 3"), "it is damaged"),
    "not an object": (on_file("UPDATE log SET object = '7' WHERE revision = 3"), "it is damaged"),
    "no compaction": (on_file("DELETE FROM compacted"), "it is damaged"),
    "no log": (on_file("DROP TABLE log"), "it is damaged"),
    "a later format": (on_file("PRAGMA user_version = 2"), "its format is 2, and this program reads 1"),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_refused_with_advice_and_left_as_it_was(path, damage, message):
    written(path).close()
    damage(path)
    before = path.read_bytes()
    with pytest.raises(StoreFileError, match=message) as refusal:
        DiskStore(path)
    assert str(path) in str(refusal.value)
    assert "move it away" in str(refusal.value)
    assert path.read_bytes() == before


def test_places_where_no_file_can_be(tmp_path):
    with pytest.raises(StoreFileError, match="cannot be opened: No such file or directory"):
        DiskStore(tmp_path / "none" / "store.db")
    with pytest.raises(StoreFileError, match="it cannot be read; is it a file"):
        DiskStore(tmp_path)


def test_nobody_else_may_read_the_file(path):
    with contextlib.closing(written(path)):
        modes = {p.name: p.stat().st_mode & 0o777 for p in path.parent.iterdir()}
    assert modes == {"store.db": 0o600, "store.db-wal": 0o600}


def test_a_file_that_was_left_amid_a_checkpoint_is_whole(path, tmp_path):
    """Its first page speaks already of pages that only the write-ahead log has."""
    store, created = written(path), path.stat().st_size
    for _ in range(20):
        store.put("pods", "d/c", pod("c", text="x" * 4096))
    left = tmp_path / "left.db"
    (tmp_path / "left.db-wal").write_bytes(Path(f"{path}-wal").read_bytes())
    state = store.state()
    store.close()
    left.write_bytes(path.read_bytes()[:created])
    with contextlib.closing(DiskStore(left)) as again:
        assert (again.revision, again.state()) == (25, state)


def test_an_empty_file_is_a_new_store(path):
    path.touch()
    with contextlib.closing(DiskStore(path)) as store:
        assert store.revision == 0
