"""A port of the machine itself can be given away only once.

Kubernetes: pkg/scheduler/framework/plugins/nodeports
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8slearn.scheduler.events import ROOM
from k8slearn.scheduler.framework import Plugin, Reasons
from k8slearn.scheduler.nodeinfo import HostPort, NodeInfo, PodInfo


class NodePorts(Plugin):
    name = "NodePorts"
    events = ROOM

    def looks_at(self, pod: PodInfo, handle: Any) -> Sequence[HostPort]:
        return pod.ports

    def filter(self, pod: PodInfo, node: NodeInfo) -> Reasons:
        if not pod.ports:
            return None
        taken = [port for other in node.with_ports.values() for port in other.ports]
        if any(wanted.clashes(port) for wanted in pod.ports for port in taken):
            return "node(s) didn't have free ports for the requested pod ports"
        return None

    def helped_by_preemption(self, pod: PodInfo, node: NodeInfo, reasons: Sequence[str] = ()) -> bool:
        return True
