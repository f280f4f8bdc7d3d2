"""Why a pod waits, in the words of the scheduler: how many nodes refuse it, for which reasons.

Kubernetes: pkg/scheduler/framework/types.go (FitError), plugins/defaultpreemption, framework/preemption
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from k8slearn.scheduler.framework import Refusal
from k8slearn.scheduler.nodeinfo import PodInfo

NO_NODES = "no nodes available to schedule pods"
NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"


def unschedulable(pod: PodInfo, refused: dict[str, Refusal], problem: str = "") -> str:
    """``0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. ...``

    `problem`: what is wrong with the pod itself, so that nodes need not be counted.
    """
    if not refused:
        return NO_NODES
    reasons = problem or _counted(reason for r in refused.values() for reason in r.reasons)
    after = f"no new claims to deallocate, preemption: {_preemption(pod, refused)}"
    return f"{_available(len(refused), reasons)} {after}"


def _preemption(pod: PodInfo, refused: dict[str, Refusal]) -> str:
    """What became of the thought of evicting others. (Nobody is evicted here yet.)"""
    if pod.spec.get("preemptionPolicy") == "Never":
        return "not eligible due to preemptionPolicy=Never."
    outcomes = _counted(NO_VICTIMS if r.preemption_may_help else NOT_HELPFUL for r in refused.values())
    return _available(len(refused), outcomes)


def _available(nodes: int, reasons: str) -> str:
    return f"0/{nodes} nodes are available: {reasons}."


def _counted(reasons: Iterable[str]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in Counter(reasons).items()))
