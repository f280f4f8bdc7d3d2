"""Rules that hold for every kind: names, labels, owners, finalizers, and what of it may never change.

Kubernetes: apimachinery/pkg/api/validation/objectmeta.go; the names: Validate*Name in pkg/apis/*/validation
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, forbidden, invalid, required, too_long
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object
from k8slearn.apiserver.validation.shapes import NEGATIVE, Check, labels

ANNOTATIONS_LIMIT = 256 * 1024  # bytes, keys and values together
FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
STANDARD_FINALIZERS = ("kubernetes", FOREGROUND, ORPHAN)


def path_segment(name: str) -> list[str]:
    """A name that only has to fit into a URL: roles and their bindings. Kubernetes: IsValidPathSegmentName"""
    if name in (".", ".."):
        return [f"may not be '{name}'"]
    return [f"may not contain '{c}'" for c in "/%" if c in name]


def _cron_job_name(name: str) -> list[str]:
    """The jobs' names add a time to it, and must still fit into a label."""
    too_long = ["must be no more than 52 characters"] if len(name) > 52 else []
    return formats.dns_subdomain(name) + too_long


def _csi_driver_name(name: str) -> list[str]:
    too_long = ["must be no more than 63 characters"] if len(name) > 63 else []
    return too_long + formats.dns_subdomain(name.lower())


# Kinds whose names are not DNS subdomains.
NAMES: dict[str, formats.Check] = {
    "Namespace": formats.dns_label,
    "Service": formats.dns_label,
    "StatefulSet": formats.dns_label,
    "CronJob": _cron_job_name,
    "CSIDriver": _csi_driver_name,
    **dict.fromkeys(["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"], path_segment),
    **dict.fromkeys(["PodDisruptionBudget", "Event", "APIService"], path_segment),
}

# Kinds whose own rules do not look at metadata again: only the generic registry does.
_ONCE = frozenset(
    "PodDisruptionBudget Event LimitRange EndpointSlice FlowSchema PriorityLevelConfiguration".split()
)
# Kinds whose rules for an update look at the whole new object, and so at the metadata a second time.
_WHOLE = frozenset(
    "Pod Service ConfigMap Secret PersistentVolume PersistentVolumeClaim ServiceAccount LimitRange Ingress "
    "IngressClass Role RoleBinding ClusterRole ClusterRoleBinding StorageClass CSIDriver ControllerRevision "
    "EndpointSlice Namespace Node FlowSchema PriorityLevelConfiguration ValidatingWebhookConfiguration "
    "MutatingWebhookConfiguration".split()
)
# Kinds whose own rules have nothing to say about short names of finalizers.
_FREE_FINALIZERS = frozenset(
    "PodDisruptionBudget Event Lease ValidatingWebhookConfiguration MutatingWebhookConfiguration "
    "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding CustomResourceDefinition APIService".split()
)


def check_all_metadata(resource: Resource, obj: Object, old: Object | None) -> list[FieldError]:
    """What the registry finds wrong with the metadata, and what the kind's own rules then find again.

    Kubernetes looks twice, and says so twice: the causes of a refused update are repeated.
    """
    found, of_kind = check_metadata(resource, obj), [*_short_finalizers(resource, obj)]
    if old is None:
        return found + of_kind
    changes = check_metadata_update(obj["metadata"], old["metadata"])
    if not (found or changes or of_kind):
        return found
    again = changes + of_kind if resource.kind not in _ONCE else []
    return found + changes + again + (found + of_kind if resource.kind in _WHOLE else [])


def _short_finalizers(resource: Resource, obj: Object) -> Iterator[FieldError]:
    finalizers = obj["metadata"].get("finalizers")
    if finalizers and resource.builtin and resource.kind not in _FREE_FINALIZERS:
        for i, finalizer in enumerate(finalizers):
            yield from standard_finalizer(finalizer, f"metadata.finalizers[{i}]")


def check_metadata(resource: Resource, obj: Object) -> list[FieldError]:
    m, errors = obj["metadata"], _names(resource, obj["metadata"])
    if m.get("generation", 0) < 0:
        errors.append(invalid("metadata.generation", m["generation"], NEGATIVE))
    for field, check in _FIELDS.items():
        if found := m.get(field):
            errors += check(found, f"metadata.{field}")
    return errors


