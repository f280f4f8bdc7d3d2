"""The claims of a pod, and which volume will do for one on which node.

Kubernetes: component-helpers/storage/volume (pv_helpers.go: FindMatchingVolume, CheckNodeAffinity)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from k8slearn.api.claims import claim_name, volumes_of
from k8slearn.api.objects import (
    Object,
    annotations_of,
    dig,
    is_deleting,
    labels_of,
    namespace_of,
    uid_of,
)
from k8slearn.api.selectors import node_selector_matches
from k8slearn.api.volumes import fits, has_modes, is_for, is_free, is_wanted, size
from k8slearn.scheduler.handle import Handle
from k8slearn.scheduler.nodeinfo import PodInfo

CLAIMS, VOLUMES, CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses"
COMPLETED = "pv.kubernetes.io/bind-completed"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
NO_PROVISIONER = "kubernetes.io/no-provisioner"


class PodClaims(NamedTuple):
    """The claims of a pod, by what is still to be done about them."""

    bound: tuple[Object, ...] = ()
    delayed: tuple[Object, ...] = ()  # to be bound once it is known where the pod goes
    immediate: tuple[Object, ...] = ()  # to be bound by others, whoever uses them


def has_claims(pod: PodInfo) -> bool:
    return any("persistentVolumeClaim" in v or "ephemeral" in v for v in volumes_of(pod.object))


def claims_in(pod: PodInfo, handle: Handle) -> list[Object]:
    """Those that there are."""
    names = [claim_name(pod.object, volume) for volume in volumes_of(pod.object)]
    found = [handle.get(CLAIMS, f"{pod.namespace}/{name}") for name in names if name]
    return [claim for claim in found if claim is not None]


def trouble_with_claims(pod: PodInfo, handle: Handle) -> str:
    """What is wrong with one of them; "" if nothing is."""
    for volume in volumes_of(pod.object):
        name = claim_name(pod.object, volume)
        if name:
            claim = handle.get(CLAIMS, f"{pod.namespace}/{name}")
            trouble = _trouble(claim, name, pod, is_ephemeral="ephemeral" in volume)
            if trouble:
                return trouble
    return ""


def _trouble(claim: Object | None, name: str, pod: PodInfo, *, is_ephemeral: bool) -> str:
    if claim is None:
        missing = f'persistentvolumeclaim "{name}" not found'
        made = f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
        return made if is_ephemeral else missing
    if dig(claim, "status", "phase") == "Lost":
        lost = dig(claim, "spec", "volumeName", default="")
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{lost}"'
    if is_deleting(claim):
        return f'persistentvolumeclaim "{name}" is being deleted'
    owners = dig(claim, "metadata", "ownerReferences", default=())
    if is_ephemeral and not any(o["uid"] == uid_of(pod.object) for o in owners):
        return f"PVC {namespace_of(claim)}/{name} was not created for pod {pod.key} (pod is not owner)"
    return ""


def sort_claims(claims: Iterable[Object], handle: Handle) -> PodClaims:
    bound, delayed, immediate = [], [], []
    for claim in claims:
        if is_bound(claim):
            bound.append(claim)
        elif is_delayed(claim, handle) and not dig(claim, "spec", "volumeName"):
            delayed.append(claim)
        else:
            immediate.append(claim)
    return PodClaims(tuple(bound), tuple(delayed), tuple(immediate))


def is_bound(claim: Object) -> bool:
    return bool(dig(claim, "spec", "volumeName")) and COMPLETED in annotations_of(claim)


def is_delayed(claim: Object, handle: Handle) -> bool:
    """Its class waits for the first pod that uses it."""
    return dig(class_of(claim, handle), "volumeBindingMode") == "WaitForFirstConsumer"


def class_of(claim: Object, handle: Handle) -> Object | None:
    return handle.get(CLASSES, dig(claim, "spec", "storageClassName", default=""))


# --- which volume ---


def reaches(volume: Object, node: Object) -> bool:
    """Can the node get at the volume? Kubernetes: CheckNodeAffinity"""
    required = dig(volume, "spec", "nodeAffinity", "required")
    return required is None or node_selector_matches(required, node)


def matching_volume(claim: Object, volumes: Iterable[Object], node: Object) -> Object | None:
    """The one that is meant for the claim; else the smallest of those that are free and fit. Reached by the node."""
    fitting = [v for v in volumes if fits(v, claim) and has_modes(v, claim)]
    meant = next((v for v in fitting if is_for(v, claim)), None)
    if meant is not None:
        return meant if reaches(meant, node) else None
    free = [v for v in fitting if is_free(v) and is_wanted(v, claim) and reaches(v, node)]
    return min(free, key=size, default=None)


def allows(storage_class: Object, node: Object) -> bool:
    """May volumes of the class be made where the node is? Kubernetes: MatchTopologySelectorTerms"""
    terms = storage_class.get("allowedTopologies")
    labels = labels_of(node)
    return not terms or any(
        all(labels.get(e["key"]) in e["values"] for e in term.get("matchLabelExpressions") or ())
        for term in terms
    )
