"""Nodes by their labels, nodeSelector and nodeAffinity: what is required filters, what is preferred scores.

Kubernetes: pkg/scheduler/framework/plugins/nodeaffinity
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.objects import dig
from k8slearn.api.selectors import node_selector_matches, node_term_matches
from k8slearn.scheduler.events import NODES
from k8slearn.scheduler.framework import Plugin, Reasons, normalize
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def selects(pod: PodInfo, node: NodeInfo) -> bool:
    """Does the pod want to be on such a node at all?"""
    if not (pod.spec.get("nodeSelector") or {}).items() <= node.labels.items():
        return False
    required = dig(pod.spec, "affinity", "nodeAffinity", REQUIRED)
    return required is None or node_selector_matches(required, node.node or {})


class NodeAffinity(Plugin):
    name = "NodeAffinity"
    weight = 2
    events = NODES

    def looks_at(self, pod: PodInfo, handle: Any) -> tuple[Any, Any]:
        return pod.spec.get("nodeSelector"), dig(pod.spec, "affinity", "nodeAffinity")

    def filter(self, pod: PodInfo, node: NodeInfo) -> Reasons:
        return None if selects(pod, node) else "node(s) didn't match Pod's node affinity/selector"

    def score(self, pod: PodInfo, node: NodeInfo) -> int:
        """The weights of the preferences that the node meets."""
        preferences = dig(pod.spec, "affinity", "nodeAffinity", PREFERRED, default=())
        return sum(p["weight"] for p in preferences if node_term_matches(p["preference"], node.node or {}))

    def normalize(self, score: int, low: int, high: int) -> int:
        return normalize(score, high)
