"""What plugins look at: a pod with its requests added up, and a node with the requests of its pods.

The scheduler counts requests, never usage: a node full of idle pods is full.

Kubernetes: pkg/scheduler/framework/types.go (NodeInfo, PodInfo); component-helpers/resource (PodRequests)
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from k8slearn.api import quantities
from k8slearn.api.objects import Key, Object, dig, key_of, labels_of, name_of, namespace_of
from k8slearn.scheduler.affinity import Labels, Terms, terms_of

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


class HostPort(NamedTuple):
    """A port of the machine itself. Kubernetes: framework/types.go (HostPortInfo)"""

    ip: str
    protocol: str
    port: int

    def clashes(self, other: HostPort) -> bool:
        same = (self.protocol, self.port) == (other.protocol, other.port)
        return same and (self.ip == other.ip or ANY_ADDRESS in (self.ip, other.ip))


ANY_ADDRESS = "0.0.0.0"


def host_ports(pod: Object) -> tuple[HostPort, ...]:
    """Ports that the pod wants of its node: of containers, and of sidecars."""
    spec = pod["spec"]
    sidecars = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
    return tuple(
        HostPort(port.get("hostIP") or ANY_ADDRESS, port.get("protocol") or "TCP", port["hostPort"])
        for container in (*spec["containers"], *sidecars)
        for port in container.get("ports") or ()
        if port.get("hostPort")
    )


class PodInfo:
    """A pod, what it requests, and what it says about others."""

    __slots__ = ("key", "labels", "namespace", "object", "ports", "requests", "score_requests", "terms")

    def __init__(self, pod: Object) -> None:
        self.object = pod
        self.key: Key = key_of(pod)
        self.namespace = namespace_of(pod)
        self.labels: Labels = labels_of(pod)
        self.terms: Terms = terms_of(pod)
        self.ports = host_ports(pod)
        self.requests = pod_requests(pod, {})
        #: The same with DEFAULTS for what is not said, so that silent pods count as something.
        complete = all(r in self.requests for r in DEFAULTS) and len(pod["spec"]["containers"]) == 1
        self.score_requests = self.requests if complete else pod_requests(pod, DEFAULTS)

    @property
    def spec(self) -> Object:
        return self.object["spec"]

    @property
    def priority(self) -> int:
        return self.spec.get("priority") or 0


class NodeInfo:
    """A node, the pods on it (assumed ones too), and the sum of their requests."""

    __slots__ = (
        "allocatable",
        "images",
        "labels",
        "name",
        "node",
        "pods",
        "requested",
        "score_requested",
        "with_ports",
        "with_terms",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.node: Object | None = None  # not heard of yet, though pods on it may be
        self.labels: Labels = {}
        self.allocatable: Requests = {}
        self.images: dict[str, int] = {}  # name -> size in bytes
        self.pods: dict[Key, PodInfo] = {}
        self.with_terms: dict[Key, PodInfo] = {}  # those of them that say something about others
        self.with_ports: dict[Key, PodInfo] = {}
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

    def copy(self) -> NodeInfo:
        """One to try things on: what if these pods were gone?"""
        same = NodeInfo(self.name)
        same.node, same.labels, same.allocatable, same.images = (
            self.node,
            self.labels,
            self.allocatable,
            self.images,
        )
        for part in ("pods", "with_terms", "with_ports", "requested", "score_requested"):
            setattr(same, part, dict(getattr(self, part)))
        return same

    def set_node(self, node: Object | None) -> None:
        self.node = node
        self.labels = labels_of(node or {})
        self.allocatable = amounts(dig(node, "status", "allocatable"))
        images = dig(node, "status", "images", default=())
        self.images = {name: i.get("sizeBytes", 0) for i in images for name in i.get("names") or ()}

    def add(self, pod: PodInfo) -> None:
        self.pods[pod.key] = pod
        if any(pod.terms):
            self.with_terms[pod.key] = pod
        if pod.ports:
            self.with_ports[pod.key] = pod
        self._count(pod, +1)

    def remove(self, key: Key) -> None:
        self.with_terms.pop(key, None)
        self.with_ports.pop(key, None)
        self._count(self.pods.pop(key), -1)

    def _count(self, pod: PodInfo, sign: int) -> None:
        for total, requests in ((self.requested, pod.requests), (self.score_requested, pod.score_requests)):
            for resource, wanted in requests.items():
                total[resource] = total.get(resource, 0) + sign * wanted

    def free(self, resource: str) -> int:
        return self.allocatable.get(resource, 0) - self.requested.get(resource, 0)
