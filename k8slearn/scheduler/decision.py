"""The record of one decision: everything that counted, as plain data.

Kubernetes only logs scores, at verbosity 10; kube-scheduler-simulator keeps the like in annotations.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from k8slearn.api.objects import Key, uid_of
from k8slearn.scheduler.framework import Refusal, Scores
from k8slearn.scheduler.nodeinfo import PodInfo
from k8slearn.scheduler.ranking import Ranking

DETAILED = 100  # with more nodes than that, a decision remembers only some of them
EXAMPLES = 10  # ... so many of the best, and of those that refused


class Decision(NamedTuple):
    """Why a pod is where it is, or nowhere. Never edited."""

    pod: Key
    uid: str
    step: int
    time: float
    node: str  # "" when no node would do
    message: str  # what was said about it
    ties: tuple[str, ...]  # the best nodes (at most DETAILED of them); the dice chose among them
    candidates: int  # how many nodes would have done
    nodes: int  # of how many
    asked: dict[str, tuple[str, ...]]  # extension point -> the plugins that have a say there, in their order
    rejected: Refusal | None  # what was wrong with the pod itself
    nominated: str  # the node on which others make room for it
    refused: dict[str, Refusal]
    raw: dict[str, dict[str, int | None]]  # plugin -> node -> score; None: it has nothing to say
    normalized: dict[str, Scores]
    total: Scores
    weights: Scores

    def ran(self, point: str) -> tuple[str, ...]:
        """The plugins that have a say at this extension point, in their order."""
        return self.asked[point]

    def table(self) -> list[dict[str, Any]]:
        """A row for each node: ``{node, refused, plugin}``, or ``{node, total, chosen, scores}`` where scores
        is ``{plugin: (raw, normalized, weighted)}``, of the plugins that have something to say."""
        return [self._row(node) for node in sorted({*self.total, *self.refused})]

    def _row(self, node: str) -> dict[str, Any]:
        refusal = self.refused.get(node)
        if refusal is not None:
            return {"node": node, "refused": list(refusal.reasons), "plugin": refusal.plugin}
        scores = {}
        for plugin, weight in self.weights.items():
            raw, normalized = self.raw[plugin][node], self.normalized[plugin][node]
            if raw is not None:
                scores[plugin] = (raw, normalized, weight * normalized)
        return {"node": node, "total": self.total[node], "chosen": node == self.node, "scores": scores}


def record(pod: PodInfo, ranking: Ranking, node: str, message: str, step: int, time: float) -> Decision:
    """What `ranking` says of the pod now. A copy: the ranking goes on to the next pod."""
    ties, nodes = ranking.winners(), len(ranking.total) + len(ranking.refused)
    refused, total, columns = ranking.refused, ranking.total, ranking.columns.values()
    if nodes > DETAILED:
        shown: Iterable[str] = sorted({node, *ties[:EXAMPLES]} & total.keys())
        refused = {n: refused[n] for n in sorted(refused)[:EXAMPLES]}
    else:
        shown, refused = list(total), refused.copy()
    return Decision(
        pod.key,
        uid_of(pod.object),
        step,
        time,
        node,
        message,
        tuple(ties[:DETAILED]),
        len(total),
        nodes,
        ranking.framework.names,
        ranking.rejected,
        "",
        refused,
        {c.plugin.name: {n: c.raw[n] for n in shown} for c in columns},
        {c.plugin.name: {n: c.normalized[n] for n in shown} for c in columns},
        {n: total[n] for n in shown},
        {c.plugin.name: c.weight for c in columns},
    )
