"""What a kind is to an API server: its names, its verbs, its subresources.

Kubernetes: metav1.APIResource; rest.Storage and the interfaces beside it (apiserver/pkg/registry/rest)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from k8slearn.api.definitions import Definition

#: Kubernetes' own API groups, in the order in which discovery names them (and kubectl looks in them).
#: Kubernetes: pkg/controlplane/apiserver/apis.go (the priorities of the APIServices)
GROUPS = (
    "",
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "resource.k8s.io",
)

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_HALF = ("get", "patch", "update")  # what a part of an object offers
_PIPE = ("create", "get")  # a connection may be opened with POST or GET
_PROXY = ("create", "delete", "get", "patch", "update")


class Subresource(NamedTuple):
    """What is read or written at ``.../NAME/SUBRESOURCE``. No kind means: the object itself."""

    verbs: tuple[str, ...]
    kind: str = ""
    group: str = ""
    version: str = ""


#: Every subresource that a built-in kind has. ``%s`` in a kind is the object's own.
SUBRESOURCES: dict[str, Subresource] = {
    "status": Subresource(_HALF),
    "ephemeralcontainers": Subresource(_HALF),
    "resize": Subresource(_HALF),
    "approval": Subresource(_HALF),
    "finalize": Subresource(("update",)),
    "log": Subresource(("get",)),
    "scale": Subresource(_HALF, "Scale", "autoscaling", "v1"),
    "binding": Subresource(("create",), "Binding"),
    "eviction": Subresource(("create",), "Eviction", "policy", "v1"),
    "token": Subresource(("create",), "TokenRequest", "authentication.k8s.io", "v1"),
    "attach": Subresource(_PIPE, "%sAttachOptions"),
    "exec": Subresource(_PIPE, "%sExecOptions"),
    "portforward": Subresource(_PIPE, "%sPortForwardOptions"),
    "proxy": Subresource(_PROXY, "%sProxyOptions"),
}


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
    verbs: tuple[str, ...] = VERBS
    singular: str = ""
    served: bool = True  # False: objects are stored in this version, and shown in others
    definition: Definition | None = None  # of a kind that people have defined

    def __post_init__(self) -> None:
        if not self.singular:
            object.__setattr__(self, "singular", self.kind.lower())

    @cached_property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @cached_property
    def builtin(self) -> bool:
        """Kubernetes' own, and not a custom resource?"""
        return self.group in GROUPS

    @cached_property
    def is_virtual(self) -> bool:
        """Never stored, so it cannot be watched either: a question (SubjectAccessReview) or an order (Binding)."""
        return "watch" not in self.verbs

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

    def subresource(self, name: str) -> Subresource:
        """What is at ``.../NAME/{name}``, its kind spelt out. KeyError if there is no such thing."""
        found = SUBRESOURCES[name]
        kind = found.kind.replace("%s", self.kind) or self.kind
        return found._replace(kind=kind)

    def __str__(self) -> str:
        return self.qualified
