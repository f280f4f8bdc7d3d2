"""What may change of a pod that is there. It cannot become another one.

Images may change, tolerations may be added, a deadline may come closer; a pod that its gates hold back may
still be told where to go.

Kubernetes: pkg/apis/core/validation/validation.go (ValidatePodUpdate)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api.errors import FieldError, forbidden, invalid, required
from k8slearn.api.objects import Object

Spec = dict[str, Any]

MUTABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_CONTAINERS = ("containers", "initContainers")


def check_update(new: Object, old: Object) -> Iterable[FieldError]:
    a, b = new["spec"], old["spec"]
    for field in _CONTAINERS:
        if len(a.get(field) or ()) != len(b.get(field) or ()):
            yield forbidden(f"spec.{field}", "pod updates may not add or remove containers")
            return
    yield from _images(a, b)
    yield from _shorter_deadline(a.get("activeDeadlineSeconds"), b.get("activeDeadlineSeconds"))
    yield from _more_tolerations(a.get("tolerations") or [], b.get("tolerations") or [])
    yield from _fewer_gates(a.get("schedulingGates") or [], b.get("schedulingGates") or [])
    if b.get("schedulingGates"):
        yield from _node_selector(a.get("nodeSelector") or {}, b.get("nodeSelector") or {})
    if _fixed(a, b) != _fixed(b, b):
        yield forbidden("spec", MUTABLE)


def _images(new: Spec, old: Spec) -> Iterable[FieldError]:
    for field in _CONTAINERS:
        for i, container in enumerate(new.get(field) or ()):
            if not container.get("image") and old[field][i].get("image"):
                yield required(f"spec.{field}[{i}].image")


def _fixed(spec: Spec, old: Spec) -> Spec:
    """The part of a pod spec that has to stay."""
    free = {"containers", "initContainers", "activeDeadlineSeconds", "tolerations", "schedulingGates"}
    if old.get("schedulingGates"):
        free |= {"nodeSelector", "affinity"}
    if old.get("terminationGracePeriodSeconds", 0) < 0 and spec.get("terminationGracePeriodSeconds") == 1:
        free.add("terminationGracePeriodSeconds")
    rest = {field: value for field, value in spec.items() if field not in free}
    for field in _CONTAINERS:
        rest[field] = [{**container, "image": ""} for container in spec.get(field) or ()]
    return rest


def _shorter_deadline(new: int | None, old: int | None) -> Iterable[FieldError]:
    path = "spec.activeDeadlineSeconds"
    if old is not None and new is None:
        yield invalid(path, None, "must not update from a positive integer to nil value")
    elif old is not None and new is not None and new > old:
        yield invalid(path, new, "must be less than or equal to previous value")


def _more_tolerations(new: list[Spec], old: list[Spec]) -> Iterable[FieldError]:
    kept = [{**t, "tolerationSeconds": 0} for t in new]
    if any({**t, "tolerationSeconds": 0} not in kept for t in old):
        yield forbidden(
            "spec.tolerations", "existing toleration can not be modified except its tolerationSeconds"
        )


def _fewer_gates(new: list[Spec], old: list[Spec]) -> Iterable[FieldError]:
    had = {gate.get("name") for gate in old}
    for i, gate in enumerate(new):
        if gate.get("name") not in had:
            detail = f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'"
            yield forbidden(f"spec.schedulingGates[{i}].name", detail)


def _node_selector(new: dict[str, str], old: dict[str, str]) -> Iterable[FieldError]:
    if any(new.get(key) != value for key, value in old.items()):
        detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        yield invalid("spec.nodeSelector", new, detail)
