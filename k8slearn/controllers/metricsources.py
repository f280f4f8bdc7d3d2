"""The metrics that an autoscaler may be told to follow: what they want, what they are called, how they fail.

Kubernetes: pkg/controller/podautoscaler/horizontal.go (computeReplicasForMetric, computeStatusFor...)
"""

from __future__ import annotations

from typing import Any, NamedTuple

from k8slearn.api.objects import Object, dig, namespace_of
from k8slearn.api.quantities import canonical, milli
from k8slearn.controllers.replicacalculator import Count, Target

NONE = "unable to fetch metrics from {0} metrics API: no {0} metrics API ({0}.metrics.k8s.io) registered"
CUSTOM, EXTERNAL = NONE.format("custom"), NONE.format("external")


class Failure(NamedTuple):
    """Why one metric says nothing: the reason of its event, the text of that, and what the summary adds in front."""

    reason: str
    text: str
    prefix: str

    @property
    def in_summary(self) -> str:
        return f"{self.prefix}: {self.text}"


#: Kind of metric -> how it fails. `kind`: what was asked of it, usage or utilization.
FAILURES = {
    "Resource": Failure(
        "FailedGetResourceMetric",
        "failed to get {name} {kind}: {why}",
        "failed to get {name} resource metric value",
    ),
    "ContainerResource": Failure(
        "FailedGetContainerResourceMetric",
        "failed to get {name} {kind}: {why}",
        "failed to get {container} container metric value",
    ),
    "Pods": Failure(
        "FailedGetPodsMetric", f"unable to get metric {{name}}: {CUSTOM}", "failed to get pods metric value"
    ),
    "Object": Failure(
        "FailedGetObjectMetric",
        f"unable to get metric {{name}}: {CUSTOM}",
        "failed to get object metric value",
    ),
    "External": Failure(
        "FailedGetExternalMetric",
        f"unable to get external metric {{namespace}}/{{name}}/nil: {EXTERNAL}",
        "failed to get {name} external metric value: failed to get {name} external metric",
    ),
}


def source_of(metric: Object) -> Object:
    """What stands under the name of its type."""
    found: Object = metric[metric["type"][0].lower() + metric["type"][1:]]
    return found


def failure(hpa: Object, metric: Object, why: str) -> Failure:
    source = source_of(metric)
    words = {
        "name": source.get("name") or dig(source, "metric", "name", default=""),
        "kind": "utilization" if dig(source, "target", "type") == "Utilization" else "usage",
        "container": source.get("container", ""),
        "namespace": namespace_of(hpa),
        "why": why,
    }
    row = FAILURES[metric["type"]]
    return Failure(row.reason, row.text.format(**words), row.prefix.format(**words))


def target_of(hpa: Object, metric: Object) -> Target:
    source, behavior = source_of(metric), hpa["spec"].get("behavior") or {}
    wanted = source["target"]
    share = wanted.get("averageUtilization")
    each = milli(wanted["averageValue"]) if share is None else 0
    down, up = (milli(dig(behavior, r, "tolerance", default="0.1")) / 1000 for r in ("scaleDown", "scaleUp"))
    return Target(source["name"], source.get("container", ""), share, each, down, up)


def described(target: Target) -> str:
    """As conditions and events call it."""
    if target.share is None:
        return f"{target.resource} resource"
    return f"{target.resource} {'container ' if target.container else ''}resource utilization (percentage of request)"


def status_of(metric: Object, target: Target, count: Count) -> Object:
    """Its entry in the autoscaler's status."""
    written = (
        f"{count.average}m"
        if target.resource == "cpu" or count.average % 1000
        else str(count.average // 1000)
    )
    current: dict[str, Any] = {"averageValue": canonical(written)}
    if count.share is not None:
        current["averageUtilization"] = count.share
    kind = metric["type"]
    field = kind[0].lower() + kind[1:]
    named = {"name": target.resource} | ({"container": target.container} if target.container else {})
    return {"type": kind, field: {**named, "current": current}}
