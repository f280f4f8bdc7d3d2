"""The store's log as a tape: its last entries, and how far each of its readers has come.

A tape is plain JSON (see `tape`), so that it can be drawn by anybody. It is made from a store alone, or from
a simulation, whose informers are the readers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from k8slearn.api.objects import Key
from k8slearn.apiserver.watch import ServerWatch
from k8slearn.lab import story
from k8slearn.lab.diff import counted, diff
from k8slearn.sim import Simulation
from k8slearn.store import Cursor, Entry, Store

SHOWN = 24  # entries on the tape
READERS = 6
PRESENT = 12  # objects listed as being there
LOOKED_BACK = 400  # entries that are searched for them
MARKS = {"ADDED": "+", "MODIFIED": "~", "DELETED": "-"}

Data = dict[str, Any]


class Reader(NamedTuple):
    """Somebody who reads the log; `cursor` is None while there is no connection."""

    name: str
    room: str
    revision: int
    cursor: Cursor | None


class StoreSource:
    """A store alone as the source of a studio: going through time is looking at one entry after the other."""

    nothing_left = "That was the newest entry."

    def __init__(self, store: Store, readers: Mapping[str, Cursor | ServerWatch] | None = None) -> None:
        self.store = store
        self.readers = dict(readers or {})
        self._at: int | None = None  # None: at the newest entry, wherever that is

    @property
    def position(self) -> int:
        return self.length if self._at is None else min(self._at, self.length)

    @property
    def length(self) -> int:
        return self.store.revision

    def mark(self) -> tuple[object, ...]:
        """Something that differs whenever there is something new to see."""
        places = (_cursor(reader).revision for reader in self.readers.values())
        return self.length, self.store.compacted, *places

    def step(self) -> bool:
        moved = self.position < self.length
        self.goto(self.position + 1)
        return moved

    def back(self) -> None:
        self.goto(max(self.position - 1, 0))

    def goto(self, n: int) -> None:
        self._at = n if n < self.length else None

    def frame(self, selection: Mapping[str, str | None]) -> Data:
        shown = tape(self.store, self.position, self._readers(), int)
        chosen = shown["chosen"]
        return {
            "step": self.position,
            "last": self.length,
            "time": None,
            "revision": self.store.revision,
            "title": chosen["title"] if chosen else self._nothing(),
            "text": _told(self.store),
            "log": shown,
            "selection": dict(selection),
        }

    def _nothing(self) -> str:
        if not self.length:
            return "an empty log"
        return f"@{self.position} is forgotten" if self.position else "before the first write"

    def _readers(self) -> list[Reader]:
        cursors = {name: _cursor(reader) for name, reader in self.readers.items()}
        return [Reader(name, "client", cursor.revision, cursor) for name, cursor in cursors.items()]


def _told(store: Store) -> str:
    forgotten = f", and it has forgotten everything up to @{store.compacted}" if store.compacted else ""
    return f"The store is at revision {store.revision}{forgotten}."


def _cursor(reader: Cursor | ServerWatch) -> Cursor:
    return reader.cursor if isinstance(reader, ServerWatch) else reader


# --- the tape --------------------------------------------------------------------------------


def tape(
    store: Store,
    chosen: int,
    readers: Sequence[Reader],
    step_of: Callable[[int], int | None],
    who: Mapping[int, str] | None = None,
) -> Data:
    """What the panel draws. `step_of`: revision -> the step to go to for that entry; `who`: who wrote it."""
    window = _window(store, chosen)
    entry = next((e for e in window if e.revision == chosen), None)
    return {
        "revision": store.revision,
        "compacted": store.compacted,
        "before": window[0].revision - 1 - store.forgotten if window else 0,  # entries left out on the left
        "entries": [
            _entry(store, e) | {"step": step_of(e.revision), "who": (who or {}).get(e.revision, "")}
            for e in window
        ],
        "readers": [_reader(store, each, window) for each in readers[:READERS]],
        "more": max(len(readers) - READERS, 0),
        "chosen": _chosen(entry) if entry is not None else None,
        "present": _present(store, chosen),
    }


def _window(store: Store, chosen: int) -> list[Entry]:
    """The entries around the chosen one that fit on the tape."""
    end = min(max(chosen + SHOWN // 4, store.forgotten + SHOWN), store.revision) - store.forgotten
    return store.log[max(end - SHOWN, 0) : end]


def _entry(store: Store, entry: Entry) -> Data:
    return {
        "revision": entry.revision,
        "mark": MARKS[entry.type],
        "resource": story.plain(entry.resource),
        "key": entry.key,
        "compacted": entry.revision <= store.compacted,
    }


def _reader(store: Store, reader: Reader, window: Sequence[Entry]) -> Data:
    """A reader's row: for each entry "" (none of its business), read, waiting or lost."""
    cursor = reader.cursor
    lag = cursor.lag if cursor is not None else 0
    told: Data = {"name": reader.name, "room": reader.room, "revision": reader.revision, "lag": lag}
    mine = _revisions(cursor, window[0].revision) if cursor is not None and window else set()
    cells = [_cell(store, reader.revision, e.revision) if e.revision in mine else "" for e in window]
    lost = lag > 0 and reader.revision < store.compacted and _first_waiting(cursor) <= store.compacted
    return told | {"cells": cells, "expired": lost, "cut": cursor is None}


