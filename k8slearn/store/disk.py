"""The same log in one SQLite file: what `put` has returned is in the file, whatever happens next.

Memory still answers every read; the file is written before memory, and read once, when it is opened. It has a
row for every write. Compaction deletes rows that later ones have replaced: those up to the compaction say what
was there then, those behind it are the history that watches may still ask for.

How safe: a write is one transaction in SQLite's write-ahead log. With ``synchronous="NORMAL"`` nothing is lost
when the process is killed; when the power fails, the last moments may be, never a half of one. ``"FULL"`` waits
for the disk at each write, as etcd does, and pays for it.

Kubernetes: etcd's mvcc/kvstore.go (restore, scheduleCompaction) and backend.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from k8slearn.api.errors import InternalError
from k8slearn.api.objects import freeze, revision_of
from k8slearn.store.log import Entry, Store

FORMAT = 1  # kept in the file as user_version
MARK = b"k8sl"  # kept in the file as application_id
PAGES_GIVEN_BACK = 1000  # to the file system, at most, at each compaction
TABLES = (
    "CREATE TABLE log (revision INTEGER PRIMARY KEY, type TEXT, resource TEXT, key TEXT, object TEXT)",
    "CREATE TABLE compacted (revision INTEGER)",
    "INSERT INTO compacted VALUES (0)",
    f"PRAGMA application_id = {int.from_bytes(MARK, 'big')}",
    f"PRAGMA user_version = {FORMAT}",
)

ADVICE = {
    "SQLITE_BUSY": "another process works with it; stop that one, or name another file",
    "SQLITE_CANTOPEN": "it cannot be opened; is there such a folder, and may you write to it?",
    "SQLITE_READONLY": "it may not be written; mend its permissions, or name another file",
}
DAMAGED = "it is damaged ({}); put a copy of it in its place, or move it away and start anew"


class StoreFileError(RuntimeError):
    """The file cannot be used. The message names it and says what to do; nothing in it was changed."""


class DiskStore(Store):
    """A store that is as it was when its file is opened again. Raises StoreFileError on opening.

    A write that the file refuses (a full disk) raises InternalError and has not happened.
    """

    def __init__(self, path: Path | str, *, synchronous: str = "NORMAL") -> None:
        super().__init__(keep_history=False)
        self.path = Path(path)
        check_whose(self.path)
        try:
            self._file = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise unusable(self.path, error) from error
        try:
            prepare(self._file, synchronous)
            self._load()
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            self._file.close()
            raise unusable(self.path, error) from error

    def close(self) -> None:
        self._file.close()

    def _append(self, entry: Entry) -> None:
        row = (*entry[:4], json.dumps(entry.object, separators=(",", ":")))
        try:
            self._file.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise InternalError(f"{self.path} could not be written: {error}") from error
        super()._append(entry)

    def _forget(self, revision: int) -> None:
        going = self.log[: revision - self.forgotten]
        doomed = [revision_of(entry.previous) for entry in going if entry.previous]
        doomed += [entry.revision for entry in going if entry.type == "DELETED"]
        try:
            with self._file:  # ends with a rollback when anything fails
                self._file.execute("BEGIN")
                self._file.executemany("DELETE FROM log WHERE revision = ?", ((r,) for r in doomed))
                self._file.execute("UPDATE compacted SET revision = ?", (revision,))
            self._file.execute(f"PRAGMA incremental_vacuum({PAGES_GIVEN_BACK})").fetchall()
        except sqlite3.Error as error:
            raise InternalError(f"{self.path} could not be compacted: {error}") from error
        super()._forget(revision)

    def _load(self) -> None:
        (self.compacted,) = self._file.execute("SELECT revision FROM compacted").fetchone()
        self.forgotten = self.compacted
        for revision, kind, resource, key, text in self._file.execute("SELECT * FROM log ORDER BY revision"):
            obj, previous = freeze(json.loads(text)), self.get(resource, key)
            entry = Entry(revision, kind, resource, key, obj, previous)
            if revision <= self.compacted:
                self._apply(entry)
            elif revision == self.revision + 1:
                super()._append(entry)
            else:
                raise ValueError(f"revision {self.revision + 1} is missing")


def prepare(file: sqlite3.Connection, synchronous: str) -> None:
    """Take the file for this process alone, look whether it is sound, and make its tables if it is new."""
    file.execute("PRAGMA locking_mode = EXCLUSIVE")
    file.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts only before there are tables
    with file:
        file.execute("BEGIN EXCLUSIVE")
        if file.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
            for statement in TABLES:
                file.execute(statement)
    (found,) = file.execute("PRAGMA user_version").fetchone()
    if found != FORMAT:
        raise ValueError(f"its format is {found}, and this program reads {FORMAT}")
    (verdict,) = file.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise ValueError(verdict)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute(f"PRAGMA synchronous = {synchronous}")


def check_whose(path: Path) -> None:
    """Raises StoreFileError unless the file is ours or there is none: SQLite is not let near anything else."""
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreFileError(f"{path} cannot be opened: {error.strerror}") from error
    if head and not (head.startswith(b"SQLite format 3\0") and head[68:72] == MARK):
        raise StoreFileError(
            f"{path} is not a store of k8slearn; nothing in it was changed: name another file"
        )


def unusable(path: Path, error: Exception) -> StoreFileError:
    name = getattr(error, "sqlite_errorname", "")
    known = (advice for code, advice in ADVICE.items() if name.startswith(code))
    return StoreFileError(f"{path} cannot be used: {next(known, DAMAGED.format(error))}")
