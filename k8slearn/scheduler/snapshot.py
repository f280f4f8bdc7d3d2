"""All nodes with what is requested on them, kept up to date change by change.

Every change of a node gives it a new generation, and the node moves to the end of a list. Whoever has seen
generation 17 reads the list from its end until it meets 17: the cost is the number of changes, not of nodes.

Everything in here follows from the cache and the assumed pods, so it is never saved: it is built again.

Kubernetes: pkg/scheduler/backend/cache/cache.go (whose list of NodeInfos works the same way)
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, OrderedDict
from collections.abc import Iterable

from k8slearn.api.objects import Key, Object, labels_of, name_of
from k8slearn.scheduler.affinity import Labels
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo


class Snapshot:
    def __init__(self) -> None:
        self.nodes: dict[str, NodeInfo] = {}  # also of nodes that only their pods tell of
        self.names: list[str] = []  # of real nodes, sorted
        self.where: dict[Key, str] = {}  # pod -> node
        self.nominated: dict[str, dict[Key, PodInfo]] = {}  # node -> pods for which others make room there
        self.term_keys: Counter[str] = Counter()  # labels that the pods' affinity looks at
        self.generation = 0
        self._by_label: dict[
            str, dict[str, dict[str, None]]
        ] = {}  # label -> value -> nodes, of labels asked for
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
        self._relabel(name, info.labels, labels_of(node))
        info.set_node(node)
        self._touch(name)

    def remove_node(self, name: str) -> None:
        """The Node object is gone; pods may still say that they are on it."""
        info = self.get(name)
        if info is None:
            return
        self._relabel(name, info.labels, {})
        info.set_node(None)
        del self.names[bisect_left(self.names, name)]
        self._touch(name)

    def add_pod(self, pod: PodInfo, node: str) -> None:
        self.remove_pod(pod.key)
        self._info(node).add(pod)
        self.where[pod.key] = node
        self.term_keys.update(pod.terms.keys)
        self._touch(node)

    def remove_pod(self, key: Key) -> str | None:
        """The pod takes no room any more; returns the node that has it now."""
        node = self.where.pop(key, None)
        if node is not None:
            self.term_keys.subtract(self.nodes[node].pods[key].terms.keys)
            self.nodes[node].remove(key)
            self._touch(node)
        return node

    def without(self, key: Key) -> Snapshot:
        """A copy in which this pod is nowhere."""
        same = Snapshot()
        for name, info in self.nodes.items():
            if info.node is not None:
                same.set_node(info.node)
            for pod in info.pods.values():
                if pod.key != key:
                    same.add_pod(pod, name)
        for name, pods in self.nominated.items():
            for pod in pods.values():
                same.nominate(pod, name)
        same.withdraw(key)
        return same

    def nominate(self, pod: PodInfo, node: str) -> None:
        """Others make room for the pod on this node; "": they do not. It is a hint, not a reservation."""
        if pod.key not in self.nominated.get(node, {}):
            self.withdraw(pod.key)
            if node:
                self.nominated.setdefault(node, {})[pod.key] = pod
                self._info(node)
                self._touch(node)

    def withdraw(self, key: Key) -> None:
        """The pod is nominated to no node any more."""
        for name in [name for name, pods in self.nominated.items() if key in pods]:
            del self.nominated[name][key]
            if not self.nominated[name]:
                del self.nominated[name]
            self._touch(name)

    def guests(self, node: str, pod: PodInfo) -> list[PodInfo]:
        """Those nominated to the node whom `pod` may not overtake."""
        nominated = self.nominated.get(node)
        if not nominated:
            return []
        return [g for g in nominated.values() if g.priority >= pod.priority and g.key != pod.key]

    def domain(self, key: str, value: str) -> Iterable[str]:
        """The nodes whose label `key` has this value; with key "", all of them."""
        if not key:
            return self.names
        if key not in self._by_label:
            self._by_label[key] = {}
            for name in self.names:
                self._relabel(
                    name, {}, {key: self.nodes[name].labels[key]} if key in self.nodes[name].labels else {}
                )
        return self._by_label[key].get(value, ())

    def _relabel(self, name: str, old: Labels, new: Labels) -> None:
        for key, values in self._by_label.items():
            if old.get(key) != new.get(key):
                values.get(old.get(key, ""), {}).pop(name, None)
                if key in new:
                    values.setdefault(new[key], {})[name] = None

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
