"""A pod whose volumes are not there yet is not put anywhere.

What is left out: a volume that only some nodes can reach. Claims of a class that waits for its first consumer
are bound when the pod has a node, where Kubernetes chooses node and volume together.

Kubernetes: pkg/scheduler/framework/plugins/volumebinding (PreFilter)
"""

from __future__ import annotations

from k8slearn.api.claims import claim_name, volumes_of
from k8slearn.api.objects import Object, dig, is_deleting, namespace_of
from k8slearn.machinery import Cache

WATCHED = ("persistentvolumeclaims", "persistentvolumes", "storageclasses")
UNBOUND = "pod has unbound immediate PersistentVolumeClaims"


def problem(cache: Cache, pod: Object) -> str:
    """Why this pod can be on no node as yet; "" when nothing is in its way."""
    unbound = False
    for volume in volumes_of(pod):
        name = claim_name(pod, volume)
        if not name:
            continue
        claim = cache.get("persistentvolumeclaims", f"{namespace_of(pod)}/{name}")
        trouble = _trouble(claim, name, volume)
        if trouble or claim is None:
            return trouble
        unbound = unbound or _must_be_bound_first(cache, claim)
    return UNBOUND if unbound else ""


def _trouble(claim: Object | None, name: str, volume: Object) -> str:
    if claim is None:
        missing = f'persistentvolumeclaim "{name}" not found'
        made = f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
        return made if "ephemeral" in volume else missing
    if dig(claim, "status", "phase") == "Lost":
        lost = dig(claim, "spec", "volumeName", default="")
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{lost}"'
    return f'persistentvolumeclaim "{name}" is being deleted' if is_deleting(claim) else ""


def _must_be_bound_first(cache: Cache, claim: Object) -> bool:
    if "pv.kubernetes.io/bind-completed" in (claim["metadata"].get("annotations") or {}):
        return False
    found = cache.get("storageclasses", dig(claim, "spec", "storageClassName", default=""))
    return dig(found, "volumeBindingMode") != "WaitForFirstConsumer"
