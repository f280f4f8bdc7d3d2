"""Where weather stations are kept: two tables of SQLite. No etcd, no JSON documents, no versions of an API.

A row knows where a station stands and who has put it there. What an object looks like in v1 or v2 is made of
it when somebody asks. The second table is what watches read: without it, one could only list.

Kubernetes: any storage behind an extension API server (rest.Storage); kine, which keeps even etcd's data in
SQL"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

TABLES = """
CREATE TABLE IF NOT EXISTS stations (
    namespace TEXT, name TEXT, latitude REAL, longitude REAL, height REAL, installed_by TEXT,
    labels TEXT, annotations TEXT, uid TEXT, created REAL, revision INTEGER, PRIMARY KEY (namespace, name)
);
CREATE TABLE IF NOT EXISTS changes (
    namespace TEXT, name TEXT, latitude REAL, longitude REAL, height REAL, installed_by TEXT,
    labels TEXT, annotations TEXT, uid TEXT, created REAL, revision INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT
);
"""
ROW = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"


class Station(NamedTuple):
    """One row. Degrees, metres, seconds; labels and annotations as JSON."""

    namespace: str
    name: str
    latitude: float
    longitude: float
    height: float
    installed_by: str
    labels: str
    annotations: str
    uid: str
    created: float
    revision: int = 0


class Stations:
    """All of them, in a file or in memory. Nobody else writes into it, so there is nothing to compare before a swap."""

    def __init__(self, path: str = ":memory:") -> None:
        self.file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.file.executescript(TABLES)

    @property
    def revision(self) -> int:
        """The number of the last change."""
        (last,) = self.file.execute("SELECT max(revision) FROM changes").fetchone()
        return last or 0

    def get(self, namespace: str, name: str) -> Station | None:
        found = self.file.execute(
            "SELECT * FROM stations WHERE (namespace, name) = (?, ?)", (namespace, name)
        )
        row = found.fetchone()
        return Station(*row) if row else None

    def all(self, namespace: str = "") -> list[Station]:
        """Those of one namespace, or of all."""
        asked = "SELECT * FROM stations WHERE ? IN ('', namespace) ORDER BY namespace, name"
        return [Station(*row) for row in self.file.execute(asked, (namespace,))]

    def put(self, station: Station) -> Station:
        """Keep it as it is now; returns it with its revision."""
        before = self.get(station.namespace, station.name)
        station = self._note("MODIFIED" if before else "ADDED", station)
        self.file.execute(f"REPLACE INTO stations VALUES ({ROW})", station)
        return station

    def delete(self, station: Station) -> Station:
        key = (station.namespace, station.name)
        self.file.execute("DELETE FROM stations WHERE (namespace, name) = (?, ?)", key)
        return self._note("DELETED", station)

    def _note(self, kind: str, station: Station) -> Station:
        fresh = (*station[:-1], None, kind)
        noted = self.file.execute(f"INSERT INTO changes VALUES ({ROW}, ?)", fresh)
        return station._replace(revision=noted.lastrowid or 0)

    def changes(self, since: int, namespace: str = "") -> list[tuple[str, Station]]:
        """What has happened after a revision: (ADDED, MODIFIED or DELETED, the station then)."""
        asked = "SELECT * FROM changes WHERE revision > ? AND ? IN ('', namespace) ORDER BY revision"
        return [(row[-1], Station(*row[:-1])) for row in self.file.execute(asked, (since, namespace))]
