"""What plugins look at: a pod with its requests added up, and a node with the requests of its pods.

The scheduler counts requests, never usage: a node full of idle pods is full.

Kubernetes: pkg/scheduler/framework/types.go (NodeInfo, PodInfo); component-helpers/resource (PodRequests)
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from k8slearn.api import quantities
from k8slearn.api.objects import Key, Object, dig, key_of, name_of

Requests = dict[str, int]  # cpu in thousandths, everything else in whole units

#: What a container without a request counts as, for scoring only. Kubernetes: pkg/scheduler/util
DEFAULTS = {"cpu": 100, "memory": 200 * 1024 * 1024}


@lru_cache(8192)
def amount(resource: str, quantity: quantities.Quantity) -> int:
    return quantities.milli(quantity) if resource == "cpu" else quantities.value(quantity)


def amounts(resources: Mapping[str, Any] | None) -> Requests:
    return {r: amount(r, q) for r, q in (resources or {}).items()}


def _requests(container: Object, defaults: Requests) -> Requests:
    return {**defaults, **amounts(dig(container, "resources", "requests"))}


def _plus(a: Requests, b: Requests) -> Requests:
    return {r: a.get(r, 0) + b.get(r, 0) for r in {**a, **b}}


def _most(a: Requests, b: Requests) -> Requests:
    return {r: max(a.get(r, 0), b.get(r, 0)) for r in {**a, **b}}


def pod_requests(pod: Object, defaults: Requests) -> Requests:
    """What must be free for the pod: its containers together, or the greediest init container if more.

    Sidecars (init containers that are restarted) run beside whatever starts after them.
    """
    spec = pod["spec"]
    containers = spec["containers"]
    total = _requests(containers[0], defaults)
    for container in containers[1:]:
        total = _plus(total, _requests(container, defaults))
    sidecars: Requests = {}
    greediest: Requests = {}
    for container in spec.get("initContainers") or ():
        with_sidecars = _plus(sidecars, _requests(container, defaults))
        greediest = _most(greediest, with_sidecars)
        if container.get("restartPolicy") == "Always":
            sidecars = with_sidecars
    if greediest:
        total = _most(_plus(total, sidecars), greediest)
    return _plus(total, amounts(spec["overhead"])) if spec.get("overhead") else total


class PodInfo:
    """A pod, and what it requests."""

    __slots__ = ("key", "object", "requests", "score_requests")

    def __init__(self, pod: Object) -> None:
        self.object = pod
        self.key: Key = key_of(pod)
        self.requests = pod_requests(pod, {})
        #: The same with DEFAULTS for what is not said, so that silent pods count as something.
        complete = all(r in self.requests for r in DEFAULTS) and len(pod["spec"]["containers"]) == 1
        self.score_requests = self.requests if complete else pod_requests(pod, DEFAULTS)

    @property
    def spec(self) -> Object:
        return self.object["spec"]


class NodeInfo:
    """A node, the pods on it (assumed ones too), and the sum of their requests."""

    __slots__ = ("allocatable", "name", "node", "pods", "requested", "score_requested")

    def __init__(self, name: str) -> None:
        self.name = name
        self.node: Object | None = None  # not heard of yet, though pods on it may be
        self.allocatable: Requests = {}
        self.pods: dict[Key, PodInfo] = {}
        self.requested: Requests = {}
        self.score_requested: Requests = {}

    @classmethod
    def of(cls, node: Object, *pods: Object) -> NodeInfo:
        """For experiments and tests: a node with these pods on it."""
        info = cls(name_of(node))
        info.set_node(node)
        for pod in pods:
            info.add(PodInfo(pod))
        return info

    def set_node(self, node: Object | None) -> None:
        self.node = node
        self.allocatable = amounts(dig(node, "status", "allocatable"))

    def add(self, pod: PodInfo) -> None:
        self.pods[pod.key] = pod
        self._count(pod, +1)

    def remove(self, key: Key) -> None:
        self._count(self.pods.pop(key), -1)

    def _count(self, pod: PodInfo, sign: int) -> None:
        for total, requests in ((self.requested, pod.requests), (self.score_requested, pod.score_requests)):
            for resource, wanted in requests.items():
                total[resource] = total.get(resource, 0) + sign * wanted

    def free(self, resource: str) -> int:
        return self.allocatable.get(resource, 0) - self.requested.get(resource, 0)
