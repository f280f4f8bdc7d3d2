"""NodeRestriction: a kubelet writes about its own machine and the pods on it, and nothing else.

Kubernetes: plugin/pkg/admission/noderestriction/admission.go
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from k8slearn.api.objects import annotations_of, dig, labels_of, name_of
from k8slearn.api.users import NODE
from k8slearn.apiserver.admission.plugin import (
    CREATE,
    DELETE,
    EVERY_SUBRESOURCE,
    UPDATE,
    Plugin,
    operation,
)
from k8slearn.apiserver.admission.plugin import forbidden_early as forbidden
from k8slearn.apiserver.admission.serviceaccount import MIRROR

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

NODES = "system:nodes"
LEASES = "kube-node-lease"
#: Labels with a reserved prefix that a kubelet may set on its own Node.
OWN_LABELS = frozenset(
    [
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "kubernetes.io/arch",
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
        "node.kubernetes.io/instance-type",
        "beta.kubernetes.io/instance-type",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch",
    ]
)
OWN_PREFIXES = ("kubelet.kubernetes.io", "node.kubernetes.io")
RESERVED = ("kubernetes.io", "k8s.io")


class NodeRestriction(Plugin):
    name = "NodeRestriction"
    kinds = frozenset(["pods", "nodes", "leases"])
    operations = frozenset([CREATE, UPDATE, DELETE])
    subresources = EVERY_SUBRESOURCE

    def admit(self, server: ApiServer, write: Write) -> None:
        user = write.request.user
        if NODES not in user.groups or not user.name.startswith(NODE):
            return
        CHECKS[write.resource.name](server, write, user.name.removeprefix(NODE))


def _pod(server: ApiServer, write: Write, node: str) -> None:
    subresource, done = write.request.subresource, operation(write)
    if subresource not in ("", "status", "eviction"):
        only = "only 'status' and 'eviction' are allowed"
        raise forbidden(write, f'unexpected pod subresource "{subresource}", {only}')
    if not subresource and done == CREATE:
        _mirror_pod(write, node)
        return
    if not subresource and done == UPDATE:
        only = f'node "{node}" can only create and delete mirror pods'
        raise forbidden(write, f'unexpected operation "UPDATE", {only}')
    pod = write.old or server.store.get("pods", write.request.key)
    if pod is not None and dig(pod, "spec", "nodeName", default="") != node:
        may = {"": "delete pods", "status": "update pod status for pods", "eviction": "evict pods"}
        raise forbidden(write, f'node "{node}" can only {may[subresource]} with spec.nodeName set to itself')
    if subresource == "status" and write.old and labels_of(write.object) != labels_of(write.old):
        raise forbidden(write, f'node "{node}" cannot update labels through pod status')


def _mirror_pod(write: Write, node: str) -> None:
    pod = write.object
    if MIRROR not in annotations_of(pod):
        lacks = f'pod does not have "{MIRROR}" annotation'
        raise forbidden(write, f'{lacks}, node "{node}" can only create mirror pods')
    if dig(pod, "spec", "nodeName", default="") != node:
        raise forbidden(write, f'node "{node}" can only create pods with spec.nodeName set to itself')


def _node(server: ApiServer, write: Write, node: str) -> None:
    name = write.request.name or name_of(write.object)
    if name != node:
        raise forbidden(write, f'node "{node}" is not allowed to modify node "{name}"')
    done = operation(write)
    if done == DELETE:
        return
    changed = _foreign_labels(labels_of(write.object), labels_of(write.old or {}))
    if changed:
        may_not = "set the following labels" if done == CREATE else "modify labels"
        raise forbidden(write, f'node "{node}" is not allowed to {may_not}: {", ".join(sorted(changed))}')
    if write.old and dig(write.object, "spec", "taints") != dig(write.old, "spec", "taints"):
        raise forbidden(write, f'node "{node}" is not allowed to modify taints')


def _foreign_labels(new: Mapping[str, str], old: Mapping[str, str]) -> set[str]:
    """The labels that are changed and are not a kubelet's to change."""
    changed = {label for label in {**new, **old} if new.get(label) != old.get(label)}
    return {label for label in changed if label not in OWN_LABELS and _is_reserved(label.partition("/")[0])}


def _is_reserved(prefix: str) -> bool:
    return _within(prefix, RESERVED) and not _within(prefix, OWN_PREFIXES)


def _within(prefix: str, domains: tuple[str, ...]) -> bool:
    return any(prefix == domain or prefix.endswith(f".{domain}") for domain in domains)


def _lease(server: ApiServer, write: Write, node: str) -> None:
    if write.request.namespace != LEASES:
        raise forbidden(write, f'can only access leases in the "{LEASES}" system namespace')
    if (write.request.name or name_of(write.object)) != node:
        raise forbidden(write, "can only access node lease with the same name as the requesting node")


CHECKS: dict[str, Callable[[ApiServer, Write, str], None]] = {"pods": _pod, "nodes": _node, "leases": _lease}
