"""The scores of all candidates: a column for each plugin, brought to 0 to 100, and the totals.

What a score becomes depends on itself and on the lowest and the highest of all candidates, and on nothing else. So a
score that changes is normalised alone, unless it was, or becomes, the lowest or the highest.

Kubernetes: framework/runtime/framework.go (RunScorePlugins)
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable
from typing import Any

from k8slearn.scheduler.framework import MAX_SCORE, PluginFailed, Scores
from k8slearn.scheduler.runtime import weight_of

RANGE = "plugin {!r} returns an invalid score {}, it should in the range of [0, {}] after normalizing"


class Column:
    """node -> score. A node of which the plugin has nothing to say has None, and 0 when it is normalised."""

    __slots__ = ("_changed", "_extremes", "_values", "normalized", "plugin", "raw", "weight")

    def __init__(self, plugin: Any) -> None:
        self.plugin, self.weight = plugin, weight_of(plugin)
        self.raw: dict[str, int | None] = {}
        self.normalized: Scores = {}
        self._values: Counter[int] = Counter()  # how many nodes have this score
        self._changed: dict[str, None] = {}  # nodes that wait to be normalised
        self._extremes: tuple[int, int] | None = None

    def put(self, node: str, score: int | None) -> None:
        if node in self.raw:
            if self.raw[node] == score:
                return
            self.remove(node)
        self.raw[node] = score
        self._changed[node] = None
        if score is not None:
            self._values[score] += 1

    def remove(self, node: str) -> None:
        score = self.raw.pop(node, None)
        self.normalized.pop(node, None)
        self._changed.pop(node, None)
        if score is not None:
            self._values[score] -= 1
            if not self._values[score]:
                del self._values[score]

    def settle(self) -> Iterable[str]:
        """Normalise what has to be. Returns the nodes whose score may be another one now."""
        nodes: Iterable[str] = self._changed
        if hasattr(self.plugin, "normalize"):
            extremes = (min(self._values), max(self._values)) if self._values else None
            if extremes != self._extremes:
                nodes, self._extremes = list(self.raw), extremes
        self._changed = {}
        for node in nodes:
            self.normalized[node] = self._normalize(self.raw[node])
        return nodes

    def _normalize(self, score: int | None) -> int:
        if score is None:
            return 0
        if self._extremes is not None:
            try:
                score = self.plugin.normalize(score, *self._extremes)
            except Exception as error:
                raise PluginFailed(self.plugin, "normalize", error) from error
        if type(score) is not int or not 0 <= score <= MAX_SCORE:
            raise PluginFailed(
                self.plugin, "weights", RANGE.format(self.plugin.name, score, MAX_SCORE).replace("'", '"')
            )
        return score


class Scoreboard:
    """All columns, and the candidates by their weighted totals."""

    __slots__ = ("_by_total", "columns", "total")

    def __init__(self, scorers: Iterable[Any]) -> None:
        self.columns = {p.name: Column(p) for p in scorers}
        self.total: Scores = {}
        self._by_total: dict[int, list[str]] = {}  # nodes with the same total, sorted by name

    def enter(self, node: str) -> None:
        """It is a candidate; its total is worked out later."""
        self._place(node, self.total.get(node, 0))

    def remove(self, node: str) -> None:
        """It is no candidate."""
        self._place(node, None)
        for column in self.columns.values():
            column.remove(node)

    def add_up(self, changed: Iterable[str]) -> None:
        """Work out anew the totals of these nodes, and of those of which some score is another one."""
        shifted = dict.fromkeys(name for name in changed if name in self.total)
        for column in self.columns.values():
            shifted.update(dict.fromkeys(column.settle()))
        columns = [(column.weight, column.normalized) for column in self.columns.values()]
        for node in shifted:
            total = 0
            for weight, scores in columns:
                total += weight * scores[node]
            self._place(node, total)

    def _place(self, node: str, total: int | None) -> None:
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
        """The nodes with the best total, sorted by name; empty when there is no candidate."""
        return self._by_total[max(self._by_total)] if self._by_total else []
