"""Lesson 16: answers that are right in another way than the solution are right, too."""

from __future__ import annotations

from itertools import product

from k8slearn.lab.checker import judge
from k8slearn.lab.crowd import pod
from k8slearn.lab.exercises.lesson16 import selects


def by_sets(watches, before, after):
    was = {name for name, watch in watches.items() if before and selects(watch, before)}
    now = {name for name, watch in watches.items() if after and selects(watch, after)}
    came, went = dict.fromkeys(now - was, "ADDED"), dict.fromkeys(was - now, "DELETED")
    return {**came, **went, **dict.fromkeys(was & now, "MODIFIED")}


class Sorted:
    """Keeps the nodes in order, and no scores."""

    def __init__(self, score):
        self.score, self.order, self.again = score, [], set()

    def changed(self, node):
        self.again.add(node)

    def removed(self, node):
        self.again.discard(node)
        self._put(node, None)

    def best(self):
        for node in sorted(self.again):
            self._put(node, self.score(node))
        self.again = set()
        return self.order[0][1] if self.order else None

    def _put(self, node, score):
        self.order = sorted(pair for pair in self.order if pair[1] != node)
        if score is not None:
            self.order = sorted([*self.order, (-score, node)])


def test_another_right_answer_passes():
    assert judge("16.1", by_sets).passed
    assert judge("16.2", Sorted).passed


def test_a_watch_selects_by_kind_fields_and_labels():
    seen = {
        (field, label): selects(
            {"kind": "Pod", "fields": {"spec.nodeName": field}, "labels": {"on": label}}, pod("a", on="b")
        )
        for field, label in product("bc", "bc")
    }
    assert [which for which, found in seen.items() if found] == [("b", "b")]
    assert not selects({"kind": "Node"}, pod("a"))
