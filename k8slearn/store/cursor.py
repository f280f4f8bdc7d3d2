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
from weakref import WeakSet

from k8slearn.api.errors import Expired

if TYPE_CHECKING:
    from k8slearn.store.log import Entry, Store

TopicKey = tuple[str, ...]  # ("pods",) or ("pods", "spec.nodeName", "node-3")


class Topic:
    """The part of the log that one kind of reader cares about, and the bells to ring at a write.

    Places are counted from the first entry that ever was, so that they stay right when entries are forgotten.
    """

    __slots__ = ("bells", "entries", "forgotten", "readers")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.forgotten = 0  # how many entries there were before these
        self.bells: dict[Cursor, Callable[[], None]] = {}
        self.readers: WeakSet[Cursor] = WeakSet()

    def append(self, entry: Entry) -> None:
        self.entries.append(entry)
        for ring in self.bells.values():
            ring()

    def after(self, revision: int) -> int:
        """The place of the first entry later than `revision`."""
        return self.forgotten + self._count(revision)

    def forget(self, revision: int) -> None:
        """Drop the entries up to and including `revision`."""
        count = self._count(revision)
        del self.entries[:count]
        self.forgotten += count

    def _count(self, revision: int) -> int:
        """How many of the entries are not later than `revision`."""
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
        topic.readers.add(self)
        if bell:
            self.listen(bell)

    def listen(self, bell: Callable[[], None]) -> None:
        """Ring this bell at every write to the topic from now on."""
        self.topic.bells[self] = bell

    def peek(self) -> Entry | None:
        """The next entry, left where it is; None when there is nothing new.

        Raises Expired when it has been compacted away: the reader must list again.
        """
        if self.lag <= 0:
            return None
        place = self._next - self.topic.forgotten
        if place < 0 or self.topic.entries[place].revision <= self.store.compacted:
            raise Expired(f"too old resource version: {self.revision} ({self.store.compacted})")
        return self.topic.entries[place]

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
        return self.topic.forgotten + len(self.topic.entries) - self._next

    def seek(self, revision: int) -> None:
        """Go to the place just after `revision`, back or forth."""
        self.revision = revision
        self._next = self.topic.after(revision)

    def close(self) -> None:
        self.topic.bells.pop(self, None)
