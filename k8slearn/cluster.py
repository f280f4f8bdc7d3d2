"""The composition root: which components make a control plane, and how a cluster is put together.

This is the only place that knows them all. They do not know each other.

Kubernetes: cmd/kube-controller-manager/app/controllermanager.go, and the static pods of a control plane.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from k8slearn.api import errors
from k8slearn.api.clock import Clock, Dice, timestamp
from k8slearn.api.kinds import BUILTIN, Kinds, Resource
from k8slearn.api.objects import Object
from k8slearn.api.requests import Request
from k8slearn.apiserver import ApiServer
from k8slearn.apiserver.admission import DEFAULT
from k8slearn.apiserver.aggregation.local import local_apiservices
from k8slearn.apiserver.rbac import bootstrap_objects
from k8slearn.clouds import provider
from k8slearn.controllers import (
    AvailableConditionController,
    ClusterRoleAggregationController,
    CRDRegistrationController,
    CronJobController,
    CustomResourceDefinitionController,
    DaemonSetController,
    DeploymentController,
    DisruptionController,
    EndpointsController,
    EndpointSliceController,
    EphemeralVolumeController,
    ExpandController,
    GarbageCollector,
    HorizontalPodAutoscalerController,
    JobController,
    NamespaceController,
    NodeLifecycleController,
    PersistentVolumeController,
    PodGarbageCollector,
    PVCProtectionController,
    PVProtectionController,
    ReplicaSetController,
    ReplicationControllerController,
    ResourceQuotaController,
    RootCACertPublisher,
    ServiceAccountsController,
    StatefulSetController,
    TaintEvictionController,
    TokensController,
    TTLAfterFinishedController,
)
from k8slearn.controllers.customresourcedefinition import status_of
from k8slearn.machinery import Controller
from k8slearn.node import Kubelet
from k8slearn.node.logs import printed
from k8slearn.scheduler import EVERYTHING, Scheduler
from k8slearn.store import Store
from k8slearn.traffic import Askers, ClusterDNS, MetricsServer, Traffic, metrics

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

EVERYBODY: tuple[Component, ...] = (
    *(component for component in CONTROL_PLANE if component not in (Scheduler, NamespaceController)),
    partial(Scheduler, watches=EVERYTHING),
    partial(NamespaceController, aggregated=True),
    CustomResourceDefinitionController,
    CRDRegistrationController,
    AvailableConditionController,
    ServiceAccountsController,
    ClusterRoleAggregationController,
    ResourceQuotaController,
    DisruptionController,
    HorizontalPodAutoscalerController,
    ReplicationControllerController,
    StatefulSetController,
    DaemonSetController,
    JobController,
    CronJobController,
    TTLAfterFinishedController,
    EndpointsController,
    PersistentVolumeController,
    ExpandController,
    EphemeralVolumeController,
    PVCProtectionController,
    PVProtectionController,
)

#: Besides namespaces and default roles, what a real API server makes on its own when it starts.
ALWAYS_THERE: tuple[Object, ...] = (
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "clusterIP": "10.96.0.1",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
        },
    },
    *(
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": f"system-{name}-critical"},
            "value": value,
            "description": f"Used for system critical pods that {what}.",
        }
        for name, value, what in (
            (
                "cluster",
                2_000_000_000,
                "must run in the cluster, but can be moved to another node if necessary",
            ),
            ("node", 2_000_001_000, "must not be moved from their current node"),
        )
    ),
)

REMEMBERED = 60.0  # seconds for which it is known what became of requests
NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


@dataclass(frozen=True)
class Machine:
    """Makes a kubelet for one machine."""

    name: str
    kubelet: Callable[..., Kubelet] = Kubelet

    def __call__(self) -> Kubelet:
        return self.kubelet(self.name)


def machines_of(nodes: int | Sequence[str | Component], kubelet: Callable[..., Kubelet]) -> list[Component]:
    names = [f"node-{i}" for i in range(nodes)] if isinstance(nodes, int) else nodes
    return [Machine(n, kubelet) if isinstance(n, str) else n for n in names]


class Cluster:
    """A recipe: which components, how many machines. Making it twice gives two equal clusters.

    `nodes`: a number (node-0, node-1, ...), names, or components of your own making.
    `without` leaves out components, `adding` adds yours: classes, or functions that make one.
    `cloud`: whose machines, disks and load balancers these are ("a", "b" or "on-premise"); then only the number of
    nodes counts, and everybody takes part. `kubelet` makes one for each name.
    `kinds` are served besides the built-in ones; `objects` are there from the beginning. Definitions among them are
    established then, and bring along the controller that establishes others.
    """

    def __init__(
        self,
        nodes: int | Sequence[str | Component] = 3,
        *,
        components: Iterable[Component] | None = None,
        cloud: str = "",
        kubelet: Callable[..., Kubelet] = Kubelet,
        without: Iterable[Component] = (),
        adding: Iterable[Component] = (),
        kinds: Iterable[Resource] = (),
        objects: Iterable[Object] = (),
    ) -> None:
        objects = list(objects)
        left_out = set(without)
        if components is None:
            components = EVERYBODY if cloud else CONTROL_PLANE
        kept = [c for c in components if c not in left_out]
        machines = machines_of(nodes, kubelet)
        if cloud:
            rented = provider(cloud)
            machines = rented.components(len(machines), kubelet)
            objects += rented.objects()
        if any(is_definition(obj) for obj in objects):
            kept += {CustomResourceDefinitionController} - left_out - set(kept)
        self.components: list[Component] = [*kept, *adding, *machines]
        self.kinds = list(kinds)
        self.objects = objects
        self.is_complete = (
            False  # like a cluster that people use: everything is admitted, tracked and announced
        )

    @classmethod
    def complete(
        cls,
        nodes: int | Sequence[str] = 3,
        *,
        kubelet: Callable[..., Kubelet] = Kubelet,
        certificate: str = "",
        cloud: str = "",
        traffic: bool = False,
    ) -> Cluster:
        """Everything we have, as people expect it of a cluster they use and do not just look at.

        `kubelet` makes one for each name; `certificate` is the CA's, which pods are told to trust. `traffic`: pods may
        send requests, and somebody measures what that costs.
        """
        knowing = (partial(RootCACertPublisher, certificate), partial(TokensController, certificate))
        adding = [*knowing, *(on_the_road() if traffic else ())]
        recipe = cls(nodes, components=EVERYBODY, adding=adding, cloud=cloud, kubelet=kubelet)
        recipe.is_complete = True
        recipe.objects = [*bootstrap_objects(), *ALWAYS_THERE, *local_apiservices(), *recipe.objects]
        recipe.objects += metrics.manifests() if traffic else []
        return recipe

    def server(self, clock: Clock, dice: Dice, store: Store | None = None) -> ApiServer:
        """An API server with a store that holds what every cluster begins with."""
        store = Store() if store is None else store
        server = ApiServer(store, clock, dice, Kinds((*BUILTIN, *self.kinds)))
        for name in NAMESPACES:
            create(server, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for obj in self.objects:
            made = create(server, obj)
            if is_definition(made):
                establish(server, made)
        if self.is_complete:
            server.admission = DEFAULT
            server.manages_fields = server.announces_deletion = True
            server.kubelets = printed
        return server


def on_the_road() -> list[Component]:
    """Who is needed so that requests arrive: names, routers, and somebody who measures. Add-ons, all of them."""
    return [ClusterDNS, Askers, partial(MetricsServer, Traffic(keeps=REMEMBERED))]


def is_definition(obj: Object) -> bool:
    return obj.get("kind") == "CustomResourceDefinition"


def establish(server: ApiServer, crd: Object) -> None:
    """Accept the names of a definition that is there from the beginning, and serve its objects."""
    name = crd["metadata"]["name"]
    others = server.handle(Request("list", "customresourcedefinitions"))
    said = status_of(crd, others, timestamp(server.clock.now))
    where = ("customresourcedefinitions", "", name, "status")
    server.handle(Request("update", *where, body={**crd, "status": said}))


def create(server: ApiServer, obj: Object) -> Object:
    """Create an object as the server itself does when it starts. Kubernetes: post-start hooks"""
    resource = server.kinds.of(obj)
    home = obj["metadata"].get("namespace", "default") if resource.namespaced else ""
    try:
        return server.handle(Request("get", resource.name, home, obj["metadata"]["name"]))
    except errors.NotFound:
        return server.handle(Request("create", resource.name, home, obj["metadata"]["name"], body=obj))
