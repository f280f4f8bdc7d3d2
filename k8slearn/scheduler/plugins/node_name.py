"""A pod that names its node goes there or nowhere.

Kubernetes: pkg/scheduler/framework/plugins/nodename
"""

from __future__ import annotations

from typing import Any

from k8slearn.scheduler.events import NODES
from k8slearn.scheduler.framework import Plugin, Reasons
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo


class NodeName(Plugin):
    name = "NodeName"
    events = NODES

    def looks_at(self, pod: PodInfo, handle: Any) -> str:
        return pod.spec.get("nodeName") or ""

    def filter(self, pod: PodInfo, node: NodeInfo) -> Reasons:
        wanted = pod.spec.get("nodeName")
        return None if wanted in (None, "", node.name) else "node(s) didn't match the requested node name"
