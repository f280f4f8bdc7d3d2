"""The rules of the other kinds: scaling, budgets, quotas, leases, events, nodes, roles.

Kubernetes: pkg/apis/{core,autoscaling,policy,coordination,scheduling,rbac}/validation
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, forbidden, invalid, required, unsupported
from k8slearn.api.objects import Object, dig
from k8slearn.apiserver.validation.shapes import (
    Check,
    Each,
    OneOf,
    Shape,
    Spelt,
    child,
    count_or_percent,
    label_selector,
    labels,
    natural,
    positive,
)
from k8slearn.apiserver.validation.storage import amounts

Spec = dict[str, Any]

# --- autoscaling, budgets -------------------------------------------------------------------------


def _autoscaler(spec: Spec, path: str) -> Iterable[FieldError]:
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    if least < 1:
        yield invalid(f"{path}.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield required(f"{path}.maxReplicas", "must be set and greater than 0")
    if most < least:
        yield invalid(f"{path}.maxReplicas", most, "must be greater than or equal to `minReplicas`")


METRICS = ("ContainerResource", "External", "Object", "Pods", "Resource")


def _metric(metric: Spec, path: str) -> Iterable[FieldError]:
    kind = metric.get("type", "")
    source = kind[:1].lower() + kind[1:]
    if not kind:
        yield required(f"{path}.type", "must specify a metric source type")
    elif kind not in METRICS:
        yield unsupported(f"{path}.type", kind, METRICS)
    elif source not in metric:
        yield required(f"{path}.{source}", "must populate information for the given metric source")


_AUTOSCALER = Shape(
    {
        "scaleTargetRef": Shape({}, needs=("kind", "name")),
        "metrics": Each(_metric),
    },
    also=(_autoscaler,),
)


def _not_both(spec: Spec, path: str) -> Iterable[FieldError]:
    if "minAvailable" in spec and "maxUnavailable" in spec:
        value = {name[0].upper() + name[1:]: found for name, found in spec.items()}
        yield invalid(path, value, "minAvailable and maxUnavailable cannot be both set")


_BUDGET = Shape(
    {
        "minAvailable": count_or_percent,
        "maxUnavailable": count_or_percent,
        "selector": label_selector,
        "unhealthyPodEvictionPolicy": OneOf("IfHealthyBudget", "AlwaysAllow"),
    },
    also=(_not_both,),
)

# --- events, roles, nodes, priorities -------------------------------------------------------------


def _event(event: Object, path: str) -> Iterable[FieldError]:
    namespace = dig(event, "involvedObject", "namespace", default="")
    own = event["metadata"].get("namespace", "")
    if namespace != own and not (namespace == "" and own == "default"):
        yield invalid("involvedObject.namespace", namespace, "does not match event.namespace")


def _role_ref(binding: Object, path: str) -> Iterable[FieldError]:
    ref, kinds = binding.get("roleRef") or {}, {"ClusterRole"}
    if binding["kind"] == "RoleBinding":
        kinds.add("Role")
    if ref.get("apiGroup") != "rbac.authorization.k8s.io":
        yield unsupported("roleRef.apiGroup", ref.get("apiGroup", ""), ["rbac.authorization.k8s.io"])
    if ref.get("kind") not in kinds:
        yield unsupported("roleRef.kind", ref.get("kind", ""), kinds)
    if not ref.get("name"):
        yield required("roleRef.name")


def _rule(rule: Spec, path: str) -> Iterable[FieldError]:
    if not rule.get("verbs"):
        yield required(f"{path}.verbs", "verbs must contain at least one value")
    if rule.get("nonResourceURLs"):
        return
    if not rule.get("apiGroups"):
        yield required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        yield required(f"{path}.resources", "resource rules must supply at least one resource")


_EFFECTS = OneOf("NoSchedule", "PreferNoSchedule", "NoExecute")


def _taint_key(taint: Spec, path: str) -> Iterable[FieldError]:
    key = taint.get("key", "")
    yield from (invalid(f"{path}.key", key, problem) for problem in formats.label_key(key))


_TAINT = Shape(
    {"value": Spelt(formats.label_value), "effect": _EFFECTS}, needs=("effect",), also=(_taint_key,)
)
_SUBJECT = Shape({"kind": OneOf("User", "Group", "ServiceAccount")}, needs=("name",))
_BINDING = Shape({"subjects": Each(_SUBJECT)}, also=(_role_ref,))
HIGHEST_PRIORITY = 10**9  # above it is the system's


def _priority_class(found: Object, path: str) -> Iterable[FieldError]:
    value, name = found.get("value", 0), found["metadata"].get("name", "")
    if name.startswith("system-"):
        detail = "priority class names with 'system-' prefix are reserved for system use only"
        yield forbidden("metadata.name", detail)
    if value > HIGHEST_PRIORITY:
        detail = f"maximum allowed value of a user defined priority is {HIGHEST_PRIORITY}"
        yield forbidden("value", detail)


def _image_pull(reference: Spec, path: str) -> Iterable[FieldError]:
    return [] if reference.get("name") else [required(child(path, "name"))]


_LEASE = Shape({"leaseDurationSeconds": positive, "leaseTransitions": natural})
KINDS: dict[str, Check] = {
    "HorizontalPodAutoscaler": Shape({"spec": _AUTOSCALER}),
    "PodDisruptionBudget": Shape({"spec": _BUDGET}),
    "ResourceQuota": Shape({"spec": Shape({"hard": amounts})}),
    "Lease": Shape({"spec": _LEASE}),
    "Event": Shape({}, also=(_event,)),
    "Node": Shape({"spec": Shape({"taints": Each(_TAINT)}), "metadata": Shape({"labels": labels})}),
    "PriorityClass": Shape(
        {"preemptionPolicy": OneOf("PreemptLowerPriority", "Never")}, also=(_priority_class,)
    ),
    "ServiceAccount": Shape({"imagePullSecrets": Each(_image_pull)}),
    "Role": Shape({"rules": Each(_rule)}),
    "ClusterRole": Shape({"rules": Each(_rule)}),
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
}
