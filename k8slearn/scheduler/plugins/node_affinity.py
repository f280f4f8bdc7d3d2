"""Nodes by their labels, nodeSelector and nodeAffinity: what is required filters, what is preferred scores.

Kubernetes: pkg/scheduler/framework/plugins/nodeaffinity
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.objects import dig, labels_of
from k8slearn.api.selectors import node_selector_matches, node_term_matches
from k8slearn.scheduler.framework import Plugin, Reasons, normalize
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


class NodeAffinity(Plugin):
    name = "NodeAffinity"
    weight = 2

    def looks_at(self, pod: PodInfo, handle: Any) -> tuple[Any, Any]:
        return pod.spec.get("nodeSelector"), dig(pod.spec, "affinity", "nodeAffinity")

    def filter(self, pod: PodInfo, node: NodeInfo) -> Reasons:
        labels = labels_of(node.node or {})
        selected = (pod.spec.get("nodeSelector") or {}).items() <= labels.items()
        required = dig(pod.spec, "affinity", "nodeAffinity", REQUIRED)
        if selected and (required is None or node_selector_matches(required, node.node or {})):
            return None
        return "node(s) didn't match Pod's node affinity/selector"

    def score(self, pod: PodInfo, node: NodeInfo) -> int:
        """The weights of the preferences that the node meets."""
        preferences = dig(pod.spec, "affinity", "nodeAffinity", PREFERRED, default=())
        return sum(p["weight"] for p in preferences if node_term_matches(p["preference"], node.node or {}))

    def normalize(self, score: int, low: int, high: int) -> int:
        return normalize(score, high)
