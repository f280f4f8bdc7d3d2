"""Keeps the size of a workload between two bounds, and says that it has no metrics to do more by.

Nobody measures anything here yet, as in a cluster without metrics-server: so the bounds hold, a size of zero
switches scaling off, and everything else is told as what it is, a metric that could not be fetched.

Kubernetes: pkg/controller/podautoscaler/horizontal.go
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import ApiError, NoKindMatch
from k8slearn.api.objects import Key, Object, dig, is_deleting, key_of, namespace_of
from k8slearn.api.requests import Request
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

PERIOD = 15.0  # seconds between two looks
UNABLE = "the HPA controller was unable to get the target's current scale: {}"
UNKNOWN = "unable to determine resource for scale target reference: no matches for kind {}"
NO_SELECTOR = "the HPA target's scale is missing a selector"
NO_API = "the server could not find the requested resource (get {})"

#: What kind of metric it is -> the reason of the event, and what is said to have failed.
METRICS = {
    "Resource": (
        "FailedGetResourceMetric",
        "failed to get {name} {kind}: unable to get metrics for resource {name}: unable to fetch metrics from "
        "resource metrics API: " + NO_API.format("pods.metrics.k8s.io"),
    ),
    "ContainerResource": (
        "FailedGetContainerResourceMetric",
        "failed to get {name} container metric value: unable to get metrics for resource {name}: unable to "
        "fetch metrics from resource metrics API: " + NO_API.format("pods.metrics.k8s.io"),
    ),
    "Pods": (
        "FailedGetPodsMetric",
        "failed to get pods metric value: unable to get metric {name}: unable to fetch metrics from custom "
        "metrics API: no custom metrics API (custom.metrics.k8s.io) registered",
    ),
    "Object": (
        "FailedGetObjectMetric",
        "failed to get object metric value: unable to get metric {name}: unable to fetch metrics from custom "
        "metrics API: no custom metrics API (custom.metrics.k8s.io) registered",
    ),
    "External": (
        "FailedGetExternalMetric",
        "failed to get {name} external metric: unable to get external metric {namespace}/{name}/nil: unable to "
        "fetch metrics from external metrics API: no external metrics API (external.metrics.k8s.io) registered",
    ),
}


class HorizontalPodAutoscalerController(Controller):
    name = "horizontal-pod-autoscaler"
    room = "controllers"
    primary = "horizontalpodautoscalers"

    def keys_for(self, change: Change) -> Iterable[Key]:
        """What it says itself is no reason for another look before the next one is due."""
        told = change.old is not None and change.new is not None and change.old["spec"] == change.new["spec"]
        return [] if told and change.type != "SYNC" else [key_of(change.object)]

    def reconcile(self, key: Key) -> Done | None:
        hpa = self.cache.get(self.primary, key)
        if hpa is None or is_deleting(hpa):
            return None
        look = Look(hpa, self.clock.now)
        try:
            scale = self._scale(hpa)
        except ApiError as error:
            why = UNKNOWN.format(_kind(hpa)) if isinstance(error, NoKindMatch) else str(error)
            self.events.warning(hpa, "FailedGetScale", why)
            look.say("AbleToScale", "False", "FailedGetScale", UNABLE.format(why))
        else:
            text = "the HPA controller was able to get the target's current scale"
            look.say("AbleToScale", "True", "SucceededGetScale", text)
            self._decide(hpa, look, scale)
        if look.status != (hpa.get("status") or {}):
            self.client.update_status({**hpa, "status": look.status})
        return Done(again_in=PERIOD, background=True)

    def _decide(self, hpa: Object, look: Look, scale: Object) -> None:
        least, most = hpa["spec"].get("minReplicas", 1), hpa["spec"]["maxReplicas"]
        current = dig(scale, "spec", "replicas", default=0)
        if current == 0 and least != 0:
            text = "scaling is disabled since the replica count of the target is zero"
            look.say("ScalingActive", "False", "ScalingDisabled", text)
            look.count(0, 0)
        elif current > most:
            self._rescale(hpa, look, current, most, "Current number of replicas above Spec.MaxReplicas")
        elif current < least:
            self._rescale(hpa, look, current, least, "Current number of replicas below Spec.MinReplicas")
        elif not dig(scale, "status", "selector"):
            self.events.warning(hpa, "SelectorRequired", "selector is required")
            look.say("ScalingActive", "False", "InvalidSelector", NO_SELECTOR)
            look.count(current, dig(hpa, "status", "desiredReplicas", default=0))
        else:
            self._have_no_metrics(hpa, look, current)

    def _have_no_metrics(self, hpa: Object, look: Look, current: int) -> None:
        metrics = hpa["spec"].get("metrics") or []
        failures = [_failure(hpa, metric) for metric in metrics]
        for reason, why in failures:
            self.events.warning(hpa, reason, why)
        if failures:
            reason, why = failures[0]
            unable = f"the HPA was unable to compute the replica count: {why}"
            look.say("ScalingActive", "False", reason, unable)
            count = len(metrics)
            text = f"invalid metrics ({count} invalid out of {count}), first error is: {why}"
            self.events.warning(hpa, "FailedComputeMetricsReplicas", text)
        look.count(current, dig(hpa, "status", "desiredReplicas", default=0), [{"type": ""} for _ in metrics])

    # --- the target ---

    def _scale(self, hpa: Object) -> Any:
        target = hpa["spec"]["scaleTargetRef"]
        resource = self.client.kinds.of(target).name
        where = (resource, namespace_of(hpa), target["name"], "scale")
        return self.client.transport.handle(Request("get", *where, user=self.client.user))

    def _rescale(self, hpa: Object, look: Look, current: int, desired: int, reason: str) -> None:
        target = hpa["spec"]["scaleTargetRef"]
        resource, key = self.client.kinds.of(target).name, f"{namespace_of(hpa)}/{target['name']}"
        try:
            self.client.patch(resource, key, patch={"spec": {"replicas": desired}}, subresource="scale")
        except ApiError as error:
            text = f"New size: {desired}; reason: {reason}; error: {error}"
            self.events.warning(hpa, "FailedRescale", text)
            text = f"the HPA controller was unable to update the target scale: {error}"
            look.say("AbleToScale", "False", "FailedUpdateScale", text)
            look.count(current, dig(hpa, "status", "desiredReplicas", default=0))
            return
        self.events.normal(hpa, "SuccessfulRescale", f"New size: {desired}; reason: {reason}")
        text = f"the HPA controller was able to update the target scale to {desired}"
        look.say("AbleToScale", "True", "SucceededRescale", text)
        look.count(current, desired)
        look.status["lastScaleTime"] = timestamp(look.now)


class Look:
    """One look at one autoscaler: the status it will have."""

    def __init__(self, hpa: Object, now: float) -> None:
        self.now = now
        self.status: dict[str, Any] = dict(hpa.get("status") or {})

    def say(self, kind: str, status: str, reason: str, message: str) -> None:
        """The condition; its time moves only with its status."""
        conditions = list(self.status.get("conditions") or ())
        place = next((i for i, c in enumerate(conditions) if c["type"] == kind), len(conditions))
        known = conditions[place] if place < len(conditions) else None
        same = known is not None and known["status"] == status
        since = known["lastTransitionTime"] if known is not None and same else timestamp(self.now)
        fresh = {"type": kind, "status": status, "lastTransitionTime": since}
        conditions[place : place + 1] = [{**fresh, "reason": reason, "message": message}]
        self.status["conditions"] = conditions

    def count(self, current: int, desired: int, metrics: list[Object] | None = None) -> None:
        self.status |= {"desiredReplicas": desired, "currentMetrics": metrics}
        self.status.pop("currentReplicas", None)
        if current:
            self.status["currentReplicas"] = current


def _kind(hpa: Object) -> str:
    target = hpa["spec"]["scaleTargetRef"]
    group = target.get("apiVersion", "").rpartition("/")[0]
    return f'"{target["kind"]}" in group "{group}"'


def _failure(hpa: Object, metric: Object) -> tuple[str, str]:
    """(reason, what has failed) for a metric that nobody measures."""
    reason, text = METRICS[metric["type"]]
    source = metric[metric["type"][0].lower() + metric["type"][1:]]
    by_share = dig(source, "target", "type") == "Utilization"
    name = source.get("name") or dig(source, "metric", "name", default="")
    kind = "utilization" if by_share else "resource metric value"
    return reason, text.format(name=name, kind=kind, namespace=namespace_of(hpa))
