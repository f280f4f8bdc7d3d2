"""Which volume will do for a claim: said once, for those who bind, schedule and provide them.

Kubernetes: pkg/controller/volume/persistentvolume/index.go, component-helpers/storage/volume (pv_helpers.go)
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from k8slearn.api.objects import (
    Object,
    annotations_of,
    dig,
    is_deleting,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)
from k8slearn.api.quantities import parse
from k8slearn.api.selectors import LabelSelector

OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
IS_DEFAULT = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def class_of(obj: Object) -> str:
    """The StorageClass of a claim or a volume. "" means: none, and none wanted."""
    return annotations_of(obj).get(OLD_CLASS) or dig(obj, "spec", "storageClassName", default="")


def has_class(claim: Object) -> bool:
    """Does it say anything about a class? Saying "" is saying something."""
    return OLD_CLASS in annotations_of(claim) or claim["spec"].get("storageClassName") is not None


def default_class(classes: Iterable[Object]) -> Object | None:
    """The newest of those marked as default; of those made in the same second, the first by name."""
    marked = [c for c in classes if any(annotations_of(c).get(mark) == "true" for mark in IS_DEFAULT)]
    newest = max((c["metadata"]["creationTimestamp"] for c in marked), default="")
    return min((c for c in marked if c["metadata"]["creationTimestamp"] == newest), key=name_of, default=None)


def size(volume: Object) -> Fraction:
    return parse(dig(volume, "spec", "capacity", "storage", default="0"))


def request(claim: Object) -> str | None:
    """How much it asks for, as it is written there."""
    amount: str | None = dig(claim, "spec", "resources", "requests", "storage")
    return amount


def requested(claim: Object) -> Fraction:
    return parse(request(claim) or "0")


def same_mode(volume: Object, claim: Object) -> bool:
    """Both a file system, or both a raw block device."""
    first, second = (dig(o, "spec", "volumeMode", default="Filesystem") for o in (volume, claim))
    return bool(first == second)


def has_modes(volume: Object, claim: Object) -> bool:
    return set(claim["spec"]["accessModes"]) <= set(volume["spec"]["accessModes"])


# --- the reference from a volume to its claim --------------------------------------------------


def reference(claim: Object) -> Object:
    return {
        "kind": "PersistentVolumeClaim",
        "namespace": namespace_of(claim),
        "name": name_of(claim),
        "uid": uid_of(claim),
        "apiVersion": "v1",
        "resourceVersion": claim["metadata"]["resourceVersion"],
    }


def is_for(volume: Object, claim: Object) -> bool:
    """Is the volume meant for this claim: bound to it, or reserved under its name? IsVolumeBoundToClaim"""
    known = dig(volume, "spec", "claimRef")
    if known is None or (known.get("namespace"), known.get("name")) != (namespace_of(claim), name_of(claim)):
        return False
    return known.get("uid") in (None, "", uid_of(claim))


# --- choosing ----------------------------------------------------------------------------------


def best_match(volumes: Iterable[Object], claim: Object, *, only_meant: bool) -> Object | None:
    """The volume that was meant for this claim; else the smallest of those that are free and will do.

    A volume that can do less (has fewer access modes) is preferred to a smaller one that can do more.
    `only_meant`: the scheduler chooses among the free ones, not we. Kubernetes: findBestMatchForClaim
    """
    able = [v for v in volumes if has_modes(v, claim)]
    for modes in sorted({len(v["spec"]["accessModes"]) for v in able}):
        found = _match([v for v in able if len(v["spec"]["accessModes"]) == modes], claim, only_meant)
        if found is not None:
            return found
    return None


def _match(volumes: list[Object], claim: Object, only_meant: bool) -> Object | None:
    fitting = [v for v in volumes if fits(v, claim)]
    meant = next((v for v in fitting if is_for(v, claim)), None)
    if meant is not None or only_meant:
        return meant
    return min((v for v in fitting if is_free(v) and is_wanted(v, claim)), key=size, default=None)


def fits(volume: Object, claim: Object) -> bool:
    """Big enough, of the same mode, and here to stay. (What may be done with it, says `has_modes`.)"""
    return size(volume) >= requested(claim) and same_mode(volume, claim) and not is_deleting(volume)


def is_free(volume: Object) -> bool:
    return dig(volume, "spec", "claimRef") is None and dig(volume, "status", "phase") == "Available"


def is_wanted(volume: Object, claim: Object) -> bool:
    selector = claim["spec"].get("selector")
    selected = selector is None or LabelSelector.of(selector).matches(labels_of(volume))
    return selected and class_of(volume) == class_of(claim)


def mismatch(volume: Object, claim: Object) -> str:
    """Why the volume that a claim asks for by name will not do; "" if it will. checkVolumeSatisfyClaim"""
    checks = (
        (is_deleting(volume), f'the volume is marked for deletion "{name_of(volume)}"'),
        (size(volume) < requested(claim), "requested PV is too small"),
        (class_of(volume) != class_of(claim), "storageClassName does not match"),
        (not same_mode(volume, claim), "incompatible volumeMode"),
        (not has_modes(volume, claim), "incompatible accessMode"),
    )
    return next((why for wrong, why in checks if wrong), "")
