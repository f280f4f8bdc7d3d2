"""From what pods use to how many there should be. Pure functions.

The ratio of use to target decides; near enough to 1 nothing changes. Pods of which nothing is known are taken for what
would change least: as using all they may when there would be fewer, as using nothing when there would be more. So are
those that are not ready when there would be more.

Kubernetes: pkg/controller/podautoscaler/replica_calculator.go, metrics/utilization.go
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import NamedTuple

from k8slearn.api.clock import seconds_of
from k8slearn.api.objects import Object, dig, is_deleting, name_of
from k8slearn.api.quantities import milli
from k8slearn.controllers.pods import condition

CPU_INITIALIZATION = 300.0  # seconds after a pod's start in which being unready counts
INITIAL_READINESS = 30.0  # seconds: who became unready so soon after the start has never been ready


class NoCount(Exception):
    """It cannot be said how many; the text says why."""


class Metric(NamedTuple):
    """What one pod uses, in thousandths of the unit, and when that was measured over how many seconds."""

    used: int
    at: float
    window: float


class Target(NamedTuple):
    resource: str
    container: str = ""  # "": the whole pod
    share: int | None = None  # percent of what was requested ...
    each: int = 0  # ... or so many thousandths of the unit for each pod
    down: float = 0.1  # tolerances
    up: float = 0.1

    def accepts(self, ratio: float) -> bool:
        return 1 - self.down <= ratio <= 1 + self.up


class Count(NamedTuple):
    replicas: int
    average: int  # use of a pod, in thousandths of the unit
    share: int | None = None  # percent of what was requested


class Groups(NamedTuple):
    ready: int
    unready: list[str]
    missing: list[str]
    ignored: list[str]


def replicas(
    current: int, target: Target, pods: list[Object], metrics: Mapping[str, Metric], now: float
) -> Count:
    """How many pods there should be. Raises NoCount."""
    if not pods:
        raise NoCount("no pods returned by selector while calculating replica count")
    groups = grouped(pods, metrics, target.resource, now)
    used = {n: m.used for n, m in metrics.items() if n not in (*groups.ignored, *groups.unready)}
    if not used:
        raise NoCount("did not receive metrics for targeted pods (pods might be unready)")
    requests = _requests(pods, target) if target.share is not None else {}
    ratio, count = _ratio(used, requests, target)
    wake = bool(groups.unready) and ratio > 1
    if not wake and not groups.missing:
        kept = current if target.accepts(ratio) else ceil(ratio * groups.ready)
        return count._replace(replicas=kept)
    if groups.missing and ratio != 1:
        used |= {name: _assumed(name, requests, target, ratio) for name in groups.missing}
    if wake:
        used |= dict.fromkeys(groups.unready, 0)
    again, _ = _ratio(used, requests, target)
    return count._replace(replicas=_careful(current, ratio, again, len(used), target))


def _careful(current: int, ratio: float, again: float, pods: int, target: Target) -> int:
    """What was assumed must not turn the direction."""
    if target.accepts(again) or (ratio < 1 < again) or (again < 1 < ratio):
        return current
    wanted = ceil(again * pods)
    if (again < 1 and wanted > current) or (again > 1 and wanted < current):
        return current
    return wanted


def _assumed(name: str, requests: Mapping[str, int], target: Target, ratio: float) -> int:
    if ratio > 1:
        return 0
    if target.share is None:
        return target.each
    return requests[name] * max(100, target.share) // 100


def _ratio(used: Mapping[str, int], requests: Mapping[str, int], target: Target) -> tuple[float, Count]:
    if target.share is None:
        average = sum(used.values()) // len(used)
        return average / target.each, Count(0, average)
    known = [name for name in used if name in requests]
    asked = sum(requests[name] for name in known)
    if not asked:
        raise NoCount("no metrics returned matched known pods")
    spent = sum(used[name] for name in known)
    share = spent * 100 // asked
    return share / target.share, Count(0, spent // len(known), share)


def _requests(pods: Iterable[Object], target: Target) -> dict[str, int]:
    """Of each pod, in thousandths. Sidecars count like the others."""
    found = {}
    for pod in pods:
        sidecars = [c for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"]
        total = 0
        for container in (*pod["spec"]["containers"], *sidecars):
            if target.container in ("", container["name"]):
                asked = dig(container, "resources", "requests", target.resource)
                if asked is None:
                    where = f"in container {container['name']} of Pod {name_of(pod)}"
                    raise NoCount(f"missing request for {target.resource} {where}")
                total += milli(asked)
        found[name_of(pod)] = total
    return found


def grouped(pods: Iterable[Object], metrics: Mapping[str, Metric], resource: str, now: float) -> Groups:
    """Kubernetes: groupPods"""
    groups = Groups(0, [], [], [])
    for pod in pods:
        name = name_of(pod)
        if is_deleting(pod) or dig(pod, "status", "phase") == "Failed":
            groups.ignored.append(name)
        elif dig(pod, "status", "phase") == "Pending":
            groups.unready.append(name)
        elif name not in metrics:
            groups.missing.append(name)
        elif resource == "cpu" and _is_unready(pod, metrics[name], now):
            groups.unready.append(name)
        else:
            groups = groups._replace(ready=groups.ready + 1)
    return groups


def _is_unready(pod: Object, metric: Metric, now: float) -> bool:
    """Its CPU says nothing yet: while it starts it works for itself."""
    ready, started = condition(pod, "Ready"), dig(pod, "status", "startTime")
    if ready is None or not started:
        return True
    since, began = seconds_of(ready["lastTransitionTime"]), seconds_of(started)
    if began + CPU_INITIALIZATION > now:
        return ready["status"] == "False" or metric.at < since + metric.window
    return ready["status"] == "False" and began + INITIAL_READINESS > since
