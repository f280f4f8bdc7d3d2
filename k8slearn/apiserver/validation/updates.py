"""What may not change once it is there, as tables.

Kubernetes: Validate*Update in pkg/apis/*/validation/validation.go
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from k8slearn.api.errors import FieldError, forbidden, invalid
from k8slearn.api.objects import Object, dig

Spec = dict[str, Any]

# Kind -> fields that stay as they were.
IMMUTABLE: dict[str, tuple[str, ...]] = {
    "Deployment": ("spec.selector",),
    "ReplicaSet": ("spec.selector",),
    "DaemonSet": ("spec.selector",),
    "Job": (
        "spec.completions",
        "spec.selector",
        "spec.template",
        "spec.completionMode",
        "spec.podFailurePolicy",
        "spec.backoffLimitPerIndex",
        "spec.managedBy",
    ),
    "Secret": ("type",),
    "StorageClass": ("provisioner", "reclaimPolicy", "volumeBindingMode"),
    "PriorityClass": ("value", "preemptionPolicy"),
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
POD_FIELDS = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
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


# --- Pod ----------------------------------------------------------------------------------------


def _pod(new: Object, old: Object) -> Iterable[FieldError]:
    """A pod that runs cannot become another one; images may change, tolerations may be added."""
    a, b = new["spec"], old["spec"]
    for field in ("containers", "initContainers"):
        if len(a.get(field) or ()) != len(b.get(field) or ()):
            yield forbidden(f"spec.{field}", "pod updates may not add or remove containers")
            return
    yield from _shorter_deadline(a.get("activeDeadlineSeconds"), b.get("activeDeadlineSeconds"))
    yield from _more_tolerations(a.get("tolerations") or [], b.get("tolerations") or [])
    if _fixed(a, b) != _fixed(b, b):
        yield forbidden("spec", POD_FIELDS)


def _fixed(spec: Spec, old: Spec) -> Spec:
    """The part of a pod spec that has to stay. While gates hold the pod, its node selector may be set."""
    free = ["containers", "initContainers", "activeDeadlineSeconds", "tolerations", "schedulingGates"]
    if old.get("schedulingGates"):
        free += ["nodeSelector", "affinity"]
    if old.get("terminationGracePeriodSeconds", 0) < 0 and spec.get("terminationGracePeriodSeconds") == 1:
        free += ["terminationGracePeriodSeconds"]
    rest = _without(spec, tuple(free))
    for field in ("containers", "initContainers"):
        rest[field] = [_without(container, ("image",)) for container in spec.get(field) or ()]
    return rest


def _shorter_deadline(new: int | None, old: int | None) -> Iterable[FieldError]:
    path = "spec.activeDeadlineSeconds"
    if old is not None and new is None:
        yield invalid(path, None, "must not update from a positive integer to nil value")
    elif old is not None and new is not None and new > old:
        yield invalid(path, new, "must be less than or equal to previous value")


def _more_tolerations(new: list[Spec], old: list[Spec]) -> Iterable[FieldError]:
    kept = [_without(t, ("tolerationSeconds",)) for t in new]
    if any(_without(t, ("tolerationSeconds",)) not in kept for t in old):
        yield forbidden(
            "spec.tolerations", "existing toleration can not be modified except its tolerationSeconds"
        )


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
    """A claim is bound once, and may be given a class once; after that only its size is negotiable."""
    once = (field for field in ("volumeName", "storageClassName") if field not in old["spec"])
    return _only(new, old, ("resources", "volumeAttributesClassName", *once), CLAIM_FIELDS)


def _service(new: Object, old: Object) -> Iterable[FieldError]:
    """A Service keeps its address while it has one. Kubernetes: validateServiceClusterIPsRelatedFields"""
    a, b = new["spec"], old["spec"]
    had, has = b.get("clusterIP"), a.get("clusterIP")
    if had and has != had and "ExternalName" not in (a.get("type"), b.get("type")):
        yield invalid("spec.clusterIPs[0]", a.get("clusterIPs") or [has], "may not change once set")


def _role_ref(new: Object, old: Object) -> Iterable[FieldError]:
    if new.get("roleRef") != old.get("roleRef"):
        yield invalid("roleRef", new.get("roleRef"), "cannot change roleRef")


def _storage_class(new: Object, old: Object) -> Iterable[FieldError]:
    if (new.get("parameters") or {}) != (old.get("parameters") or {}):
        yield forbidden("parameters", "updates to parameters are forbidden.")


SPECIAL: dict[str, Callable[[Object, Object], Iterable[FieldError]]] = {
    "Pod": _pod,
    "ConfigMap": _frozen,
    "Secret": _frozen,
    "PersistentVolumeClaim": _claim,
    "Service": _service,
    "RoleBinding": _role_ref,
    "ClusterRoleBinding": _role_ref,
    "StorageClass": _storage_class,
}
