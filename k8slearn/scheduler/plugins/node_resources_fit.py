"""A node must have room for what the pod requests; the one with most room left scores best.

Kubernetes: pkg/scheduler/framework/plugins/noderesources/fit.go, least_allocated.go
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8slearn.scheduler.framework import MAX_SCORE, Plugin, Reasons
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo

SCORED = ("cpu", "memory")


class NodeResourcesFit(Plugin):
    name = "NodeResourcesFit"

    def looks_at(self, pod: PodInfo, handle: Any) -> Any:
        return pod.requests, pod.score_requests

    def filter(self, pod: PodInfo, node: NodeInfo) -> Reasons:
        reasons = []
        if len(node.pods) >= node.allocatable.get("pods", 0):
            reasons.append("Too many pods")
        for resource, wanted in pod.requests.items():
            if wanted > 0 and wanted > node.free(resource):
                reasons.append(f"Insufficient {resource}")
        return reasons or None

    def helped_by_preemption(self, pod: PodInfo, node: NodeInfo, reasons: Sequence[str] = ()) -> bool:
        """Not if even the empty node would be too small."""
        return all(wanted <= node.allocatable.get(resource, 0) for resource, wanted in pod.requests.items())

    def score(self, pod: PodInfo, node: NodeInfo) -> int:
        """LeastAllocated: the mean, over cpu and memory, of the percentage that would be left."""
        left = []
        for resource in SCORED:
            capacity = node.allocatable.get(resource, 0)
            if capacity:
                used = node.score_requested.get(resource, 0) + pod.score_requests[resource]
                left.append(max(capacity - used, 0) * MAX_SCORE // capacity)
        return sum(left) // len(left) if left else 0
