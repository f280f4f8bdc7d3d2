"""Keeps pods off nodes whose taints they do not tolerate, and prefers nodes with fewer soft ones.

Kubernetes: pkg/scheduler/framework/plugins/tainttoleration
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8slearn.api.objects import Object
from k8slearn.api.taints import (
    NO_EXECUTE,
    NO_SCHEDULE,
    PREFER_NO_SCHEDULE,
    is_tolerated,
    taints_of,
    tolerations_of,
)
from k8slearn.scheduler.events import NODES
from k8slearn.scheduler.framework import Plugin, Reasons, normalize
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo


class TaintToleration(Plugin):
    name = "TaintToleration"
    weight = 3
    events = NODES

    def looks_at(self, pod: PodInfo, handle: Any) -> Sequence[Object]:
        return tolerations_of(pod.object)

    def filter(self, pod: PodInfo, node: NodeInfo) -> Reasons:
        for taint in taints_of(node.node or {}, NO_SCHEDULE, NO_EXECUTE):
            if not is_tolerated(taint, tolerations_of(pod.object)):
                return "node(s) had untolerated taint(s)"
        return None

    def score(self, pod: PodInfo, node: NodeInfo) -> int:
        """How many soft taints the pod does not tolerate: fewer are better, see `normalize`."""
        soft = taints_of(node.node or {}, PREFER_NO_SCHEDULE)
        return sum(not is_tolerated(t, self._soft_tolerations(pod)) for t in soft)

    def normalize(self, score: int, low: int, high: int) -> int:
        return normalize(score, high, reverse=True)

    def _soft_tolerations(self, pod: PodInfo) -> list[Object]:
        return [t for t in tolerations_of(pod.object) if t.get("effect") in (None, "", PREFER_NO_SCHEDULE)]
