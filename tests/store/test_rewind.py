"""Going back: a store can be as it was at any mark, and forth again, whatever was written meanwhile."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from k8slearn.store import Mark, Store

KEYS = st.sampled_from(["a", "b", "c"])
NODES = st.sampled_from(["", "n1", "n2"])
TOPICS = [("pods",), ("pods", "spec.nodeName", "n1"), ("pods", "spec.nodeName", "n2")]


def body(key: str, node: str) -> dict[str, Any]:
    return {"metadata": {"name": key}, "spec": {"nodeName": node} if node else {}}


class StoreAgainstModel(RuleBasedStateMachine):
    """The model is naive: after each write a full copy of everything, kept in a list."""

    marks: Bundle[Any] = Bundle("marks")

    @initialize(target=marks)
    def begin(self) -> Any:
        self.store = Store()
        self.now: dict[str, str] = {}  # key -> node
        self.history: list[tuple[str, str, str]] = []  # type, key, the nodes before and after
        self.compacted = 0
        return self.marked()

    def marked(self) -> tuple[Mark, dict[str, str], list[Any], int]:
        return self.store.mark(), dict(self.now), list(self.history), self.compacted

    @rule(key=KEYS, node=NODES)
    def put(self, key: str, node: str) -> None:
        self.store.put("pods", key, body(key, node))
        before = self.now.get(key)
        self.history.append(("ADDED" if before is None else "MODIFIED", key, {before or "", node}))
        self.now[key] = node

    @rule(key=KEYS)
    @precondition(lambda self: self.now)
    def delete(self, key: str) -> None:
        if key in self.now:
            self.store.delete("pods", key)
            self.history.append(("DELETED", key, {self.now.pop(key)}))

    @rule(share=st.floats(0, 1))
    def compact(self, share: float) -> None:
        upto = int(share * len(self.history))
        self.store.compact(upto)
        self.compacted = max(self.compacted, upto)

    @rule(target=marks)
    def mark(self) -> Any:
        return self.marked()

    @rule(target=marks, saved=marks)
    def rewind(self, saved: Any) -> Any:
        mark, now, history, compacted = saved
        self.store.rewind(mark)
        self.now, self.history, self.compacted = dict(now), list(history), compacted
        return multiple()

    @invariant()
    def reads_agree(self) -> None:
        if not hasattr(self, "store"):
            return
        found = {o["metadata"]["name"]: o["spec"].get("nodeName", "") for o in self.store.list("pods")}
        assert found == self.now
        assert self.store.revision == len(self.history)
        assert self.store.compacted == self.compacted
        assert [(e.type, e.key) for e in self.store.log] == [h[:2] for h in self.history]

    @invariant()
    def watches_agree(self) -> None:
        if not hasattr(self, "store"):
            return
        for topic in TOPICS:
            node = topic[2] if len(topic) > 1 else None
            expected = [i for i, h in enumerate(self.history, 1) if node is None or node in h[2]]
            cursor = self.store.watch(topic, self.compacted)
            found = []
            while (entry := cursor.take()) is not None:
                found.append(entry.revision)
            assert found == [r for r in expected if r > self.compacted]


StoreAgainstModel.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestStoreAgainstModel = StoreAgainstModel.TestCase


def test_a_mark_survives_a_history_that_is_written_anew():
    store = Store()
    store.put("pods", "a", body("a", "n1"))
    early = store.mark()
    store.put("pods", "a", body("a", "n2"))
    late, state = store.mark(), store.state()
    store.rewind(early)
    store.delete("pods", "a")
    store.put("pods", "b", body("b", ""))
    other = store.state()
    other_mark = store.mark()
    store.rewind(late)
    assert store.state() == state
    store.rewind(other_mark)
    assert store.state() == other


def test_rewinding_rings_no_bell():
    store, rung = Store(), []
    store.watch(("pods",), 0, lambda: rung.append(1))
    early = store.mark()
    store.put("pods", "a", body("a", ""))
    late = store.mark()
    store.rewind(early)
    store.rewind(late)
    assert len(rung) == 1
