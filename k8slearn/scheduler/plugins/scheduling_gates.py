"""Keeps a pod out of the queue until somebody has taken away all its gates.

Kubernetes: pkg/scheduler/framework/plugins/schedulinggates
"""

from __future__ import annotations

from k8slearn.scheduler.framework import Plugin
from k8slearn.scheduler.nodeinfo import PodInfo


class SchedulingGates(Plugin):
    name = "SchedulingGates"

    def pre_enqueue(self, pod: PodInfo) -> str | None:
        gates = [gate["name"] for gate in pod.spec.get("schedulingGates") or ()]
        return f"waiting for scheduling gates: [{' '.join(gates)}]" if gates else None
