"""Cells about Jobs, autoscalers and quotas: how far, how much, how loaded.

Kubernetes: pkg/printers/internalversion/printers.go
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8slearn.api.clock import seconds_of
from k8slearn.api.duration import human_duration, since
from k8slearn.api.objects import Object, dig, is_deleting
from k8slearn.apiserver.tables.cells import NONE, UNKNOWN, Fields, at_most, is_true

# --- jobs -------------------------------------------------------------------------------------


def job_status(job: Object) -> str:
    """How the job is doing, in a word."""
    conditions = dig(job, "status", "conditions")
    for word in ("Complete", "Failed"):
        if is_true(conditions, word):
            return word
    if is_deleting(job):
        return "Terminating"
    return next((w for w in ("Suspended", "FailureTarget") if is_true(conditions, w)), "Running")


def job_completions(job: Object) -> str:
    """How many pods succeeded, of how many that must."""
    succeeded, wanted = dig(job, "status", "succeeded", default=0), dig(job, "spec", "completions")
    parallelism = dig(job, "spec", "parallelism", default=0)
    if wanted is not None:
        return f"{succeeded}/{wanted}"
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def job_duration(status: Fields | None, now: float) -> str:
    """How long it took, or takes so far."""
    begun, ended = dig(status, "startTime"), dig(status, "completionTime")
    if not begun:
        return ""
    return human_duration(seconds_of(ended) - seconds_of(begun)) if ended else since(begun, now)


# --- autoscalers ------------------------------------------------------------------------------

#: Metric type -> (the field with its details, how its resource is named before the figures).
SOURCES = {
    "External": ("external", ""),
    "Pods": ("pods", ""),
    "Object": ("object", ""),
    "Resource": ("resource", "name"),
    "ContainerResource": ("containerResource", "name"),
}


def hpa_targets(hpa: Object) -> str:
    """What is measured: the current value, and the one aimed at."""
    if "metrics" not in dig(hpa, "spec", default={}):
        return _cpu_target(hpa)
    specs, now = dig(hpa, "spec", "metrics", default=()), dig(hpa, "status", "currentMetrics", default=())
    shown = [_target(spec, now[i] if i < len(now) else {}) for i, spec in enumerate(specs)]
    return at_most(2, shown, ", ") or NONE


def _cpu_target(hpa: Object) -> str:
    """The one metric that autoscaling/v1 can name."""
    target = dig(hpa, "spec", "targetCPUUtilizationPercentage")
    current = dig(hpa, "status", "currentCPUUtilizationPercentage")
    return NONE if target is None else f"cpu: {_percent(current, UNKNOWN)}/{_percent(target, '')}"


def _target(spec: Fields, status: Fields) -> str:
    if spec.get("type") not in SOURCES:
        return "<unknown type>"
    field, named = SOURCES[spec["type"]]
    target, current = dig(spec, field, "target", default={}), dig(status, field, "current", default={})
    if named:
        return f"{dig(spec, field, named, default='')}: {_resource_figures(target, current)}"
    average = target.get("averageValue") is not None
    figure = "averageValue" if average else "value"
    suffix = " (avg)" if average and field != "pods" else ""
    return f"{current.get(figure, UNKNOWN)}/{target.get(figure, NONE)}{suffix}"


def _resource_figures(target: Fields, current: Fields) -> str:
    if target.get("averageValue") is not None:
        return f"{current.get('averageValue', UNKNOWN)}/{target['averageValue']}"
    shown = _percent(current.get("averageUtilization"), UNKNOWN)
    return f"{shown}/{_percent(target.get('averageUtilization'), '<auto>')}"


def _percent(value: Any, missing: str) -> str:
    return missing if value is None else f"{value}%"


# --- quotas and claims ------------------------------------------------------------------------


def quota(status: Fields | None, which: str) -> str:
    """What is used of what may be, resource by resource."""
    hard, used = dig(status, "hard", default={}), dig(status, "used", default={})
    names = [n for n in sorted(hard) if n.startswith("limits.") == (which == "limits")]
    return ", ".join(f"{n}: {used.get(n, '0')}/{hard[n]}" for n in names)


def claim_state(claim: Object) -> str:
    """Whether a device has been found for the claim, and somebody uses it."""
    states = ["deleted"] if is_deleting(claim) else []
    if dig(claim, "status", "allocation") is None:
        return ",".join(states) or "pending"
    reserved = ["reserved"] if dig(claim, "status", "reservedFor") else []
    return ",".join([*states, "allocated", *reserved])


def audiences(requests: Sequence[Fields] | None) -> str:
    """Whom the tokens are for that the driver is given."""
    return "<unset>" if requests is None else ",".join(r.get("audience", "") for r in requests)