def _revisions(cursor: Cursor, first: int) -> set[int]:
    """What of the log, from `first` on, this reader cares about."""
    return {e.revision for e in takewhile(lambda e: e.revision >= first, reversed(cursor.topic.entries))}


def _cell(store: Store, at: int, revision: int) -> str:
    if revision <= at:
        return "read"
    return "lost" if revision <= store.compacted else "waiting"


def _first_waiting(cursor: Cursor | None) -> int:
    """The revision of the next entry for this reader; 0 when even that has been thrown away."""
    assert cursor is not None
    waiting = cursor.topic.entries[-cursor.lag :] if cursor.lag <= len(cursor.topic.entries) else []
    return waiting[0].revision if waiting else 0


def _chosen(entry: Entry) -> Data:
    """One entry: what was written, and what it changed."""
    after = None if entry.type == "DELETED" else entry.object
    lines = diff(entry.previous, after)
    title = f"@{entry.revision} {entry.type} {story.plain(entry.resource)} {entry.key}"
    return {
        "revision": entry.revision,
        "title": title,
        "counted": counted(lines),
        "diff": [*map(list, lines)],
    }


def _present(store: Store, at: int) -> list[Data]:
    """What was there after the entry `at`, newest first: the last entry of each key that is no deletion.

    Events are left out: they are notes for people.
    """
    last: dict[tuple[str, Key], Entry] = {}
    upto = max(at - store.forgotten, 0)
    for entry in reversed(store.log[max(upto - LOOKED_BACK, 0) : upto]):
        last.setdefault((entry.resource, entry.key), entry)
    alive = [e for e in last.values() if e.type != "DELETED" and e.resource != story.NOTES]
    return [
        {"resource": story.plain(e.resource), "key": e.key, "revision": e.revision} for e in alive[:PRESENT]
    ]


# --- of a simulation -------------------------------------------------------------------------


def log(sim: Simulation, selected: str | None) -> Data:
    """The tape of a simulation at its present position; its readers are the informers."""
    writer = sim.trace.writer
    shown = [e.revision for e in _window(sim.store, sim.store.revision) if e.revision in writer]
    who = {revision: sim.trace[writer[revision]].player for revision in shown}
    return tape(sim.store, sim.store.revision, _informers(sim, selected), writer.get, who)


def _informers(sim: Simulation, selected: str | None) -> list[Reader]:
    """The selected player's readers; else those of what is on the tape, who has most to hear first."""
    recent = {entry.resource for entry in _window(sim.store, sim.store.revision)}
    found = [
        (len(player.informers) > 1, player, informer)
        for player in sim.manager.players.values()
        for informer in player.informers.values()
        if (player.name == selected) or (not selected and informer.resource in recent)
    ]
    found.sort(key=lambda each: (-each[2].lag, len(each[1].informers) > 8))
    return [
        Reader(
            _name(player.name, informer.resource, several),
            player.room,
            informer.revision,
            _of(informer.watch),
        )
        for several, player, informer in found
    ]


def _name(player: str, resource: str, several: bool) -> str:
    return f"{player}: {story.plain(resource)}" if several else player


def _of(watch: Any) -> Cursor | None:
    return getattr(watch, "cursor", None)
