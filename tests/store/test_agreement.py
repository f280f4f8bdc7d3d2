"""Memory that keeps its history, memory that forgets, and a file that is closed and opened again: all three
answer like a trivial model, whatever is asked in whatever order.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from k8slearn.api.errors import Expired
from k8slearn.store import Cursor, Entry, Store
from k8slearn.store.disk import DiskStore
from k8slearn.store.log import Mismatch

RESOURCES = st.sampled_from(["pods", "services"])
NAMESPACES = ["", "a", "a-b", "b"]
KEYS = st.sampled_from(["a/1", "a/2", "a-b/1", "a0/1", "b/1", "cluster"])
NODES = st.sampled_from(["", "n1", "n2"])
SHARES = st.floats(0, 1)
TOPICS = [("pods",), ("services",), ("pods", "spec.nodeName", "n1"), ("pods", "spec.nodeName", "n2")]

Was = dict[tuple[str, str], tuple[int, str]]  # (resource, key) -> revision and node


@dataclass
class Reader:
    """Of one topic, in every store at the same place."""

    topic: tuple[str, ...]
    place: int
    cursors: list[Cursor]


class Agreement(RuleBasedStateMachine):
    """The model: after each write, a copy of everything; and each write's type, resource, key and nodes."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "store.db")
        self.stores = [Store(), Store(keep_history=False), DiskStore(self.path)]
        self.history: list[Was] = [{}]
        self.written: list[tuple[str, str, str, set[str]]] = []
        self.compacted = 0
        self.readers: list[Reader] = []

    def teardown(self) -> None:
        self.stores[2].close()
        self.folder.cleanup()

    @property
    def now(self) -> Was:
        return self.history[-1]

    def moment(self, share: float) -> int:
        """A revision from 0 to the last."""
        return int(share * len(self.written))

    # --- what can happen ---

    @rule(writes=st.lists(st.tuples(RESOURCES, KEYS, NODES), min_size=1, max_size=6))
    def put_some(self, writes: list[tuple[str, str, str]]) -> None:
        for write in writes:
            self.put(*write)

    def put(self, resource: str, key: str, node: str) -> None:
        body = {"metadata": {"name": key}, "spec": {"nodeName": node} if node else {}}
        answers = [store.put(resource, key, body) for store in self.stores]
        assert answers == [answers[0]] * 3
        revision, node_before = self.now.get((resource, key), (0, ""))
        kind = "MODIFIED" if revision else "ADDED"
        self.written.append((kind, resource, key, {node_before, node}))
        self.history.append({**self.now, (resource, key): (len(self.written), node)})

    @rule(resource=RESOURCES, key=KEYS, expect=st.integers(0, 30))
    def put_or_delete_what_has_moved_on(self, resource: str, key: str, expect: int) -> None:
        revision, _ = self.now.get((resource, key), (0, ""))
        if revision == expect:
            return
        for store in self.stores:
            with pytest.raises(Mismatch):
                store.put(resource, key, {"metadata": {"name": key}}, expect)
            with pytest.raises(Mismatch):
                store.delete(resource, key, expect)

    @rule(share=SHARES)
    def delete(self, share: float) -> None:
        if self.now:
            resource, key = sorted(self.now)[int(share * (len(self.now) - 1))]
            answers = [store.delete(resource, key) for store in self.stores]
            assert answers == [answers[0]] * 3
            self.written.append(("DELETED", resource, key, {self.now[resource, key][1]}))
            self.history.append({k: v for k, v in self.now.items() if k != (resource, key)})

    @rule(share=SHARES)
    def compact(self, share: float) -> None:
        for store in self.stores:
            store.compact(self.moment(share))
        self.compacted = max(self.compacted, self.moment(share))

    @rule()
    def close_and_open(self) -> None:
        self.stores[2].close()
        self.stores[2] = DiskStore(self.path)
        self.readers = [r for r in self.readers if not self.has_missed(r)]
        for reader in self.readers:
            reader.cursors[2] = self.stores[2].watch(reader.topic, max(reader.place, self.compacted))

    @rule(topic=st.sampled_from(TOPICS), share=SHARES)
    def begin_to_read(self, topic: tuple[str, ...], share: float) -> None:
        place = max(self.moment(share), self.compacted)
        self.readers.append(Reader(topic, place, [store.watch(topic, place) for store in self.stores]))

    @rule(share=SHARES)
    def read_on(self, share: float) -> None:
        if not self.readers:
            return
        reader = self.readers[int(share * (len(self.readers) - 1))]
        waiting = self.told(reader.topic, reader.place)
        for cursor in reader.cursors:
            if self.has_missed(reader):
                with pytest.raises(Expired):
                    cursor.take()
            else:
                assert cursor.lag == len(waiting)
                assert [heard(cursor.take())] == (waiting[:1] or [None])
        if waiting and not self.has_missed(reader):
            reader.place = waiting[0][0]

    def has_missed(self, reader: Reader) -> bool:
        return any(revision <= self.compacted for revision, _, _ in self.told(reader.topic, reader.place))

    # --- what can be asked ---

    @rule(
        resource=RESOURCES,
        namespace=st.sampled_from(NAMESPACES),
        after=KEYS | st.just(""),
        limit=st.integers(0, 3),
    )
    def list_now(self, **asked: Any) -> None:
        self.check_list(self.now, 0, **asked)

    @rule(
        resource=RESOURCES,
        namespace=st.sampled_from(NAMESPACES),
        after=KEYS | st.just(""),
        limit=st.integers(0, 3),
        share=SHARES,
    )
    def list_of_earlier(self, share: float, **asked: Any) -> None:
        at = max(self.moment(share), 1)
        if self.compacted <= at <= len(self.written):
            self.check_list(self.history[at], at, **asked)
        elif at < self.compacted:
            for store in self.stores:
                with pytest.raises(Expired):
                    store.list(asked["resource"], at=at)

    def check_list(self, was: Was, at: int, resource: str, namespace: str, after: str, limit: int) -> None:
        prefix = f"{namespace}/" if namespace else ""
        keys = sorted(k for r, k in was if r == resource and k.startswith(prefix) and k > after)
        expected = [(str(was[resource, k][0]), was[resource, k][1]) for k in keys]
        for store in self.stores:
            found = store.list(resource, namespace, after=after, limit=limit, at=at)
            assert [summary(o) for o in found] == (expected[:limit] if limit else expected)
            assert store.count(resource, namespace, after=after, at=at) == len(keys)

    @rule(topic=st.sampled_from(TOPICS), share=SHARES)
    def watch_from(self, topic: tuple[str, ...], share: float) -> None:
        since = self.moment(share)
        for store in self.stores:
            if since < self.compacted:
                with pytest.raises(Expired):
                    store.watch(topic, since)
            else:
                assert [*map(heard, iter(store.watch(topic, since).take, None))] == self.told(topic, since)

    def told(self, topic: tuple[str, ...], since: int) -> list[tuple[int, str, str]]:
        return [
            (revision, kind, key)
            for revision, (kind, resource, key, nodes) in enumerate(self.written, 1)
            if revision > since and resource == topic[0] and (len(topic) == 1 or topic[2] in nodes)
        ]

    @invariant()
    def the_present_agrees(self) -> None:
        for store in self.stores:
            assert (store.revision, store.compacted) == (len(self.written), self.compacted)
            for resource in ("pods", "services"):
                for key in ("a/1", "b/1"):
                    found = store.get(resource, key)
                    known = self.now.get((resource, key))
                    assert (found and summary(found)) == (known and (str(known[0]), known[1]))
        assert self.stores[2].log == self.stores[1].log == self.stores[0].log[self.compacted :]


def summary(obj: dict[str, Any]) -> tuple[str, str]:
    return obj["metadata"]["resourceVersion"], obj["spec"].get("nodeName", "")


def heard(entry: Entry | None) -> tuple[int, str, str] | None:
    return entry and (entry.revision, entry.type, entry.key)


Agreement.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestAgreement = Agreement.TestCase
