"""HorizontalPodAutoscalers as autoscaling/v1 says them, and as v2 does.

v1 knows one metric, the processor's load. Whatever else v2 says travels through v1 in annotations, as JSON, so
that somebody who reads and writes v1 loses nothing.

Kubernetes: pkg/apis/autoscaling/v1/conversion.go, pkg/apis/autoscaling/annotations.go
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from k8slearn.api.jsonbody import decode_json
from k8slearn.api.objects import Object, dig
from k8slearn.api.schema import fitting

_PREFIX = "autoscaling.alpha.kubernetes.io/"
METRICS, CURRENT, CONDITIONS, BEHAVIOR = (
    _PREFIX + name for name in ("metrics", "current-metrics", "conditions", "behavior")
)
_ROUND_TRIP = (METRICS, CURRENT, CONDITIONS, BEHAVIOR)

#: For each source of metrics: v1's fields and where v2 has them. ``*`` is "target" in the spec, "current"
#: in the status.
_SOURCES = {
    "resource": {
        "name": "name",
        "*AverageUtilization": "*.averageUtilization",
        "*AverageValue": "*.averageValue",
    },
    "containerResource": {
        "name": "name",
        "*AverageUtilization": "*.averageUtilization",
        "*AverageValue": "*.averageValue",
        "container": "container",
    },
    "pods": {"metricName": "metric.name", "*AverageValue": "*.averageValue", "selector": "metric.selector"},
    "object": {
        "target": "describedObject",
        "metricName": "metric.name",
        "*Value": "*.value",
        "selector": "metric.selector",
        "averageValue": "*.averageValue",
    },
    "external": {
        "metricName": "metric.name",
        "metricSelector": "metric.selector",
        "*Value": "*.value",
        "*AverageValue": "*.averageValue",
    },
}
_TARGET_TYPES = {"averageUtilization": "Utilization", "averageValue": "AverageValue", "value": "Value"}

#: The behaviour is written as Go's internal type: its fields have no JSON names, and are there in any case.
_RULES = ("stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance")


def to_v1(hpa: Object) -> Object:
    spec, status = dict(hpa.get("spec") or {}), dict(hpa.get("status") or {})
    metrics, behavior = spec.pop("metrics", None) or [], spec.pop("behavior", None)
    current, conditions = status.pop("currentMetrics", None) or [], status.pop("conditions", None) or []
    if load := [m for m in metrics if _is_load(m)]:
        spec["targetCPUUtilizationPercentage"] = load[0]["resource"]["target"]["averageUtilization"]
    if (now := _current_load(current)) is not None:
        status["currentCPUUtilizationPercentage"] = now
    notes = {
        METRICS: [_metric_to_v1(m, "target") for m in metrics if not _is_load(m)],
        CURRENT: [_metric_to_v1(m, "current") for m in current],
        CONDITIONS: conditions,
        BEHAVIOR: behavior and _spell(behavior, upper=True),
    }
    said = {key: json.dumps(value, separators=(",", ":")) for key, value in notes.items() if value}
    status = {"currentReplicas": 0, "desiredReplicas": 0, **status}
    return {**hpa, "metadata": _annotated(hpa, said), "spec": spec, "status": status}


def to_v2(hpa: Object) -> Object:
    spec, status, notes = dict(hpa.get("spec") or {}), dict(hpa.get("status") or {}), _notes(hpa)
    load = spec.pop("targetCPUUtilizationPercentage", None)
    now = status.pop("currentCPUUtilizationPercentage", None)
    metrics, current = notes["metrics"] or [], notes["currentMetrics"]
    if load is not None:
        metrics.append(_of_the_processor("target", {"type": "Utilization", "averageUtilization": load}))
    if not current and now is not None:
        current = [_of_the_processor("current", {"averageUtilization": now})]
    said = {"metrics": metrics, "behavior": notes["behavior"]}
    spec |= {field: value for field, value in said.items() if value}
    status |= {"conditions": notes["conditions"]} if notes["conditions"] else {}
    status["currentMetrics"] = current or None
    return {**hpa, "metadata": _annotated(hpa, {}), "spec": spec, "status": status}


def _of_the_processor(side: str, load: Object) -> Object:
    return {"type": "Resource", "resource": {"name": "cpu", side: load}}


# --- metrics ---------------------------------------------------------------------------------


def _is_load(metric: Object) -> bool:
    """The one metric that v1 has a field for: a percentage of the processor time that was requested."""
    target = dig(metric, "resource", "target", "averageUtilization")
    return dig(metric, "resource", "name") == "cpu" and target is not None


def _current_load(metrics: list[Object]) -> int | None:
    used = [m["resource"] for m in metrics if dig(m, "resource", "name") == "cpu"]
    return dig(used[0], "current", "averageUtilization") if used else None


def _metric_to_v1(metric: Object, side: str) -> Object:
    found: Object = {"type": metric.get("type")}
    for source, fields in _SOURCES.items():
        if source in metric:
            pairs = ((old, dig(metric[source], *_path(new, side))) for old, new in fields.items())
            found[source] = {old.replace("*", side): value for old, value in pairs if value is not None}
    return found


def _metrics_to_v2(metrics: Any, side: str) -> list[Object] | None:
    if not isinstance(metrics, list) or not all(isinstance(m, dict) for m in metrics):
        return None
    return [_metric_to_v2(m, side) for m in metrics]


def _metric_to_v2(metric: Object, side: str) -> Object:
    found: Object = {"type": metric.get("type")}
    for source, fields in _SOURCES.items():
        if isinstance(metric.get(source), dict):
            found[source] = {}
            for old, new in fields.items():
                value = metric[source].get(old.replace("*", side))
                if value is not None:
                    _put(found[source], _path(new, side), value)
    return found


def _path(text: str, side: str) -> list[str]:
    return text.replace("*", side).split(".")


def _put(at: Object, path: list[str], value: Any) -> None:
    for step in path[:-1]:
        at = at.setdefault(step, {})
    at[path[-1]] = value
    if path[0] == "target" and len(path) > 1:
        at.setdefault("type", _TARGET_TYPES[path[-1]])


# --- annotations -----------------------------------------------------------------------------


def _annotated(hpa: Object, said: dict[str, str]) -> Object:
    """The metadata with these round-trip annotations, and no older ones."""
    metadata = dict(hpa.get("metadata") or {})
    others = {k: v for k, v in (metadata.pop("annotations", None) or {}).items() if k not in _ROUND_TRIP}
    return {**metadata, "annotations": {**others, **said}} if others or said else metadata


def _notes(hpa: Object) -> dict[str, Any]:
    """What the annotations say, as v2 says it; None for those that make no sense."""
    metrics, current = (
        _metrics_to_v2(_read(hpa, METRICS), "target"),
        _metrics_to_v2(_read(hpa, CURRENT), "current"),
    )
    behavior = _read(hpa, BEHAVIOR)
    return {
        "metrics": fitting("[v2.MetricSpec]", metrics),
        "currentMetrics": fitting("[v2.MetricStatus]", current),
        "conditions": fitting("[v2.HorizontalPodAutoscalerCondition]", _read(hpa, CONDITIONS)),
        "behavior": fitting("v2.HorizontalPodAutoscalerBehavior", _spell(behavior, upper=False)),
    }


def _read(hpa: Object, annotation: str) -> Any:
    try:
        return decode_json(dig(hpa, "metadata", "annotations", annotation, default="null").encode())[0]
    except ValueError:
        return None


def _spell(behavior: Object, *, upper: bool) -> Object:
    """The behaviour with the names of Go's internal type (`upper`), or with those of the API."""
    if not upper:
        return _without_nulls(_recased(behavior, str.lower))
    both = {side: behavior.get(side) for side in ("scaleUp", "scaleDown")}
    full = {side: rules and {**dict.fromkeys(_RULES), **rules} for side, rules in both.items()}
    return _recased(full, str.upper)


def _recased(value: Any, change: Callable[[str], str]) -> Any:
    """Every key with another first letter."""
    if isinstance(value, dict):
        return {change(key[:1]) + key[1:]: _recased(item, change) for key, item in value.items()}
    return [_recased(item, change) for item in value] if isinstance(value, list) else value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
