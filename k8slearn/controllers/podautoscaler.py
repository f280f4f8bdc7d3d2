"""Keeps the size of a workload where its metrics want it, between two bounds.

Every fifteen seconds it asks what the pods use (`resourcemetrics`), works out how many there should be
(`replicacalculator`), and goes there no faster than it may (`scalingbehavior`); what it has seen and done it says in
its status (`autoscalerstatus`). In a cluster without a metrics server the bounds hold, a size of zero switches scaling
off, and everything else is told as what it is, a metric that could not be fetched.

Kubernetes: pkg/controller/podautoscaler/horizontal.go
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import ApiError, NoKindMatch
from k8slearn.api.objects import (
    Key,
    Object,
    dig,
    is_deleting,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    split_key,
)
from k8slearn.api.requests import Request
from k8slearn.api.selectors import LabelSelector
from k8slearn.controllers.autoscalerstatus import Look
from k8slearn.controllers.metricsources import Failure, described, failure, status_of, target_of
from k8slearn.controllers.replicacalculator import NoCount, replicas
from k8slearn.controllers.resourcemetrics import resource_metrics
from k8slearn.controllers.scalingbehavior import History, longest_period, longest_window, normalized
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

PERIOD = 15.0  # seconds between two looks
UNABLE = "the HPA controller was unable to get the target's current scale: {}"
UNKNOWN = "unable to determine resource for scale target reference: no matches for kind {}"
NO_SELECTOR = "the HPA target's scale is missing a selector"


class HorizontalPodAutoscalerController(Controller):
    name = "horizontal-pod-autoscaler"
    room = "controllers"
    primary = "horizontalpodautoscalers"

    def setup(self) -> None:
        self.past: dict[Key, History] = {}  # what it wished for, and what it did, as long as that counts
        self.counted: dict[Key, str] = {}  # whose pods each of them was last seen to count

    def keys_for(self, change: Change) -> Iterable[Key]:
        """What it says itself is no reason for another look before the next one is due."""
        told = change.old is not None and change.new is not None and change.old["spec"] == change.new["spec"]
        return [] if told and change.type != "SYNC" else [key_of(change.object)]

    def reconcile(self, key: Key) -> Done | None:
        hpa = self.cache.get(self.primary, key)
        if hpa is None or is_deleting(hpa):
            self.past.pop(key, None)
            self.counted.pop(key, None)
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
            self._follow(hpa, look, scale, current)

    def _follow(self, hpa: Object, look: Look, scale: Object, current: int) -> None:
        """Go where the metrics want it, if they want anything and it may."""
        past = self.past.setdefault(key_of(hpa), History(((self.clock.now, current),)))
        selector = dig(scale, "status", "selector")
        pods = list(self.client.list("pods", namespace_of(hpa), labels=selector))
        if self._is_ambiguous(hpa, look, selector, pods):
            look.count(current, dig(hpa, "status", "desiredReplicas", default=0))
            return
        found = self._measured(hpa, look, pods, current)
        if found is None:
            return
        wish = found.replicas
        reason = f"{found.name} above target" if wish > current else "All metrics below target"
        size = normalized(hpa["spec"], current, wish, past, self.clock.now)
        look.say("AbleToScale", "True", *size.able)
        look.say(
            "ScalingLimited", "False" if size.limited[0] == "DesiredWithinRange" else "True", *size.limited
        )
        self._remember(hpa, wish, current, current)
        if size.replicas == current:
            look.count(current, current, found.statuses)
        elif self._rescale(hpa, look, current, size.replicas, reason, found.statuses):
            self._remember(hpa, None, current, size.replicas)

    def _is_ambiguous(self, hpa: Object, look: Look, selector: str, pods: list[Object]) -> bool:
        """Does another one count any of these pods, too? Then neither scales. Kubernetes: validateAndParseSelector"""
        self.counted[key_of(hpa)] = selector
        rivals = sorted(key for key in self.counted if self._counts(key, namespace_of(hpa), pods))
        if len(rivals) <= 1:
            return False
        text = f"pods by selector {selector} are controlled by multiple HPAs: [{' '.join(rivals)}]"
        self.events.warning(hpa, "AmbiguousSelector", text)
        self.events.warning(hpa, "FailedComputeMetricsReplicas", text)
        look.say("ScalingActive", "False", "AmbiguousSelector", text)
        return True

    def _counts(self, key: Key, namespace: str, pods: list[Object]) -> bool:
        if split_key(key)[0] != namespace:
            return False
        selector = LabelSelector.parse(self.counted[key])
        return any(selector.matches(labels_of(pod)) for pod in pods)

    def _remember(self, hpa: Object, wish: int | None, current: int, size: int) -> None:
        """Kubernetes: storeScaleEvent"""
        now, spec, past = self.clock.now, hpa["spec"], self.past[key_of(hpa)]
        wishes = [w for w in past.wishes if w[0] > now - longest_window(spec)]
        wishes += [(now, wish)] if wish is not None else []
        ups, downs = ([c for c in changes if c[0] > now - longest_period(spec)] for changes in past[1:])
        ups += [(now, size - current)] if size > current else []
        downs += [(now, current - size)] if size < current else []
        self.past[key_of(hpa)] = History(tuple(wishes), tuple(ups), tuple(downs))

    def _measured(self, hpa: Object, look: Look, pods: list[Object], current: int) -> Proposal | None:
        """The highest of what the metrics ask for. None: too little is known. Kubernetes: computeReplicasForMetrics"""
        metrics, failures, found = hpa["spec"].get("metrics") or [], list[Failure](), list[Proposal]()
        statuses: list[Object] = []
        for metric in metrics:
            try:
                proposal = self._proposal(hpa, metric, pods, current)
            except NoCount as why:
                failures.append(failure(hpa, metric, str(why)))
                statuses.append({"type": ""})
            else:
                found.append(proposal)
                statuses.append(proposal.statuses[0])
        best = max(found, key=lambda p: p.replicas, default=None)
        self._complain(hpa, failures, len(metrics))
        if best is None or (failures and best.replicas < current):
            if failures:
                unable = f"the HPA was unable to compute the replica count: {failures[0].text}"
                look.say("ScalingActive", "False", failures[0].reason, unable)
            look.count(current, dig(hpa, "status", "desiredReplicas", default=0), statuses)
            return None
        able = f"the HPA was able to successfully calculate a replica count from {best.name}"
        look.say("ScalingActive", "True", "ValidMetricFound", able)
        return best._replace(statuses=statuses)

    def _complain(self, hpa: Object, failures: list[Failure], count: int) -> None:
        for one in failures:
            self.events.warning(hpa, one.reason, one.text)
        if failures:
            first = f"first error is: {failures[0].in_summary}"
            text = f"invalid metrics ({len(failures)} invalid out of {count}), {first}"
            self.events.warning(hpa, "FailedComputeMetricsReplicas", text)

    def _proposal(self, hpa: Object, metric: Object, pods: list[Object], current: int) -> Proposal:
        """What one metric asks for. Raises NoCount."""
        if metric["type"] not in ("Resource", "ContainerResource"):
            raise NoCount
        target = target_of(hpa, metric)
        names = {name_of(pod) for pod in pods}
        try:
            found = resource_metrics(self.client, namespace_of(hpa), names, target.resource, target.container)
        except NoCount as why:
            raise NoCount(f"unable to get metrics for resource {target.resource}: {why}") from None
        count = replicas(current, target, pods, found, self.clock.now)
        return Proposal(count.replicas, described(target), [status_of(metric, target, count)])

    # --- the target ---

    def _scale(self, hpa: Object) -> Any:
        target = hpa["spec"]["scaleTargetRef"]
        resource = self.client.kinds.of(target).name
        where = (resource, namespace_of(hpa), target["name"], "scale")
        return self.client.transport.handle(Request("get", *where, user=self.client.user))

    def _rescale(
        self,
        hpa: Object,
        look: Look,
        current: int,
        desired: int,
        reason: str,
        metrics: list[Object] | None = None,
    ) -> bool:
        """Returns whether it could."""
        target = hpa["spec"]["scaleTargetRef"]
        resource, key = self.client.kinds.of(target).name, f"{namespace_of(hpa)}/{target['name']}"
        try:
            self.client.patch(resource, key, patch={"spec": {"replicas": desired}}, subresource="scale")
        except ApiError as error:
            text = f"New size: {desired}; reason: {reason}; error: {error}"
            self.events.warning(hpa, "FailedRescale", text)
            text = f"the HPA controller was unable to update the target scale: {error}"
            look.say("AbleToScale", "False", "FailedUpdateScale", text)
            look.count(current, dig(hpa, "status", "desiredReplicas", default=0), metrics)
            return False
        self.events.normal(hpa, "SuccessfulRescale", f"New size: {desired}; reason: {reason}")
        text = f"the HPA controller was able to update the target scale to {desired}"
        look.say("AbleToScale", "True", "SucceededRescale", text)
        look.count(current, desired, metrics)
        look.status["lastScaleTime"] = timestamp(look.now)
        return True


class Proposal(NamedTuple):
    """How many there should be by a metric, what it is called, and what it says in the status."""

    replicas: int
    name: str
    statuses: list[Object]


def _kind(hpa: Object) -> str:
    target = hpa["spec"]["scaleTargetRef"]
    group = target.get("apiVersion", "").rpartition("/")[0]
    return f'"{target["kind"]}" in group "{group}"'
