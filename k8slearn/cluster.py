"""The composition root: which components make a control plane, and how a cluster is put together.

This is the only place that knows them all. They do not know each other.

Kubernetes: cmd/kube-controller-manager/app/controllermanager.go, and the static pods of a control plane.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from k8slearn.api import errors
from k8slearn.api.clock import Clock, Dice
from k8slearn.api.kinds import BUILTIN, Kinds, Resource
from k8slearn.api.objects import Object
from k8slearn.api.requests import Request
from k8slearn.apiserver import ApiServer
from k8slearn.controllers import (
    DeploymentController,
    EndpointSliceController,
    GarbageCollector,
    NamespaceController,
    NodeLifecycleController,
    PodGarbageCollector,
    ReplicaSetController,
    TaintEvictionController,
)
from k8slearn.machinery import Controller
from k8slearn.node import Kubelet
from k8slearn.scheduler import Scheduler
from k8slearn.store import Store

Component = Callable[[], Controller]

CONTROL_PLANE: tuple[Component, ...] = (
    DeploymentController,
    ReplicaSetController,
    EndpointSliceController,
    GarbageCollector,
    NamespaceController,
    NodeLifecycleController,
    TaintEvictionController,
    PodGarbageCollector,
    Scheduler,
)

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


@dataclass(frozen=True)
class Machine:
    """Makes a kubelet for one machine."""

    name: str
    kubelet: Callable[..., Kubelet] = Kubelet

    def __call__(self) -> Kubelet:
        return self.kubelet(self.name)


class Cluster:
    """A recipe: which components, how many machines. Making it twice gives two equal clusters.

    `nodes`: a number (node-0, node-1, ...), names, or components of your own making.
    `without` leaves out components, `adding` adds yours: classes, or functions that make one.
    `kinds` are served besides the built-in ones; `objects` are there from the beginning.
    """

    def __init__(
        self,
        nodes: int | Sequence[str | Component] = 3,
        *,
        components: Iterable[Component] = CONTROL_PLANE,
        without: Iterable[Component] = (),
        adding: Iterable[Component] = (),
        kinds: Iterable[Resource] = (),
        objects: Iterable[Object] = (),
    ) -> None:
        names = [f"node-{i}" for i in range(nodes)] if isinstance(nodes, int) else nodes
        machines = [Machine(n) if isinstance(n, str) else n for n in names]
        left_out = set(without)
        kept = [c for c in components if c not in left_out]
        self.components: list[Component] = [*kept, *adding, *machines]
        self.kinds = list(kinds)
        self.objects = list(objects)

    @classmethod
    def complete(
        cls, nodes: int | Sequence[str | Component] = 3, *, kubelet: Callable[..., Kubelet] = Kubelet
    ) -> Cluster:
        """Everything we have, as people expect it of a cluster they use and not just look at."""
        names = [f"node-{i}" for i in range(nodes)] if isinstance(nodes, int) else nodes
        machines = [Machine(n, kubelet) if isinstance(n, str) else n for n in names]
        return cls(machines)

    def server(self, clock: Clock, dice: Dice, store: Store | None = None) -> ApiServer:
        """An API server with a store that holds what every cluster begins with."""
        server = ApiServer(
            store if store is not None else Store(), clock, dice, Kinds((*BUILTIN, *self.kinds))
        )
        for name in NAMESPACES:
            create(server, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for obj in self.objects:
            create(server, obj)
        return server


def create(server: ApiServer, obj: Object) -> Object:
    """Create an object as the server itself does when it starts. Kubernetes: post-start hooks"""
    resource = server.kinds.of(obj)
    home = obj["metadata"].get("namespace", "default") if resource.namespaced else ""
    try:
        return server.handle(Request("create", resource.name, home, obj["metadata"]["name"], body=obj))
    except errors.AlreadyExists:
        return server.handle(Request("get", resource.name, home, obj["metadata"]["name"]))
