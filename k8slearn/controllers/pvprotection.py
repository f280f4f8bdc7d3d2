"""A volume that is bound does not go, whoever deletes it.

Kubernetes: pkg/controller/volume/pvprotection/pv_protection_controller.go
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api.objects import Key, Object, dig, key_of
from k8slearn.controllers.pvcprotection import PVCProtectionController
from k8slearn.machinery.informer import Change


class PVProtectionController(PVCProtectionController):
    """The same loop with another question."""

    name = "pv-protection-controller"
    primary = "persistentvolumes"
    watches = ()
    finalizer = "kubernetes.io/pv-protection"

    def keys_for(self, change: Change) -> Iterable[Key]:
        return [key_of(change.object)]

    def _is_used(self, obj: Object) -> bool:
        return dig(obj, "status", "phase") == "Bound"
