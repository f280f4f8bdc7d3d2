"""StorageObjectInUseProtection and PersistentVolumeClaimResize: storage that is in use does not vanish, and grows
only where its class lets it.

Kubernetes: plugin/pkg/admission/storage/{storageobjectinuseprotection,persistentvolume/resize}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slearn.api.objects import Object, dig
from k8slearn.api.volumes import requested
from k8slearn.apiserver.admission.plugin import CREATE, UPDATE, Plugin, forbidden

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

#: Held by these until a controller finds that nobody uses them any more.
FINALIZERS = {
    "persistentvolumes": "kubernetes.io/pv-protection",
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
}


class StorageObjectInUseProtection(Plugin):
    name = "StorageObjectInUseProtection"
    kinds = frozenset(FINALIZERS)
    operations = frozenset([CREATE])

    def admit(self, server: ApiServer, write: Write) -> None:
        m, ours = write.object["metadata"], FINALIZERS[write.resource.name]
        present = m.get("finalizers") or []
        if ours not in present:
            m["finalizers"] = [*present, ours]


class PersistentVolumeClaimResize(Plugin):
    name = "PersistentVolumeClaimResize"
    kinds = frozenset(["persistentvolumeclaims"])
    operations = frozenset([UPDATE])

    def validate(self, server: ApiServer, write: Write) -> None:
        old = write.old or {}
        if requested(write.object) <= requested(old):
            return
        if dig(old, "status", "phase") != "Bound":
            raise forbidden(write, "Only bound persistent volume claims can be expanded")
        if not _may_grow(server, write.object, old):
            raise forbidden(
                write,
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc "
                "must support resize",
            )


def _may_grow(server: ApiServer, claim: Object, old: Object) -> bool:
    name = dig(claim, "spec", "storageClassName", default="")
    if not name or name != dig(old, "spec", "storageClassName", default=""):
        return False
    return bool((server.store.get("storageclasses", name) or {}).get("allowVolumeExpansion"))
