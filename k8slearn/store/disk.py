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

import contextlib
import gc
import json
import sqlite3
from pathlib import Path

from k8slearn.api.errors import InternalError
from k8slearn.api.objects import freeze, revision_of
from k8slearn.store.log import Entry, Store

FORMAT = 1  # kept in the file as user_version
MARK = int.from_bytes(b"k8sl", "big")  # kept in the file as application_id
PAGES_GIVEN_BACK = 1000  # to the file system, at most, at each compaction
TABLES = (
    "CREATE TABLE log (revision INTEGER PRIMARY KEY, type TEXT, resource TEXT, key TEXT, object TEXT)",
    "CREATE TABLE compacted (revision INTEGER)",
    "INSERT INTO compacted VALUES (0)",
    f"PRAGMA application_id = {MARK}",
    f"PRAGMA user_version = {FORMAT}",
)

ADVICE = {  # by the beginning of SQLite's name for the error; the first that fits
    "SQLITE_BUSY": "another process works with it; stop that one, or name another file",
    "SQLITE_CANTOPEN": "it cannot be opened; is there such a folder, and may you write to it?",
    "SQLITE_IOERR_LOCK": "it cannot be locked; may you write to it, and does its file system know locks?",
    "SQLITE_IOERR": "it cannot be read; is it a file, and the disk sound?",
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
        self._file = connect(self.path)
        collecting = gc.isenabled()
        gc.disable()  # reading makes millions of small things and leaves nothing to collect
        try:
            prepare(self._file, synchronous)
            self._load()
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            self._file.close()
            raise unusable(self.path, error) from error
        finally:
            if collecting:
                gc.enable()

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
            # Not `execute`: that would stop after the first page.
            self._file.executescript(f"PRAGMA incremental_vacuum({PAGES_GIVEN_BACK})")
        except sqlite3.Error as error:
            raise InternalError(f"{self.path} could not be compacted: {error}") from error
        super()._forget(revision)

    def _load(self) -> None:
        (self.compacted,) = self._file.execute("SELECT revision FROM compacted").fetchone()
        self.forgotten = self.compacted
        for revision, kind, resource, key, text in self._file.execute("SELECT * FROM log ORDER BY revision"):
            obj = freeze(json.loads(text))
            if obj["metadata"]["resourceVersion"] != str(revision):
                raise ValueError(f"revision {revision} is not what it says")
            entry = Entry(revision, kind, resource, key, obj, self.get(resource, key))
            if revision <= self.compacted:
                self._apply(entry)
            elif revision == self.revision + 1:
                super()._append(entry)
            else:
                raise ValueError(f"revision {self.revision + 1} is missing")


def connect(path: Path) -> sqlite3.Connection:
    try:
        if not path.exists():
            path.touch(mode=0o600)  # it will hold Secrets; SQLite gives its other files the same mode
        if is_foreign(path):
            raise StoreFileError(
                f"{path} is not a store of k8slearn; nothing in it was changed: name another file"
            )
        return sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    except (sqlite3.Error, OSError) as error:
        raise unusable(path, error) from error


def is_foreign(path: Path) -> bool:
    """Is it certainly not ours? Looks without a trace, and so without the write-ahead log: a file of ours
    that was left in the middle of a checkpoint may seem damaged here, and is not."""
    where = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with contextlib.closing(sqlite3.connect(where, uri=True)) as file:
        try:
            (found,) = file.execute("PRAGMA application_id").fetchone()
        except sqlite3.DatabaseError as error:
            return error.sqlite_errorname == "SQLITE_NOTADB"
    return found != MARK and path.stat().st_size > 0


def prepare(file: sqlite3.Connection, synchronous: str) -> None:
    """Take the file for this process alone, make its tables if it is new, else look whether it is sound."""
    file.execute("PRAGMA locking_mode = EXCLUSIVE")
    if file.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
        file.execute("PRAGMA auto_vacuum = INCREMENTAL")
        with file:
            for statement in ("BEGIN EXCLUSIVE", *TABLES):
                file.execute(statement)
    found = [file.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    if found != [MARK, FORMAT]:
        raise ValueError(f"its format is {found[1]}, and this program reads {FORMAT}")
    (verdict,) = file.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise ValueError(verdict)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute(f"PRAGMA synchronous = {synchronous}")


def unusable(path: Path, error: Exception) -> StoreFileError:
    if isinstance(error, OSError):
        return StoreFileError(f"{path} cannot be opened: {error.strerror}; name another file")
    name = getattr(error, "sqlite_errorname", "")
    known = (advice for code, advice in ADVICE.items() if name.startswith(code))
    return StoreFileError(f"{path} cannot be used: {next(known, DAMAGED.format(error))}")
