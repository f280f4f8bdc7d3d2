"""The rules of how many there shall be: HorizontalPodAutoscaler, PodDisruptionBudget.

Kubernetes: pkg/apis/autoscaling/validation, pkg/apis/policy/validation
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api import quantities
from k8slearn.api.errors import FieldError, forbidden, invalid, required, unsupported
from k8slearn.apiserver.validation.metadata import path_segment
from k8slearn.apiserver.validation.shapes import (
    Check,
    Each,
    OneOf,
    Shape,
    Spelt,
    count_or_percent,
    label_selector,
)
from k8slearn.apiserver.validation.workloads import amount

Spec = dict[str, Any]

# --- how far --------------------------------------------------------------------------------------


def _bounds(spec: Spec, path: str) -> Iterable[FieldError]:
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    if least < 1:
        yield invalid(f"{path}.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield required(f"{path}.maxReplicas", "must be set and greater than 0")
    if most < least:
        yield invalid(f"{path}.maxReplicas", most, "must be greater than or equal to `minReplicas`")


_REFERENCE = Shape({"kind": Spelt(path_segment), "name": Spelt(path_segment)}, needs=("kind", "name"))

# --- by what measure ------------------------------------------------------------------------------

SOURCES = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_ONE_OF_TWO = "must set either a target raw value or a target utilization"
_NOT_BOTH = "may not set both a target raw value and a target utilization"


def _source(metric: Spec, path: str) -> Iterable[FieldError]:
    kind = metric.get("type", "")
    if not kind:
        yield required(f"{path}.type", "must specify a metric source type")
    elif kind not in SOURCES:
        yield unsupported(f"{path}.type", kind, SOURCES)
    elif SOURCES[kind] not in metric:
        detail = "must populate information for the given metric source"
        yield required(f"{path}.{SOURCES[kind]}", detail)
    for other in SOURCES.values():
        if other in metric and other != SOURCES.get(kind, other):
            yield forbidden(f"{path}.{other}", "must populate the given metric source only")


def _target(target: Spec, path: str) -> Iterable[FieldError]:
    kind = target.get("type", "")
    if not kind:
        yield required(f"{path}.type", "must specify a metric target type")
    elif kind not in ("Utilization", "Value", "AverageValue"):
        yield invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue")
    for field in ("value", "averageValue"):
        if field in target and quantities.parse(target[field]) <= 0:
            yield invalid(f"{path}.{field}", target[field], "must be positive")
    if target.get("averageUtilization", 1) < 1:
        yield invalid(f"{path}.averageUtilization", target["averageUtilization"], "must be greater than 0")


def _of_a_resource(source: Spec, path: str) -> Iterable[FieldError]:
    if not source.get("name"):
        yield required(f"{path}.name", "must specify a resource name")
    target = source.get("target") or {}
    given = [field for field in ("averageUtilization", "averageValue") if field in target]
    if not given:
        yield required(f"{path}.target.averageUtilization", _ONE_OF_TWO)
    elif len(given) == 2:
        yield forbidden(f"{path}.target.averageValue", _NOT_BOTH)


def _of_a_container(source: Spec, path: str) -> Iterable[FieldError]:
    if not source.get("container"):
        yield required(f"{path}.container", "must specify a container")
    yield from _of_a_resource(source, path)


def _of_pods(source: Spec, path: str) -> Iterable[FieldError]:
    if "averageValue" not in (source.get("target") or {}):
        yield required(f"{path}.target.averageValue", "must specify a positive target averageValue")


def _of_something(source: Spec, path: str) -> Iterable[FieldError]:
    target = source.get("target") or {}
    if "value" not in target and "averageValue" not in target:
        yield required(f"{path}.target.averageValue", "must set either a target value or averageValue")
    elif "value" in target and "averageValue" in target:
        yield forbidden(f"{path}.target.value", "may not set both a target value and averageValue")


def _named(metric: Spec, path: str) -> Iterable[FieldError]:
    if not metric.get("name"):
        yield required(f"{path}.name", "must specify a metric name")
    yield from Spelt(path_segment)(metric.get("name", ""), f"{path}.name")


_METRIC = Shape({"selector": label_selector}, also=(_named,))
_METRICS = Shape(
    {
        "resource": Shape({"target": _target}, also=(_of_a_resource,)),
        "containerResource": Shape({"target": _target}, also=(_of_a_container,)),
        "pods": Shape({"metric": _METRIC, "target": _target}, also=(_of_pods,)),
        "object": Shape(
            {"describedObject": _REFERENCE, "metric": _METRIC, "target": _target}, also=(_of_something,)
        ),
        "external": Shape({"metric": _METRIC, "target": _target}, also=(_of_something,)),
    },
    also=(_source,),
)

# --- how fast -------------------------------------------------------------------------------------

LONGEST_WINDOW, LONGEST_PERIOD = 3600, 1800


def _window(seconds: int, path: str) -> Iterable[FieldError]:
    if seconds < 0:
        yield invalid(path, seconds, "must be greater than or equal to zero")
    if seconds > LONGEST_WINDOW:
        yield invalid(path, seconds, f"must be less than or equal to {LONGEST_WINDOW}")


def _policy(policy: Spec, path: str) -> Iterable[FieldError]:
    yield from OneOf("Percent", "Pods")(policy.get("type", ""), f"{path}.type")
    for field in ("value", "periodSeconds"):
        if policy.get(field, 0) <= 0:
            yield invalid(f"{path}.{field}", policy.get(field, 0), "must be greater than zero")
    if policy.get("periodSeconds", 0) > LONGEST_PERIOD:
        detail = f"must be less than or equal to {LONGEST_PERIOD}"
        yield invalid(f"{path}.periodSeconds", policy["periodSeconds"], detail)


def _some_policy(rules: Spec, path: str) -> Iterable[FieldError]:
    if not rules.get("policies"):
        yield required(f"{path}.policies", "must specify at least one Policy")


_RULES = Shape(
    {
        "stabilizationWindowSeconds": _window,
        "selectPolicy": OneOf("Disabled", "Max", "Min"),
        "policies": Each(_policy),
    },
    also=(_some_policy,),
)
_AUTOSCALER = Shape(
    {
        "scaleTargetRef": _REFERENCE,
        "metrics": Each(_METRICS),
        "behavior": Shape({"scaleUp": _RULES, "scaleDown": _RULES}),
    },
    also=(_bounds,),
)

# --- PodDisruptionBudget --------------------------------------------------------------------------


def _part(value: int | str, path: str) -> Iterable[FieldError]:
    yield from count_or_percent(value, path)
    if isinstance(value, str) and amount(value) > 100:
        yield invalid(path, value, "must not be greater than 100%")


def _not_both(spec: Spec, path: str) -> Iterable[FieldError]:
    if "minAvailable" in spec and "maxUnavailable" in spec:
        names = ("minAvailable", "selector", "maxUnavailable", "unhealthyPodEvictionPolicy")
        value = {name[0].upper() + name[1:]: spec.get(name) for name in names}
        yield invalid(path, value, "minAvailable and maxUnavailable cannot be both set")


_BUDGET = Shape(
    {
        "minAvailable": _part,
        "maxUnavailable": _part,
        "selector": label_selector,
        "unhealthyPodEvictionPolicy": OneOf("IfHealthyBudget", "AlwaysAllow"),
    },
    also=(_not_both,),
)

KINDS: dict[str, Check] = {
    "HorizontalPodAutoscaler": Shape({"spec": _AUTOSCALER}),
    "PodDisruptionBudget": Shape({"spec": _BUDGET}),
}
