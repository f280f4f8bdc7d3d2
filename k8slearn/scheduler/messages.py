"""Why a pod waits, in the words of the scheduler: how many nodes refuse it, for which reasons.

Kubernetes: pkg/scheduler/framework/types.go (FitError)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from k8slearn.scheduler.framework import Refusal

NO_NODES = "no nodes available to schedule pods"
NO_CLAIMS = "no new claims to deallocate"  # what DynamicResources says, which comes before preemption


def unschedulable(refused: dict[str, Refusal], rejected: Refusal | None, after: str) -> str:
    """``0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. ...``

    `rejected`: what is wrong with the pod itself, so that nodes need not be counted. `after`: what came of the
    attempt to do something about it; "" when that went well.
    """
    if not refused:
        return NO_NODES
    reasons = ", ".join(rejected.reasons) if rejected else counted(refused.values())
    return available(len(refused), reasons) + (f" {after}" if after else "")


def available(nodes: int, reasons: str) -> str:
    return f"0/{nodes} nodes are available: {reasons}."


def counted(refusals: Iterable[Refusal]) -> str:
    """``1 Insufficient cpu, 2 node(s) were unschedulable``"""
    counts = Counter(reason for refusal in refusals for reason in refusal.reasons)
    return ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
