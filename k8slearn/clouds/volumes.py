"""What a disk looks like as a PersistentVolume. Pure functions.

Kubernetes: sigs.k8s.io/sig-storage-lib-external-provisioner, external-provisioner/pkg/controller/topology.go
"""

from __future__ import annotations

from math import ceil
from typing import Any

from k8slearn.api.objects import Object, annotations_of, name_of, uid_of
from k8slearn.api.volumes import reference, requested

GIB = 2**30
ZONE, HOSTNAME = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"


def gibibytes(claim: Object) -> int:
    return ceil(requested(claim) / GIB)


def volume_name(claim: Object) -> str:
    return f"pvc-{uid_of(claim)}"


def claim_uid(token: str) -> str:
    """The inverse of `volume_name`: a disk's token is the name of its volume."""
    return token.removeprefix("pvc-")


def new_volume(claim: Object, storage_class: Object, disk: dict[str, Any], key: str) -> Object:
    """`key`: the node label that says where the disk can be reached; "" if from everywhere."""
    driver = storage_class["provisioner"]
    spec: dict[str, Any] = {
        "capacity": {"storage": f"{disk['size']}Gi"},
        "accessModes": list(claim["spec"]["accessModes"]),
        "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
        "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
        "storageClassName": name_of(storage_class),
        "claimRef": reference(claim),
        **_source(driver, disk, key),
    }
    if storage_class.get("mountOptions"):
        spec["mountOptions"] = list(storage_class["mountOptions"])
    if key:
        spec["nodeAffinity"] = _only_where(key, disk["place"])
    metadata: Object = {"name": volume_name(claim), "annotations": {PROVISIONED_BY: driver}}
    if spec["persistentVolumeReclaimPolicy"] == "Delete":
        metadata["finalizers"] = [FINALIZER]
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}


def _source(driver: str, disk: dict[str, Any], key: str) -> Object:
    if key == HOSTNAME:
        return {"local": {"path": f"/var/lib/disks/{disk['id']}"}}
    attributes = {"storage.kubernetes.io/csiProvisionerIdentity": driver}
    return {"csi": {"driver": driver, "volumeHandle": disk["id"], "volumeAttributes": attributes}}


def _only_where(key: str, place: str) -> Object:
    expression = {"key": key, "operator": "In", "values": [place]}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}


def is_provisioned_by(volume: Object, driver: str) -> bool:
    return annotations_of(volume).get(PROVISIONED_BY) == driver


def allowed_places(storage_class: Object, key: str, places: tuple[str, ...]) -> list[str]:
    """The places that the class allows. Kubernetes: allowedTopologies"""
    terms = storage_class.get("allowedTopologies") or []
    allowed = {v for t in terms for e in t["matchLabelExpressions"] if e["key"] == key for v in e["values"]}
    return [p for p in places if not terms or p in allowed]
