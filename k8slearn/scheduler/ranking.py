"""All nodes as one kind of pod sees them: who refuses it and why, and how the others score.

Pods that came out of one template are alike, so they share a ranking, and between two of them only the nodes
that have changed are asked again. Normalised columns are worked out anew only when a score in them changed.

Columns are never edited once a decision may have been made with them: a changed column is a new dict.
That makes the record of a decision free: it keeps the columns.

Kubernetes: schedule_one.go (findNodesThatFitPod, prioritizeNodes, selectHost); sharing between alike pods
is KEP-5598, Opportunistic Batching.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Key, uid_of
from k8slearn.scheduler.framework import Framework, Refusal, Scores
from k8slearn.scheduler.nodeinfo import PodInfo
from k8slearn.scheduler.snapshot import Snapshot

Columns = dict[str, Scores]  # plugin -> node -> score
Fresh = dict[str, dict[str, int] | None]  # node -> plugin -> score; None for a node that refuses


class Ranking:
    """Brought up to date by `update`; read by `candidates`."""

    def __init__(self, framework: Framework) -> None:
        self.framework = framework
        self.seen = 0  # the snapshot's generation up to which this is true
        self.refused: dict[str, Refusal] = {}
        self.raw: Columns = {p.name: {} for p in framework.scorers}
        self.normalized: Columns = {p.name: {} for p in framework.scorers}
        self.total: Scores = {}

    def update(self, pod: PodInfo, snapshot: Snapshot) -> None:
        """Ask every node that has changed since the last time."""
        changed = snapshot.changed_since(self.seen)
        self.seen = snapshot.generation
        if not changed:
            return
        self.refused = dict(self.refused)
        fresh = {name: self._ask(name, pod, snapshot) for name in changed}
        shifted = [self._revise(p, fresh) for p in self.framework.scorers]
        self._add_up(fresh, everybody=any(shifted))

    def _ask(self, name: str, pod: PodInfo, snapshot: Snapshot) -> dict[str, int] | None:
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

    def _revise(self, plugin: Any, fresh: Fresh) -> bool:
        """Put the new scores into the plugin's column. Returns whether that may change other nodes' scores."""
        old = self.raw[plugin.name]
        scores = {name: s[plugin.name] for name, s in fresh.items() if s is not None}
        gone = [name for name in fresh if name in old and name not in scores]
        if not gone and scores.items() <= old.items():
            return False
        column = {**old, **scores}
        for name in gone:
            del column[name]
        self.raw[plugin.name] = column
        alone = not hasattr(plugin, "normalize")
        self.normalized[plugin.name] = column if alone else plugin.normalize(column)
        return not alone

    def _add_up(self, fresh: Fresh, *, everybody: bool) -> None:
        """The totals of the nodes that were asked; of all, if a column has shifted under the others."""
        total = {name: t for name, t in self.total.items() if name not in fresh}
        total |= {name: 0 for name, scores in fresh.items() if scores is not None}
        columns = [(p.weight, self.normalized[p.name]) for p in self.framework.scorers]
        for name in total if everybody else fresh.keys() & total.keys():
            total[name] = sum(weight * column[name] for weight, column in columns)
        self.total = total

    def winners(self) -> list[str]:
        """The nodes with the best total, sorted by name; empty when every node refuses."""
        best = max(self.total.values(), default=None)
        return sorted(name for name, total in self.total.items() if total == best)


class Decision(NamedTuple):
    """Why a pod is where it is, or nowhere: everything that counted, as plain data."""

    pod: Key
    uid: str
    step: int
    time: float
    node: str  # "" when no node would do
    message: str  # what was said about it
    ties: tuple[str, ...]  # the best nodes; the dice chose among them
    refused: dict[str, Refusal]
    raw: Columns
    normalized: Columns
    total: Scores
    weights: Scores

    def table(self) -> list[dict[str, Any]]:
        """A row for each node: ``{node, total, scores: {plugin: (raw, normalized, weighted)}}`` or ``{node, refused}``."""
        rows: list[dict[str, Any]] = []
        for node in sorted({*self.total, *self.refused}):
            refusal = self.refused.get(node)
            if refusal is not None:
                rows.append({"node": node, "plugin": refusal.plugin, "refused": list(refusal.reasons)})
                continue
            scores = {
                plugin: (column[node], self.normalized[plugin][node], self.weights[plugin] * self.normalized[plugin][node])
                for plugin, column in self.raw.items()
            }
            rows.append({"node": node, "total": self.total[node], "scores": scores, "chosen": node == self.node})
        return rows

    def only(self, nodes: set[str]) -> Decision:
        """The same, remembering only some of the nodes."""
        return self._replace(
            refused={n: r for n, r in self.refused.items() if n in nodes},
            raw={p: {n: c[n] for n in nodes if n in c} for p, c in self.raw.items()},
            normalized={p: {n: c[n] for n in nodes if n in c} for p, c in self.normalized.items()},
            total={n: t for n, t in self.total.items() if n in nodes},
        )


def choose(winners: list[str], pod: PodInfo, dice: Dice) -> str:
    """One of the best. The dice know the pod: the same question gets the same answer when history is repeated."""
    return winners[dice.below(len(winners), "tie", uid_of(pod.object))] if len(winners) > 1 else winners[0]
