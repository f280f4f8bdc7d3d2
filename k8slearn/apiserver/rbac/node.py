"""What a kubelet may do: what any kubelet must, but only with the things of its own pods.

A node's user is ``system:node:NAME`` in the group ``system:nodes``. What it may do stands in the role ``system:node``.
But of secrets, config maps, claims, volumes and tokens it may only have those that a pod on this machine uses: who
breaks out of a container should not find the whole cluster's secrets.

Simplified: Kubernetes keeps a graph of who uses what, we look through the node's pods; and it wants lists of pods
and nodes narrowed to the node's own.

Kubernetes: plugin/pkg/auth/authorizer/node/{node_authorizer,graph_populator}.go
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from k8slearn.api.objects import Object, dig, namespace_of
from k8slearn.api.users import NODE, User
from k8slearn.apiserver.rbac import bootstrap
from k8slearn.apiserver.rbac.rules import Rule, allows
from k8slearn.store import Store

if TYPE_CHECKING:
    from k8slearn.apiserver.rbac.authorizer import Attributes

SAME_NAME = {"csinodes": "CSINode", "leases": "node lease"}


def is_node(user: User) -> bool:
    return user.name.startswith(NODE) and "system:nodes" in user.groups


def authorize(store: Store, asked: Attributes) -> tuple[bool, str]:
    """(allowed?, why not)."""
    if not any(allows(rule, asked) for rule in _rules()):
        return False, ""
    node = asked.user.name.removeprefix(NODE)
    if asked.resource in SAME_NAME and asked.name not in ("", node):
        return False, f"can only access {SAME_NAME[asked.resource]} with the same name as the requesting node"
    uses = USES.get(asked.full_resource)
    if uses is None:
        return True, ""
    if not asked.name:
        return False, "No Object name found"
    if asked.name in uses(_pods(store, node, asked.namespace), store):
        return True, ""
    return False, f"no relationship found between node '{node}' and this object"


@cache
def _rules() -> tuple[Rule, ...]:
    return tuple(bootstrap.rules_of("system:node"))


# --- what the pods of a machine use ------------------------------------------------------------------

Pods = Iterator[Object]
Names = Iterator[str]


def _pods(store: Store, node: str, namespace: str) -> Pods:
    for pod in store.list("pods"):
        if dig(pod, "spec", "nodeName") == node and namespace in ("", namespace_of(pod)):
            yield pod


def _named(spec: Any, fields: dict[str, str]) -> Names:
    """Names anywhere in a pod's spec: with ``{"secretRef": "name"}``, what is called so in a secretRef."""
    for field, value in spec.items() if isinstance(spec, dict) else enumerate(spec):
        if field in fields and isinstance(value, dict):
            yield value.get(fields[field]) or value.get("name", "")
        if isinstance(value, (dict, list)):
            yield from _named(value, fields)


def _secrets(pods: Pods, _: Store) -> Names:
    for pod in pods:
        yield from _named(pod["spec"], {"secret": "secretName", "secretRef": "name", "secretKeyRef": "name"})
        yield from (s.get("name", "") for s in pod["spec"].get("imagePullSecrets") or ())


def _configmaps(pods: Pods, _: Store) -> Names:
    fields = dict.fromkeys(["configMap", "configMapRef", "configMapKeyRef"], "name")
    return (name for pod in pods for name in _named(pod["spec"], fields))


def _claims(pods: Pods, _: Store) -> Names:
    return (name for pod in pods for name in _named(pod["spec"], {"persistentVolumeClaim": "claimName"}))


def _volumes(pods: Pods, store: Store) -> Names:
    for pod in pods:
        for claim in _claims(iter([pod]), store):
            found = store.get("persistentvolumeclaims", f"{namespace_of(pod)}/{claim}")
            yield dig(found, "spec", "volumeName", default="")


def _accounts(pods: Pods, _: Store) -> Names:
    return (pod["spec"].get("serviceAccountName", "") for pod in pods)


USES: dict[str, Callable[[Pods, Store], Names]] = {
    "secrets": _secrets,
    "configmaps": _configmaps,
    "persistentvolumeclaims": _claims,
    "persistentvolumes": _volumes,
    "serviceaccounts/token": _accounts,
}
