"""Prefers nodes that have the pod's images already, the more the bigger they are.

An image that few nodes have counts for less, or else every pod of it would be sent to the one node that had it first.

Kubernetes: pkg/scheduler/framework/plugins/imagelocality
"""

from __future__ import annotations

from typing import Any

from k8slearn.scheduler.counts import Domain
from k8slearn.scheduler.framework import MAX_SCORE, CycleState, Plugin
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo

MIB = 1024 * 1024
LEAST, MOST = 23 * MIB, 1000 * MIB  # below nothing counts, above nothing more does (for each container)
NODES, HAVING = "nodes", "nodes having"


class ImageLocality(Plugin):
    name = "ImageLocality"

    def looks_at(self, pod: PodInfo, handle: Any) -> list[str]:
        return images(pod)

    def counts(self, pod: PodInfo, node: NodeInfo, state: CycleState) -> dict[Domain, int]:
        there = {Domain(HAVING, "", image): 1 for image in images(pod) if image in node.images}
        return {Domain(NODES, "", ""): 1, **there} if node.images or there else {Domain(NODES, "", ""): 1}

    def score(self, pod: PodInfo, node: NodeInfo, state: CycleState) -> int:
        if not node.images:
            return 0
        wanted, nodes = images(pod), state.counts.of(NODES, "", "")
        found = [i for i in wanted if i in node.images]
        size = sum(int(node.images[i] * (state.counts.of(HAVING, "", i) / nodes)) for i in found)
        most = MOST * len(wanted)
        return MAX_SCORE * (min(max(size, LEAST), most) - LEAST) // (most - LEAST)


def images(pod: PodInfo) -> list[str]:
    """Of each container, as nodes name them: with a tag."""
    containers = (*(pod.spec.get("initContainers") or ()), *pod.spec["containers"])
    return [_tagged(c.get("image") or "") for c in containers]


def _tagged(image: str) -> str:
    return image if image.rfind(":") > image.rfind("/") else f"{image}:latest"
