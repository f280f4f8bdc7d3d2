"""DefaultStorageClass and DefaultIngressClass: who names no class gets the one that is marked as default.

Kubernetes: plugin/pkg/admission/storage/storageclass/setdefault, plugin/pkg/admission/network/defaultingressclass
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slearn.api.objects import Object, annotations_of, name_of
from k8slearn.apiserver.admission.plugin import CREATE, Plugin

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer


class DefaultClass(Plugin):
    """What the two have in common."""

    operations = frozenset([CREATE])
    classes: str  # where they are
    field: str  # where an object names its class
    old_annotation: str  # where it did before there was a field
    marks: tuple[str, ...]  # annotations that make a class the default

    def admit(self, server: ApiServer, write: Write) -> None:
        spec = write.object.setdefault("spec", {})
        if spec.get(self.field) is not None or self.old_annotation in annotations_of(write.object):
            return
        marked = [c for c in server.store.list(self.classes) if self._is_default(c)]
        if marked:  # the newest; of those made in the same second, the first by name
            newest = max(c["metadata"]["creationTimestamp"] for c in marked)
            first = min(name_of(c) for c in marked if c["metadata"]["creationTimestamp"] == newest)
            spec[self.field] = first

    def _is_default(self, found: Object) -> bool:
        return any(annotations_of(found).get(mark) == "true" for mark in self.marks)


class DefaultStorageClass(DefaultClass):
    name = "DefaultStorageClass"
    kinds = frozenset(["persistentvolumeclaims"])
    classes, field = "storageclasses", "storageClassName"
    old_annotation = "volume.beta.kubernetes.io/storage-class"
    marks = (
        "storageclass.kubernetes.io/is-default-class",
        "storageclass.beta.kubernetes.io/is-default-class",
    )


class DefaultIngressClass(DefaultClass):
    name = "DefaultIngressClass"
    kinds = frozenset(["ingresses"])
    classes, field = "ingressclasses", "ingressClassName"
    old_annotation = "kubernetes.io/ingress.class"
    marks = ("ingressclass.kubernetes.io/is-default-class",)
