"""Makes the claims of volumes that live and die with one pod.

The pod owns the claim, so the garbage collector takes it when the pod goes. A claim of that name which belongs to
somebody else is never touched: the pod waits, and an event says why.

Kubernetes: pkg/controller/volume/ephemeral/controller.go, component-helpers/storage/ephemeral
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api.claims import claim_name, volumes_of
from k8slearn.api.errors import ApiError
from k8slearn.api.objects import (
    Key,
    Object,
    dig,
    edit,
    is_controlled_by,
    is_deleting,
    key_of,
    make_key,
    namespace_of,
    owner_reference,
)
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change


class EphemeralVolumeController(Controller):
    name = "ephemeral-volume-controller"
    room = "controllers"
    primary = "pods"
    owns = ("persistentvolumeclaims",)

    def setup(self) -> None:
        self.events.component = "ephemeral_volume"

    def keys_for(self, change: Change) -> Iterable[Key]:
        """Pods with such volumes; of claims, only that one is gone."""
        if change.resource != "pods" and change.type != "DELETED":
            return []
        return super().keys_for(change)

    def reconcile(self, key: Key) -> Done | None:
        pod = self.cache.get("pods", key)
        if pod is None or is_deleting(pod):
            return None
        for volume in volumes_of(pod):
            if "ephemeral" in volume:
                self._ensure(pod, volume)
        return None

    def _ensure(self, pod: Object, volume: Object) -> None:
        """Raises what keeps the claim from being made; it is tried again with a growing delay."""
        problem = self._problem(pod, volume)
        if problem:
            said = f"ephemeral volume {volume['name']}: {problem}"
            self.events.warning(pod, "FailedBinding", said)
            raise RuntimeError(f"pod {key_of(pod)}, {said}")

    def _problem(self, pod: Object, volume: Object) -> str:
        """Make the claim, unless it is there. Returns what went wrong, or ""."""
        namespace, name = namespace_of(pod), claim_name(pod, volume)
        there = self.cache.get("persistentvolumeclaims", make_key(namespace, name))
        if there is None:
            try:
                self.client.create(new_claim(pod, volume))
            except ApiError as error:
                return f"create PVC {name}: {error}"
        elif not is_controlled_by(there, pod):
            return f"PVC {namespace}/{name} was not created for pod {key_of(pod)} (pod is not owner)"
        return ""


def new_claim(pod: Object, volume: Object) -> Object:
    template = edit(dig(volume, "ephemeral", "volumeClaimTemplate"))
    kept = {k: v for k, v in (template.get("metadata") or {}).items() if k in ("labels", "annotations")}
    metadata = {"name": claim_name(pod, volume), "namespace": namespace_of(pod), **kept}
    metadata["ownerReferences"] = [owner_reference(pod)]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata,
        "spec": template["spec"],
    }
