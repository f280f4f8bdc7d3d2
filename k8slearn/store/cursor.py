"""A watch is a cursor: a place in a log, and nothing else.

Nobody pushes events at anybody. A write is appended to the topics it belongs to; every reader keeps
its own place and reads on when it likes. That is why a slow reader cannot hurt a fast one, why a
watch can be resumed from any revision, and why a whole cluster can be rewound.

Kubernetes: etcd's mvcc/watchable_store.go; the watch cache in apiserver/pkg/storage/cacher.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING

from k8slearn.api.errors import Expired

if TYPE_CHECKING:
    from k8slearn.store.log import Entry, Store

TopicKey = tuple[str, ...]  # ("pods",) or ("pods", "spec.nodeName", "node-3")


class Topic:
    """The part of the log that one kind of reader cares about, and the bells to ring at a write."""

    __slots__ = ("bells", "entries")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.bells: dict[Cursor, Callable[[], None]] = {}

    def append(self, entry: Entry) -> None:
        self.entries.append(entry)
        for ring in self.bells.values():
            ring()

    def after(self, revision: int) -> int:
        """Index of the first entry later than `revision`."""
        if not self.entries or self.entries[-1].revision <= revision:
            return len(self.entries)
        return bisect_right(self.entries, revision, key=lambda e: e.revision)


class Cursor:
    """One reader's place in a topic. Pairs: `peek` looks, `take` moves on."""

    def __init__(
        self, store: Store, topic: Topic, revision: int, bell: Callable[[], None] | None = None
    ) -> None:
        self.store = store
        self.topic = topic
        self.revision = revision  # everything up to here has been taken
        self._next = topic.after(revision)
        if bell:
            self.listen(bell)

    def listen(self, bell: Callable[[], None]) -> None:
        """Ring this bell at every write to the topic from now on."""
        self.topic.bells[self] = bell

    def peek(self) -> Entry | None:
        """The next entry, left where it is; None when there is nothing new.

        Raises Expired when it has been compacted away: the reader must list again.
        """
        if self._next >= len(self.topic.entries):
            return None
        entry = self.topic.entries[self._next]
        if entry.revision <= self.store.compacted:
            raise Expired(f"too old resource version: {self.revision} ({self.store.compacted})")
        return entry

    def take(self) -> Entry | None:
        """The next entry, and the cursor moves past it."""
        entry = self.peek()
        if entry is not None:
            self._next += 1
            self.revision = entry.revision
        return entry

    @property
    def lag(self) -> int:
        """How many entries are waiting for this reader."""
        return len(self.topic.entries) - self._next

    def seek(self, revision: int) -> None:
        """Go to the place just after `revision`, back or forth."""
        self.revision = revision
        self._next = self.topic.after(revision)

    def close(self) -> None:
        self.topic.bells.pop(self, None)