def _names(resource: Resource, m: dict[str, Any]) -> list[FieldError]:
    spelt, errors = NAMES.get(resource.kind, formats.dns_subdomain), []
    if prefix := m.get("generateName"):
        masked = prefix[:-2] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix
        errors += [invalid("metadata.generateName", prefix, problem) for problem in spelt(masked)]
    if name := m.get("name"):
        errors += [invalid("metadata.name", name, problem) for problem in spelt(name)]
    else:
        errors.append(required("metadata.name", "name or generateName is required"))
    namespace = m.get("namespace")
    if resource.namespaced and not namespace:
        errors.append(required("metadata.namespace"))
    elif resource.namespaced:
        errors += [invalid("metadata.namespace", namespace, p) for p in formats.dns_label(str(namespace))]
    elif namespace:
        errors.append(forbidden("metadata.namespace", "not allowed on this type"))
    return errors


def _annotations(annotations: dict[str, str], path: str) -> Iterable[FieldError]:
    size = 0
    for key, value in annotations.items():
        yield from (invalid(path, key, problem) for problem in formats.label_key(key.lower()))
        size += len(key.encode()) + len(value.encode())
    if size > ANNOTATIONS_LIMIT:
        yield too_long(path, ANNOTATIONS_LIMIT)


def _owners(owners: list[dict[str, Any]], path: str) -> Iterable[FieldError]:
    for owner in owners:
        yield from _owner(owner, path)
    controllers = [f"{o.get('kind')}/{o.get('name')}" for o in owners if o.get("controller")]
    for other in controllers[1:]:
        yield invalid(
            path,
            owners,
            'Only one reference can have Controller set to true. Found "true" in references for '
            f"{controllers[0]} and {other}",
        )


def _owner(owner: dict[str, Any], path: str) -> Iterable[FieldError]:
    version = owner.get("apiVersion") or ""
    if not version.rpartition("/")[2] or version.count("/") > 1:
        yield invalid(f"{path}.apiVersion", version, "version must not be empty")
    for field in ("kind", "name", "uid"):
        if not owner.get(field):
            yield invalid(f"{path}.{field}", "", "must not be empty")
    if owner.get("kind") == "Event" and owner.get("apiVersion") == "v1":
        yield invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner")


def _finalizers(finalizers: list[str], path: str) -> Iterable[FieldError]:
    for finalizer in finalizers:
        yield from (invalid(path, finalizer, problem) for problem in formats.label_key(finalizer))
    if {FOREGROUND, ORPHAN} <= set(finalizers):
        detail = f"finalizer {ORPHAN} and {FOREGROUND} cannot be both set"
        yield invalid(path, finalizers, detail)


def standard_finalizer(finalizer: str, path: str) -> Iterator[FieldError]:
    """Names without a domain are Kubernetes' own. Kubernetes: validateKubeFinalizerName"""
    if "/" not in finalizer and finalizer not in STANDARD_FINALIZERS:
        yield invalid(path, finalizer, "name is neither a standard finalizer name nor is it fully qualified")


_FIELDS: dict[str, Check] = {
    "labels": labels,
    "annotations": _annotations,
    "ownerReferences": _owners,
    "finalizers": _finalizers,
}
IMMUTABLE = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)


def check_metadata_update(new: dict[str, Any], old: dict[str, Any]) -> list[FieldError]:
    errors: list[FieldError] = []
    added = set(new.get("finalizers") or ()) - set(old.get("finalizers") or ())
    if added and "deletionTimestamp" in old:
        listed = ", ".join(f'"{finalizer}"' for finalizer in sorted(added))
        detail = "no new finalizers can be added if the object is being deleted, found new finalizers "
        errors.append(forbidden("metadata.finalizers", f"{detail}[]string{{{listed}}}"))
    if not new.get("resourceVersion"):
        errors.append(invalid("metadata.resourceVersion", "", "must be specified for an update"))
    if new.get("generation", 0) < old.get("generation", 0):
        errors.append(invalid("metadata.generation", new.get("generation", 0), "must not be decremented"))
    for field in IMMUTABLE:
        if new.get(field) != old.get(field):
            errors.append(invalid(f"metadata.{field}", new.get(field), "field is immutable"))
    return errors
