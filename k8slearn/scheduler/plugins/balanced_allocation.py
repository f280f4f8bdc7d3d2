"""Prefers nodes where cpu and memory would be used up evenly, so that neither is left over alone.

Kubernetes: pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go
"""

from __future__ import annotations

from typing import Any

from k8slearn.scheduler.framework import MAX_SCORE, Plugin
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo, Requests


class NodeResourcesBalancedAllocation(Plugin):
    name = "NodeResourcesBalancedAllocation"

    def looks_at(self, pod: PodInfo, handle: Any) -> Requests:
        return pod.requests

    def score(self, pod: PodInfo, node: NodeInfo) -> int:
        """100 less half the distance of the two used fractions; 0 everywhere for a pod without requests."""
        if not (pod.requests.get("cpu") or pod.requests.get("memory")):
            return 0
        used = [self._fraction(pod, node, r) for r in ("cpu", "memory") if node.allocatable.get(r)]
        deviation = abs(used[0] - used[1]) / 2 if len(used) == 2 else 0.0
        return int((1 - deviation) * MAX_SCORE)

    def _fraction(self, pod: PodInfo, node: NodeInfo, resource: str) -> float:
        requested = node.requested.get(resource, 0) + pod.requests.get(resource, 0)
        return min(requested / node.allocatable[resource], 1.0)
