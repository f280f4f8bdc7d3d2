"""All nodes as one kind of pod sees them: who refuses it and why, and how the others score.

Pods that came out of one template are alike, so they share a ranking, and between two of them only the nodes
that have changed are asked again: usually one, the node that the last pod was put on. A normalised column is
worked out anew only when a score in it has changed.

Kubernetes: schedule_one.go (findNodesThatFitPod, prioritizeNodes, selectHost); sharing between alike pods
is KEP-5598, Opportunistic Batching.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.objects import uid_of
from k8slearn.scheduler.framework import Framework, Refusal, Scores
from k8slearn.scheduler.nodeinfo import PodInfo
from k8slearn.scheduler.snapshot import Snapshot

Columns = dict[str, Scores]  # plugin -> node -> score


class Ranking:
    """Brought up to date by `update`; `winners` are the best nodes now."""

    def __init__(self, framework: Framework) -> None:
        self.framework = framework
        self.seen = 0  # the snapshot's generation up to which this is true
        self.refused: dict[str, Refusal] = {}
        self.raw: Columns = {p.name: {} for p in framework.scorers}
        self.normalized: Columns = dict(self.raw)  # a plugin that does not normalise has one column for both
        self.total: Scores = {}
        self._by_total: dict[int, list[str]] = {}  # nodes with the same total, sorted by name

    def update(self, pod: PodInfo, snapshot: Snapshot) -> None:
        """Ask every node that has changed since the last time."""
        changed = snapshot.changed_since(self.seen)
        self.seen = snapshot.generation
        shifted: dict[str, Any] = {}  # plugins whose scores must be normalised again
        for name in changed:
            scores = self._ask(name, pod, snapshot)
            for plugin in self.framework.scorers:
                if self._put(plugin.name, name, scores) and hasattr(plugin, "normalize"):
                    shifted[plugin.name] = plugin
            self._place(name, 0 if scores is not None else None)
        for plugin in shifted.values():
            self.normalized[plugin.name] = plugin.normalize(self.raw[plugin.name])
        self._add_up(list(self.total) if shifted else changed)

    def _ask(self, name: str, pod: PodInfo, snapshot: Snapshot) -> Scores | None:
        """The node's scores, by plugin; None if it refuses, or is gone."""
        self.refused.pop(name, None)
        node = snapshot.get(name)
        if node is None:
            return None
        refusal = self.framework.refusal(pod, node)
        if refusal is not None:
            self.refused[name] = refusal
            return None
        return {p.name: p.score(pod, node) for p in self.framework.scorers}

    def _put(self, plugin: str, node: str, scores: Scores | None) -> bool:
        """Put a node's score into a plugin's column. Returns whether that changed it."""
        column = self.raw[plugin]
        before = column.get(node)
        if scores is None:
            column.pop(node, None)
            return before is not None
        column[node] = scores[plugin]
        return before != scores[plugin]

    def _add_up(self, nodes: Iterable[str]) -> None:
        columns = [(p.weight, self.normalized[p.name]) for p in self.framework.scorers]
        for node in nodes:
            if node in self.total:
                total = 0
                for weight, column in columns:
                    total += weight * column[node]
                self._place(node, total)

    def _place(self, node: str, total: int | None) -> None:
        """Note a node's total; None: it is no candidate."""
        before = self.total.pop(node, None)
        if before is not None:
            alike = self._by_total[before]
            del alike[bisect_left(alike, node)]
            if not alike:
                del self._by_total[before]
        if total is not None:
            self.total[node] = total
            insort(self._by_total.setdefault(total, []), node)

    def winners(self) -> list[str]:
        """The nodes with the best total, sorted by name; empty when every node refuses."""
        return self._by_total[max(self._by_total)] if self._by_total else []


def choose(winners: list[str], pod: PodInfo, dice: Dice) -> str:
    """One of the best. The dice are asked about the pod, so a repeated history chooses the same again."""
    return winners[dice.below(len(winners), "tie", uid_of(pod.object)) if len(winners) > 1 else 0]
