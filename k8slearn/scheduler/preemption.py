"""Whom would have to go, so that a pod fits: as few as possible, the least important ones, on the best node.

On each node all pods of lower priority are thought away. If the pod would fit then, they are brought back one by one,
the most important first, and whoever does not fit beside it is a victim. Those whose disruption budget has nothing left
are brought back before the others; but a budget is a wish here, not a law.

Kubernetes: pkg/scheduler/framework/preemption, plugins/defaultpreemption (SelectVictimsOnNode)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from k8slearn.api.clock import seconds_of
from k8slearn.api.objects import Object, dig, name_of, namespace_of
from k8slearn.api.selectors import LabelSelector
from k8slearn.scheduler.framework import Refusal
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo
from k8slearn.scheduler.ranking import Ranking

NO_VICTIMS = "No preemption victims found for incoming pod"
OFFSET = 2**31  # added to priorities that are summed up, so that fewer victims are always less


class Candidate(NamedTuple):
    """A node, and who would have to leave it, the most important first."""

    node: str
    victims: tuple[PodInfo, ...]
    violations: int  # how many of them against their disruption budget


def victims_on(
    pod: PodInfo, node: NodeInfo, ranking: Ranking, budgets: Iterable[Object], now: float
) -> Candidate | Refusal:
    """A Refusal when the pod would not fit even with all of lower priority gone."""
    possible = sorted(
        (p for p in node.pods.values() if p.priority < pod.priority), key=lambda p: importance(p, now)
    )
    if not possible:
        return Refusal("DefaultPreemption", (NO_VICTIMS,), False)
    tried = node.copy()
    for victim in possible:
        tried.remove(victim.key)
    refusal = ranking.refusal_beside_guests(pod, tried)
    if refusal is not None:
        return refusal
    violating, others = split_by_budget(possible, budgets)
    gone = [v for v in violating if not _reprieved(v, pod, tried, ranking)]
    violations = len(gone)
    gone += [v for v in others if not _reprieved(v, pod, tried, ranking)]
    return Candidate(node.name, tuple(sorted(gone, key=lambda p: importance(p, now))), violations)


def _reprieved(victim: PodInfo, pod: PodInfo, tried: NodeInfo, ranking: Ranking) -> bool:
    """May this one stay after all? If not, it is taken out again."""
    tried.add(victim)
    stays = ranking.refusal_beside_guests(pod, tried) is None
    if not stays:
        tried.remove(victim.key)
    return stays


def importance(pod: PodInfo, now: float) -> tuple[int, float]:
    """The lower, the more important: by priority, then by how long it has been running."""
    return -pod.priority, started(pod, now)


def started(pod: PodInfo, now: float) -> float:
    since = dig(pod.object, "status", "startTime")
    return seconds_of(since) if since else now


def split_by_budget(
    victims: Sequence[PodInfo], budgets: Iterable[Object]
) -> tuple[list[PodInfo], list[PodInfo]]:
    """(those whose budget has nothing left for them, the others), in their order."""
    left = [(b, LabelSelector.of(b["spec"].get("selector"))) for b in budgets]
    allowed = {id(b): dig(b, "status", "disruptionsAllowed", default=0) for b, _ in left}
    violating: list[PodInfo] = []
    others: list[PodInfo] = []
    for victim in victims:
        against = False
        for budget, selector in left:
            if not _covers(budget, selector, victim):
                continue
            allowed[id(budget)] -= 1
            against = against or allowed[id(budget)] < 0
        (violating if against else others).append(victim)
    return violating, others


def _covers(budget: Object, selector: LabelSelector, pod: PodInfo) -> bool:
    """Not if the API server has counted it already."""
    if namespace_of(budget) != pod.namespace or selector.empty or not selector.matches(pod.labels):
        return False
    return name_of(pod.object) not in dig(budget, "status", "disruptedPods", default={})


def best(candidates: Sequence[Candidate], now: float) -> Candidate:
    """The node where it hurts least. Kubernetes: pickOneNodeForPreemption"""

    def harm(candidate: Candidate) -> tuple[float, ...]:
        victims = candidate.victims
        highest = victims[0].priority
        since = min(started(v, now) for v in victims if v.priority == highest)
        return (
            candidate.violations,
            highest,
            sum(v.priority + OFFSET for v in victims),
            len(victims),
            -since,
        )

    return min(candidates, key=harm)
