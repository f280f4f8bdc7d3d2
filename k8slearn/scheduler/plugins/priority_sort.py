"""The pod with the highest priority first; among equals, the one that has waited longest (the queue sees to that).

Kubernetes: pkg/scheduler/framework/plugins/queuesort
"""

from __future__ import annotations

from k8slearn.scheduler.framework import Plugin
from k8slearn.scheduler.nodeinfo import PodInfo


class PrioritySort(Plugin):
    name = "PrioritySort"

    def sort_key(self, pod: PodInfo) -> int:
        return -pod.priority
