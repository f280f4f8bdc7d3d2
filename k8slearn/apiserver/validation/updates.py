"""What may not change once it is there, as tables.

Kubernetes: Validate*Update in pkg/apis/*/validation/validation.go
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from k8slearn.api import quantities
from k8slearn.api.errors import FieldError, forbidden, invalid
from k8slearn.api.objects import Object, dig
from k8slearn.api.volumes import requested
from k8slearn.apiserver.validation import definitions, jobs, podupdates, rbac, services

Spec = dict[str, Any]

# Kind -> fields that stay as they were.
IMMUTABLE: dict[str, tuple[str, ...]] = {
    "Deployment": ("spec.selector",),
    "ReplicaSet": ("spec.selector",),
    "DaemonSet": ("spec.selector",),
    "Job": (
        "spec.selector",
        "spec.completionMode",
        "spec.podFailurePolicy",
        "spec.backoffLimitPerIndex",
        "spec.managedBy",
        "spec.successPolicy",
    ),
    "ResourceQuota": ("spec.scopes",),
    "IngressClass": ("spec.controller",),
    "RuntimeClass": ("handler",),
    "PersistentVolume": ("spec.volumeMode",),
    "VolumeAttachment": ("spec",),
    "CSIStorageCapacity": ("nodeTopology", "storageClassName"),
    "VolumeAttributesClass": ("driverName", "parameters"),
    "CSIDriver": ("spec.attachRequired", "spec.volumeLifecycleModes"),
    "Secret": ("type",),
    "StorageClass": ("provisioner", "reclaimPolicy", "volumeBindingMode"),
    "PriorityClass": ("preemptionPolicy",),
    "EndpointSlice": ("addressType",),
    "ControllerRevision": ("data",),
}

# Kind -> fields that may change while the rest of the spec may not, and how the refusal goes.
MUTABLE: dict[str, tuple[tuple[str, ...], str]] = {
    "StatefulSet": (
        (
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
        ),
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
        "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
        "'minReadySeconds' are forbidden",
    ),
}

CLAIM_FIELDS = (
    "spec is immutable after creation except resources.requests "
    "and volumeAttributesClassName for bound claims"
)


def check_update(kind: str, new: Object, old: Object) -> list[FieldError]:
    """The errors for changing what must stay."""
    errors: list[FieldError] = []
    for path in IMMUTABLE.get(kind, ()):
        errors += _same(new, old, path)
    if kind in MUTABLE:
        errors += _only(new, old, *MUTABLE[kind])
    if kind in SPECIAL:
        errors += SPECIAL[kind](new, old)
    return errors


def _same(new: Object, old: Object, path: str) -> Iterable[FieldError]:
    value = dig(new, *path.split("."))
    if value != dig(old, *path.split(".")):
        yield invalid(path, value, "field is immutable")


def _only(new: Object, old: Object, mutable: tuple[str, ...], refusal: str) -> Iterable[FieldError]:
    if _without(new["spec"], mutable) != _without(old["spec"], mutable):
        yield forbidden("spec", refusal)


def _without(spec: Spec, fields: tuple[str, ...]) -> Spec:
    return {field: value for field, value in spec.items() if field not in fields}


# --- the others ---------------------------------------------------------------------------------


def _frozen(new: Object, old: Object) -> Iterable[FieldError]:
    """Once immutable, always immutable. ConfigMap and Secret."""
    if not old.get("immutable"):
        return
    fields = ("data", "binaryData") if new["kind"] == "ConfigMap" else ("data",)
    for field in fields:
        if (new.get(field) or {}) != (old.get(field) or {}):
            yield forbidden(field, "field is immutable when `immutable` is set")
    if not new.get("immutable"):
        yield forbidden("immutable", "field is immutable when `immutable` is set")


def _claim(new: Object, old: Object) -> Iterable[FieldError]:
    """A claim is bound once, and may be given a class once; once it is bound, its size is negotiable."""
    once = [field for field in ("volumeName", "storageClassName") if field not in old["spec"]]
    bound = dig(old, "status", "phase") == "Bound"
    free = ("resources", "volumeAttributesClassName", *once) if bound else tuple(once)
    yield from _only(new, old, free, CLAIM_FIELDS)
    before, size = requested(old), requested(new)
    has = quantities.parse(dig(old, "status", "capacity", "storage", default=0))
    if size < before and size <= has:  # taking back a wish that was never granted is allowed
        yield forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")


_NOT_THE_SOURCE = (
    "accessModes capacity claimRef mountOptions persistentVolumeReclaimPolicy storageClassName volumeMode "
    "nodeAffinity volumeAttributesClassName"
).split()


def _volume(new: Object, old: Object) -> Iterable[FieldError]:
    a, b = (_without(v["spec"], tuple(_NOT_THE_SOURCE)) for v in (new, old))
    if a != b:
        yield forbidden(
            "spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation"
        )
    before, now = old["spec"].get("nodeAffinity"), new["spec"].get("nodeAffinity")
    if before is not None and now != before:
        yield invalid("spec.nodeAffinity", now, "field is immutable")


def _priority(new: Object, old: Object) -> Iterable[FieldError]:
    if new.get("value", 0) != old.get("value", 0):
        yield forbidden("value", "may not be changed in an update.")


def _node(new: Object, old: Object) -> Iterable[FieldError]:
    a, b = new.get("spec") or {}, old.get("spec") or {}
    for field, shown in (("podCIDRs", "podCIDR"), ("providerID", "providerID")):
        if b.get(field) and a.get(field) != b[field]:
            detail = f'node updates may not change {shown} except from "" to valid'
            yield forbidden(f"spec.{field}", detail)


def _storage_class(new: Object, old: Object) -> Iterable[FieldError]:
    if (new.get("parameters") or {}) != (old.get("parameters") or {}):
        yield forbidden("parameters", "updates to parameters are forbidden.")


SPECIAL: dict[str, Callable[[Object, Object], Iterable[FieldError]]] = {
    "CustomResourceDefinition": definitions.check_change,
    "Pod": podupdates.check_update,
    "Job": jobs.check_update,
    "ConfigMap": _frozen,
    "Secret": _frozen,
    "PersistentVolumeClaim": _claim,
    "Service": services.check_update,
    "RoleBinding": rbac.check_update,
    "ClusterRoleBinding": rbac.check_update,
    "StorageClass": _storage_class,
    "PersistentVolume": _volume,
    "PriorityClass": _priority,
    "Node": _node,
}
