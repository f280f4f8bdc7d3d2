"""Which volume will do for a claim, and what a volume made for one looks like. Pure functions.

Kubernetes: pkg/controller/volume/persistentvolume/index.go, component-helpers/storage/volume (FindMatchingVolume)
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.objects import Object, dig, is_deleting, labels_of, name_of, namespace_of, uid_of
from k8slearn.api.quantities import parse
from k8slearn.api.selectors import LabelSelector

PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
PROVISIONER = "k8slearn.io/imaginary"


def class_of(obj: Object) -> str:
    return dig(obj, "spec", "storageClassName", default="")


def fits(volume: Object, claim: Object) -> bool:
    """Class, mode, access, size and labels. Kubernetes: FindMatchingVolume"""
    spec, wanted = volume["spec"], claim["spec"]
    modes = [s.get("volumeMode", "Filesystem") for s in (spec, wanted)]
    if (
        is_deleting(volume)
        or modes[0] != modes[1]
        or not set(wanted["accessModes"]) <= set(spec["accessModes"])
    ):
        return False
    if parse(dig(wanted, "resources", "requests", "storage", default="0")) > size(volume):
        return False
    if is_prebound(volume, claim):
        return True
    selector = wanted.get("selector")
    selected = selector is None or LabelSelector.of(selector).matches(labels_of(volume))
    return selected and class_of(volume) == class_of(claim)


def size(volume: Object) -> Any:
    return parse(dig(volume, "spec", "capacity", "storage", default="0"))


def is_free(volume: Object) -> bool:
    return dig(volume, "spec", "claimRef") is None and dig(volume, "status", "phase") == "Available"


def is_for(reference: Object, claim: Object) -> bool:
    same = (reference.get("namespace"), reference.get("name")) == (namespace_of(claim), name_of(claim))
    return same and reference.get("uid") in (None, "", uid_of(claim))


def is_prebound(volume: Object, claim: Object) -> bool:
    reference = dig(volume, "spec", "claimRef")
    return reference is not None and is_for(reference, claim)


def reference(claim: Object) -> Object:
    return {
        "kind": "PersistentVolumeClaim",
        "namespace": namespace_of(claim),
        "name": name_of(claim),
        "uid": uid_of(claim),
        "apiVersion": "v1",
        "resourceVersion": claim["metadata"]["resourceVersion"],
    }


def new_volume(claim: Object, storage_class: Object) -> Object:
    """A directory that is nowhere, of just the size that is asked for."""
    name = f"pvc-{uid_of(claim)}"
    spec = {
        "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
        "accessModes": list(claim["spec"]["accessModes"]),
        "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
        "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
        "storageClassName": name_of(storage_class),
        "claimRef": reference(claim),
        "hostPath": {"path": f"/var/lib/imaginary/{name}", "type": "DirectoryOrCreate"},
    }
    if storage_class.get("mountOptions"):
        spec["mountOptions"] = list(storage_class["mountOptions"])
    metadata = {"name": name, "annotations": {PROVISIONED_BY: PROVISIONER}}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}
