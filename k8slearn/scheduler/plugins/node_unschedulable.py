"""A cordoned node (``kubectl cordon``) takes no new pods, except those that tolerate just that.

Kubernetes: pkg/scheduler/framework/plugins/nodeunschedulable
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8slearn.api.objects import Object, dig
from k8slearn.api.taints import is_tolerated, tolerations_of
from k8slearn.scheduler.events import NODES
from k8slearn.scheduler.framework import Plugin, Reasons
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo

CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


class NodeUnschedulable(Plugin):
    name = "NodeUnschedulable"
    events = NODES

    def looks_at(self, pod: PodInfo, handle: Any) -> Sequence[Object]:
        return tolerations_of(pod.object)

    def filter(self, pod: PodInfo, node: NodeInfo) -> Reasons:
        if not dig(node.node, "spec", "unschedulable") or is_tolerated(CORDONED, tolerations_of(pod.object)):
            return None
        return "node(s) were unschedulable"
