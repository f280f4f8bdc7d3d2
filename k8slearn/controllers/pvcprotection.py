"""A claim that a pod uses does not go, whoever deletes it, until no pod on any node uses it.

Kubernetes: pkg/controller/volume/pvcprotection/pvc_protection_controller.go
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from k8slearn.api.claims import claims_of
from k8slearn.api.objects import Key, Object, dig, edit, is_deleting, key_of, namespace_of
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change


class PVCProtectionController(Controller):
    name = "pvc-protection-controller"
    room = "controllers"
    primary = "persistentvolumeclaims"
    watches: ClassVar[Iterable[str]] = ("pods",)
    finalizer = "kubernetes.io/pvc-protection"

    def keys_for(self, change: Change) -> Iterable[Key]:
        return claims_of(change.object) if change.resource == "pods" else [key_of(change.object)]

    def reconcile(self, key: Key) -> Done | None:
        obj = self.cache.get(self.primary, key)
        if obj is None:
            return None
        finalizers = dig(obj, "metadata", "finalizers", default=[])
        if is_deleting(obj) and self.finalizer in finalizers and not self._is_used(obj):
            self._set(obj, [f for f in finalizers if f != self.finalizer])
        elif not is_deleting(obj) and self.finalizer not in finalizers:
            self._set(obj, [*finalizers, self.finalizer])
        return None

    def _set(self, obj: Object, finalizers: list[str]) -> None:
        changed = edit(obj)
        changed["metadata"]["finalizers"] = finalizers
        self.client.update(changed)

    def _is_used(self, obj: Object) -> bool:
        """By a pod on a node. What the cache does not show is asked of the API: it is about people's data."""
        namespace, key = namespace_of(obj), key_of(obj)
        return _uses(self.cache.list("pods", namespace), key) or _uses(
            self.client.list("pods", namespace), key
        )


def _uses(pods: Iterable[Object], claim: Key) -> bool:
    return any(p["spec"].get("nodeName") and claim in claims_of(p) for p in pods)
