"""All nodes with what is requested on them, kept up to date change by change.

Every change of a node gives it a new generation, and the node moves to the end of a list. Whoever has seen
generation 17 reads the list from its end until it meets 17: the cost is the number of changes, not of nodes.

Everything in here follows from the cache and the assumed pods, so it is never saved: it is built again.

Kubernetes: pkg/scheduler/backend/cache/cache.go (whose list of NodeInfos works the same way)
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict

from k8slearn.api.objects import Key, Object, name_of
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo


class Snapshot:
    def __init__(self) -> None:
        self.nodes: dict[str, NodeInfo] = {}  # also of nodes that only their pods tell of
        self.names: list[str] = []  # of real nodes, sorted
        self.where: dict[Key, str] = {}  # pod -> node
        self.generation = 0
        self._changed: OrderedDict[str, int] = OrderedDict()  # node -> its generation, oldest first

    def __len__(self) -> int:
        return len(self.names)

    def get(self, name: str) -> NodeInfo | None:
        """The node, if it really exists."""
        info = self.nodes.get(name)
        return info if info is not None and info.node is not None else None

    def set_node(self, node: Object) -> None:
        name = name_of(node)
        info = self._info(name)
        if info.node is None:
            insort(self.names, name)
        info.set_node(node)
        self._touch(name)

    def remove_node(self, name: str) -> None:
        """The Node object is gone; pods may still say that they are on it."""
        info = self.get(name)
        if info is None:
            return
        info.set_node(None)
        del self.names[bisect_left(self.names, name)]
        self._touch(name)

    def add_pod(self, pod: PodInfo, node: str) -> None:
        self.remove_pod(pod.key)
        self._info(node).add(pod)
        self.where[pod.key] = node
        self._touch(node)

    def remove_pod(self, key: Key) -> str | None:
        """The pod takes no room any more; returns the node that has it now."""
        node = self.where.pop(key, None)
        if node is not None:
            self.nodes[node].remove(key)
            self._touch(node)
        return node

    def changed_since(self, generation: int) -> list[str]:
        """Names of the nodes that have changed after that generation (they may be gone)."""
        changed = []
        for name in reversed(self._changed):
            if self._changed[name] <= generation:
                break
            changed.append(name)
        return changed

    def _info(self, name: str) -> NodeInfo:
        info = self.nodes.get(name)
        if info is None:
            info = self.nodes[name] = NodeInfo(name)
        return info

    def _touch(self, name: str) -> None:
        self.generation += 1
        self._changed[name] = self.generation
        self._changed.move_to_end(name)
