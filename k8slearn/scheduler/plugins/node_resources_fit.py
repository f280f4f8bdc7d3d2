"""A node must have room for what the pod requests; which node scores best is a matter of strategy.

Kubernetes: pkg/scheduler/framework/plugins/noderesources/fit.go, resource_allocation.go
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from k8slearn.scheduler.events import ROOM
from k8slearn.scheduler.framework import Plugin, Reasons
from k8slearn.scheduler.nodeinfo import DEFAULTS, NodeInfo, PodInfo
from k8slearn.scheduler.plugins.scoring_strategies import STRATEGIES

RESOURCES: Sequence[Mapping[str, Any]] = ({"name": "cpu"}, {"name": "memory"})


class NodeResourcesFit(Plugin):
    name = "NodeResourcesFit"
    events = ROOM

    def __init__(
        self,
        scoring_strategy: Mapping[str, Any] | None = None,
        ignored_resources: Iterable[str] = (),
        ignored_resource_groups: Iterable[str] = (),
    ) -> None:
        """`scoring_strategy`: ``{"type": "LeastAllocated", "resources": [{"name": "cpu", "weight": 1}]}``.

        Ignored are resources that somebody else looks after. Raises ValueError.
        """
        chosen: dict[str, Any] = {"type": "LeastAllocated", **(scoring_strategy or {})}
        if chosen["type"] not in STRATEGIES:
            known = ", ".join(STRATEGIES)
            raise ValueError(f'scoringStrategy.type: "{chosen["type"]}" is none of {known}')
        self.strategy = STRATEGIES[chosen["type"]](chosen.get("requestedToCapacityRatio"))
        self.resources = [(r["name"], r.get("weight", 1)) for r in chosen.get("resources") or RESOURCES]
        self.ignored, self.groups = frozenset(ignored_resources), frozenset(ignored_resource_groups)

    def looks_at(self, pod: PodInfo, handle: Any) -> Any:
        return pod.requests, pod.score_requests

    def filter(self, pod: PodInfo, node: NodeInfo) -> Reasons:
        reasons = []
        if len(node.pods) >= node.allocatable.get("pods", 0):
            reasons.append("Too many pods")
        for resource, wanted in pod.requests.items():
            if wanted > 0 and wanted > node.free(resource) and not self._is_ignored(resource):
                reasons.append(f"Insufficient {resource}")
        return reasons or None

    def _is_ignored(self, resource: str) -> bool:
        return resource in self.ignored or ("/" in resource and resource.split("/")[0] in self.groups)

    def helped_by_preemption(self, pod: PodInfo, node: NodeInfo, reasons: Sequence[str] = ()) -> bool:
        """Not if even the empty node would be too small."""
        return all(wanted <= node.allocatable.get(resource, 0) for resource, wanted in pod.requests.items())

    def score(self, pod: PodInfo, node: NodeInfo) -> int:
        """The weighted mean over the resources. What the node has none of does not count."""
        scores = []
        for resource, weight in self.resources:
            capacity = node.allocatable.get(resource, 0)
            plain = resource in DEFAULTS  # silent pods count as something
            wanted = (pod.score_requests if plain else pod.requests).get(resource, 0)
            if capacity and (plain or wanted):
                there = (node.score_requested if plain else node.requested).get(resource, 0)
                scores.append((self.strategy.score(there + wanted, capacity), weight))
        return self.strategy.mean(scores)
