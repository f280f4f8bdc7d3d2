"""Binds a pod as everybody does: it sends the API server a Binding.

Kubernetes: pkg/scheduler/framework/plugins/defaultbinder
"""

from __future__ import annotations

from k8slearn.scheduler.framework import Plugin
from k8slearn.scheduler.handle import Handle
from k8slearn.scheduler.nodeinfo import PodInfo


class DefaultBinder(Plugin):
    name = "DefaultBinder"

    def bind(self, pod: PodInfo, node: str, handle: Handle) -> bool:
        handle.client.bind(pod.object, node)
        return True
