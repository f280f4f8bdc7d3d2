"""One append-only log: the only truth in the cluster. Everything else is a reading of it.

A write is one entry with one revision, for the whole cluster (not per object). "What is there now"
is a dict that follows from the log, kept so that a read does not have to walk it. Because every
entry also says what was there *before*, the store can be rewound to any revision and back.

Kubernetes: etcd's mvcc/kvstore.go, seen through apiserver/pkg/storage/etcd3/store.go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from k8slearn.api.errors import Expired
from k8slearn.api.objects import Key, Object, dig, freeze
from k8slearn.store.cursor import Cursor, Topic, TopicKey
from k8slearn.store.index import Index

#: Fields that a watch may name to hear only of its own objects: ten thousand kubelets, each with a
#: topic of its own, cost nothing when a pod of another node changes. Kubernetes: cacher triggers.
INDEXED_FIELDS: dict[str, tuple[str, ...]] = {"pods": ("spec.nodeName",), "nodes": ("metadata.name",)}


class Entry(NamedTuple):
    """One write. A deletion carries the last state of the object, with the revision it ended at."""

    revision: int
    type: str  # ADDED, MODIFIED or DELETED
    resource: str  # "pods", "deployments.apps"
    key: Key
    object: Object
    previous: Object | None


class Mark(NamedTuple):
    """A place in the history of a store (see `Store.mark`)."""

    log: list[Entry]
    revision: int
    compacted: int


class Mismatch(Exception):
    """Compare-and-swap failed: somebody else has written since you read. `current` may be None."""

    def __init__(self, current: Object | None) -> None:
        super().__init__("the stored object is not at the expected revision")
        self.current = current


EMPTY = Index()  # of a resource of which nothing was ever written; never written to
Objects = list[Object]
Topics = list[Topic]


class Store:
    """Kubernetes: storage.Interface.

    keep_history: compaction leaves the entries in memory, which rewinding needs; a server that runs for weeks
    drops them.
    """

    def __init__(self, *, keep_history: bool = True) -> None:
        self.keep_history = keep_history
        self.log: list[Entry] = []  # entry with revision r stands at index r - 1 - self.forgotten
        self.forgotten = 0  # how many entries there were before these
        self.compacted = 0
        self._indexes: dict[str, Index] = {}
        self._topics: dict[TopicKey, Topic] = {}

    @property
    def revision(self) -> int:
        """The revision of the last write; 0 when nothing was ever written."""
        return self.forgotten + len(self.log)

    # --- reading ---

    def get(self, resource: str, key: Key) -> Object | None:
        return self._indexes.get(resource, EMPTY).objects.get(key)

    def objects(self, resource: str) -> Collection[Object]:
        """All objects of a resource as they are now, in no order that means anything."""
        return self._indexes.get(resource, EMPTY).objects.values()

    def list(
        self, resource: str, namespace: str = "", *, after: Key = "", limit: int = 0, at: int = 0
    ) -> Objects:
        """Objects in order of their keys, as etcd returns them: all, those of one namespace, behind the key
        `after`, the first `limit`; as they are, or as they were at revision `at`. Raises Expired."""
        index = self._indexes.get(resource, EMPTY)
        then = self._then(resource, at)
        if not then:
            return [index.objects[key] for key in index.range(namespace, after)[: limit or None]]
        keys = index.range_then(then, namespace, after)[: limit or None]
        return [then.get(key) or index.objects[key] for key in keys]

    def count(self, resource: str, namespace: str = "", *, after: Key = "", at: int = 0) -> int:
        """How many objects `list` would return without a limit."""
        index = self._indexes.get(resource, EMPTY)
        then = self._then(resource, at)
        return len(index.range_then(then, namespace, after) if then else index.range(namespace, after))

    def resources(self) -> Iterator[str]:
        """Every resource that has objects now."""
        return (r for r, index in self._indexes.items() if index.objects)

    def _then(self, resource: str, at: int) -> dict[Key, Object | None]:
        """What was there at revision `at` (0: now) under the keys that were written since; None: nothing."""
        if not at:
            return {}
        if at < self.compacted:
            raise Expired("The resourceVersion for the provided list is too old.")
        topic = self._topic((resource,))
        since = topic.entries[topic.after(at) - topic.forgotten :]
        return {entry.key: entry.previous for entry in reversed(since)}

    # --- writing ---

    def put(self, resource: str, key: Key, obj: Object, expect: int | None = None) -> Object:
        """Write `obj` if the stored one is at revision `expect` (0: it must not exist; None: anyhow).

        Returns the frozen object, stamped with its new resourceVersion (etcd keeps the revision
        beside the value and the real API server stamps it on reading; the reader cannot tell).
        Raises Mismatch, having written nothing.
        """
        previous = self.compare(resource, key, expect)
        revision = self.revision + 1
        metadata = {**obj["metadata"], "resourceVersion": str(revision)}
        stored = freeze({**obj, "metadata": metadata})
        kind = "MODIFIED" if previous is not None else "ADDED"
        self._append(Entry(revision, kind, resource, key, stored, previous))
        return stored

    def delete(self, resource: str, key: Key, expect: int | None = None) -> Object:
        """Remove an object under the same condition as `put`; returns its last state."""
        previous = self.compare(resource, key, expect)
        if previous is None:
            raise Mismatch(None)
        revision = self.revision + 1
        metadata = {**previous["metadata"], "resourceVersion": str(revision)}
        last = freeze({**previous, "metadata": metadata})
        self._append(Entry(revision, "DELETED", resource, key, last, previous))
        return last

    def compare(self, resource: str, key: Key, expect: int | None) -> Object | None:
        """What is there now. Raises Mismatch unless it is at revision `expect` (0: nothing is there)."""
        current = self.get(resource, key)
        at = int(current["metadata"]["resourceVersion"]) if current is not None else 0
        if expect is not None and expect != at:
            raise Mismatch(current)
        return current

    def _append(self, entry: Entry) -> None:
        self.log.append(entry)
        self._apply(entry)
        for topic in self._topics_of(entry):
            topic.append(entry)

    def _apply(self, entry: Entry) -> None:
        index = self._indexes.get(entry.resource) or self._indexes.setdefault(entry.resource, Index())
        if entry.type == "DELETED":
            index.remove(entry.key)
        else:
            index.set(entry.key, entry.object)

    # --- watching ---

    def watch(self, topic: TopicKey, revision: int, bell: Callable[[], None] | None = None) -> Cursor:
        """A cursor just after `revision`. Raises Expired if what follows it has been compacted away."""
        if revision < self.compacted:
            raise Expired(f"too old resource version: {revision} ({self.compacted})")
        return Cursor(self, self._topic(topic), revision, bell)

    def compact(self, revision: int) -> None:
        """Forget history up to and including `revision`. Objects stay; old cursors expire."""
        revision = min(revision, self.revision)
        if revision > self.compacted:
            if not self.keep_history:
                self._forget(revision)
            self.compacted = revision

    def _forget(self, revision: int) -> None:
        """Drop what nobody may read any more, and the topics that hold nothing and that nobody reads."""
        del self.log[: revision - self.forgotten]
        self.forgotten = revision
        for topic in self._topics.values():
            topic.forget(revision)
        self._topics = {key: t for key, t in self._topics.items() if t.entries or t.readers}

    def close(self) -> None:
        """Nothing will be asked any more. (Memory has nothing to close; a file has.)"""

    def _topic(self, key: TopicKey) -> Topic:
        topic = self._topics.get(key)
        if topic is None:
            topic = self._topics[key] = Topic()
        return topic

    def _topics_of(self, entry: Entry) -> Topics:
        topics = [self._topic((entry.resource,))]
        for field in INDEXED_FIELDS.get(entry.resource, ()):
            path = field.split(".")
            values = {dig(o, *path) for o in (entry.object, entry.previous) if o is not None}
            topics += [self._topic((entry.resource, field, v)) for v in sorted(filter(None, values))]
        return topics

    # --- going back ---

    def mark(self) -> Mark:
        """This moment, to come back to. Costs nothing: the log only ever grows."""
        if not self.keep_history:
            raise RuntimeError("this store forgets its history, so it cannot go back; Store() can")
        return Mark(self.log, self.revision, self.compacted)

    def rewind(self, mark: Mark) -> None:
        """Be as at `mark`, earlier or later. Costs the number of entries between here and there."""
        common = min(self.revision, mark.revision)
        while common and self.log[common - 1] is not mark.log[common - 1]:
            common -= 1
        for entry in reversed(self.log[common:]):
            self._undo(entry)
        self.log = self.log[:common]  # a new list: marks keep the one they were given
        for entry in mark.log[common : mark.revision]:
            self._redo(entry)
        self.compacted = mark.compacted

    def _undo(self, entry: Entry) -> None:
        for topic in self._topics_of(entry):
            topic.entries.pop()
        if entry.previous is None:
            self._indexes[entry.resource].remove(entry.key)
        else:
            self._indexes[entry.resource].set(entry.key, entry.previous)

    def _redo(self, entry: Entry) -> None:
        self.log.append(entry)
        self._apply(entry)
        for topic in self._topics_of(entry):
            topic.entries.append(entry)  # quietly: whoever rewinds puts the readers back himself

    def state(self) -> dict[str, Any]:
        """What is there now, by resource and key."""
        return {r: dict(index.objects) for r, index in self._indexes.items()}
