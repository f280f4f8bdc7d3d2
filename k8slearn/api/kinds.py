"""Which kinds exist and how they are named: one row per kind.

Kubernetes: the REST mapper (apimachinery/pkg/api/meta) and the storage of each API group
(pkg/registry/*/rest). A custom resource is one more row, added while the server runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from k8slearn.api.errors import BadRequest, NoKindMatch, NotFound


@dataclass(frozen=True)
class Resource:
    """One kind as the API server serves it."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @cached_property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @cached_property
    def builtin(self) -> bool:
        """Kubernetes' own, and not a custom resource?"""
        return "." not in self.group or self.group.endswith(".k8s.io")

    @cached_property
    def name(self) -> str:
        """How components, caches and traces name it: ``pods``, ``deployments``, ``websites.example.com``.

        The built-in groups share one flat list of plurals; everybody else brings the group along.
        """
        return self.plural if self.builtin else self.qualified

    @cached_property
    def qualified(self) -> str:
        """How messages name it: ``pods``, ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @cached_property
    def has_status(self) -> bool:
        return "status" in self.subresources

    @cached_property
    def singular(self) -> str:
        return self.kind.lower()

    def __str__(self) -> str:
        return self.qualified


def _rows(group: str, version: str, table: str) -> Iterator[Resource]:
    """Rows of ``Kind plural [scope] [short,...] [subresource,...] [category,...]``; ``-`` is nothing."""
    for line in table.strip().splitlines():
        kind, plural, scope, short, sub, categories = (line.split() + ["-"] * 6)[:6]
        lists = [tuple(w for w in words.split(",") if w != "-") for words in (short, sub, categories)]
        yield Resource(group, version, kind, plural, scope != "cluster", *lists)


BUILTIN: tuple[Resource, ...] = (
    *_rows(
        "",
        "v1",
        """
        Pod                    pods                    ns       po      status,binding,eviction,log  all
        Service                services                ns       svc     status                       all
        ConfigMap              configmaps              ns       cm
        Secret                 secrets                 ns
        Endpoints              endpoints               ns       ep
        Event                  events                  ns       ev
        LimitRange             limitranges             ns       limits
        PersistentVolumeClaim  persistentvolumeclaims  ns       pvc     status
        PodTemplate            podtemplates            ns
        ReplicationController  replicationcontrollers  ns       rc      status,scale                 all
        ResourceQuota          resourcequotas          ns       quota   status
        ServiceAccount         serviceaccounts         ns       sa      token
        Namespace              namespaces              cluster  ns      status,finalize
        Node                   nodes                   cluster  no      status
        PersistentVolume       persistentvolumes       cluster  pv      status
        """,
    ),
    *_rows(
        "apps",
        "v1",
        """
        ControllerRevision  controllerrevisions  ns
        DaemonSet           daemonsets           ns  ds      status        all
        Deployment          deployments          ns  deploy  status,scale  all
        ReplicaSet          replicasets          ns  rs      status,scale  all
        StatefulSet         statefulsets         ns  sts     status,scale  all
        """,
    ),
    *_rows(
        "batch",
        "v1",
        """
        CronJob  cronjobs  ns  cj  status  all
        Job      jobs      ns  -   status  all
        """,
    ),
    *_rows("autoscaling", "v2", "HorizontalPodAutoscaler horizontalpodautoscalers ns hpa status all"),
    *_rows("policy", "v1", "PodDisruptionBudget poddisruptionbudgets ns pdb status"),
    *_rows("discovery.k8s.io", "v1", "EndpointSlice endpointslices ns"),
    *_rows("coordination.k8s.io", "v1", "Lease leases ns"),
    *_rows("scheduling.k8s.io", "v1", "PriorityClass priorityclasses cluster pc"),
    *_rows(
        "networking.k8s.io",
        "v1",
        """
        Ingress        ingresses        ns       ing     status
        IngressClass   ingressclasses   cluster
        NetworkPolicy  networkpolicies  ns       netpol
        """,
    ),
    *_rows("storage.k8s.io", "v1", "StorageClass storageclasses cluster sc"),
    *_rows(
        "rbac.authorization.k8s.io",
        "v1",
        """
        Role                roles                ns
        RoleBinding         rolebindings         ns
        ClusterRole         clusterroles         cluster
        ClusterRoleBinding  clusterrolebindings  cluster
        """,
    ),
)


class Kinds:
    """The table of kinds one API server serves. Kubernetes: RESTMapper."""

    def __init__(self, resources: tuple[Resource, ...] = BUILTIN) -> None:
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self._by_name: dict[str, Resource] = {}
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        for resource in resources:
            self.add(resource)

    def add(self, resource: Resource) -> None:
        """Serve one more kind; the first kind to claim a plural or short name keeps it."""
        self._by_kind[resource.api_version, resource.kind] = resource
        self._by_path[resource.group, resource.version, resource.plural] = resource
        self._by_name.setdefault(resource.qualified, resource)
        for name in (resource.name, resource.plural, resource.singular, *resource.short):
            self._by_name.setdefault(name, resource)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._by_kind.values())

    def named(self, name: str | Resource) -> Resource:
        """The kind called ``pods``, ``deployments.apps``, ``deploy`` ...; NotFound if there is none."""
        if isinstance(name, Resource):
            return name
        try:
            return self._by_name[name]
        except KeyError:
            raise NotFound(f'the server doesn\'t have a resource type "{name}"') from None

    def served(self, group: str, version: str, plural: str) -> Resource | None:
        """The kind behind a URL such as ``/apis/apps/v1/.../deployments``, if there is one."""
        return self._by_path.get((group, version, plural))

    def stored(self, resource: Resource) -> Resource:
        """The version in which objects of this kind are stored: of several, the one named first.

        ``v1 Event`` and ``events.k8s.io/v1 Event`` are two views of one stored object.
        """
        return self._by_name[resource.name]

    def of(self, obj: dict[str, Any]) -> Resource:
        """The kind of an object, by its apiVersion and kind."""
        api_version, kind = obj.get("apiVersion"), obj.get("kind")
        if not api_version or not kind:
            missing = [f"{f} not set" for f in ("apiVersion", "kind") if not obj.get(f)]
            raise BadRequest(f"error validating data: [{', '.join(missing)}]")
        try:
            return self._by_kind[api_version, kind]
        except (KeyError, TypeError):
            details = {k: (obj.get("metadata") or {}).get(k, "") for k in ("name", "namespace")}
            message = f'no matches for kind "{kind}" in version "{api_version}"'
            raise NoKindMatch(message, details=details) from None
