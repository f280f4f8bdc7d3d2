"""When a machine is short of something, and who has to go then. Pure functions.

What is used follows from the programs that run (`programs`), which need more and more at a steady rate. So the moment
at which a threshold will be crossed is known in advance, and nobody has to look every ten seconds.

| signal            | condition      | resource          | who goes first                                          |
|-------------------|----------------|-------------------|---------------------------------------------------------|
| memory.available  | MemoryPressure | memory            | more than requested; lower priority; most above request |
| nodefs.available  | DiskPressure   | ephemeral-storage | the same                                                |
| imagefs.available | DiskPressure   | ephemeral-storage | the same                                                |
| pid.available     | PIDPressure    | pids              | lower priority; most processes                          |

Kubernetes: pkg/kubelet/eviction/helpers.go, pkg/kubelet/apis/config (evictionHard)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import ceil, floor, inf
from typing import NamedTuple

from k8slearn.api.objects import Object, dig, key_of
from k8slearn.api.quantities import canonical, parse, value
from k8slearn.api.quota import pod_requests
from k8slearn.node.admission import is_critical
from k8slearn.node.life import NEW, Run
from k8slearn.node.programs import program
from k8slearn.node.usage import limits_of

INTERVAL = 10.0  # seconds between two looks: the kubelet's eviction monitoring period
TRANSITION = 300.0  # a condition stays for so long after it was last true: evictionPressureTransitionPeriod
IMMEDIATE = 1.0  # grace period of a pod that is evicted
DEFAULT_HARD = {"memory.available": "100Mi", "nodefs.available": "10%", "imagefs.available": "15%"}
SIGNALS = {
    "memory.available": ("MemoryPressure", "memory"),
    "nodefs.available": ("DiskPressure", "ephemeral-storage"),
    "imagefs.available": ("DiskPressure", "ephemeral-storage"),
    "pid.available": ("PIDPressure", "pids"),
}


class Threshold(NamedTuple):
    condition: str
    resource: str
    quantity: int  # bytes, or processes: less than that must not be left


class Need(NamedTuple):
    """Of one container: at second t it uses base + rate * t."""

    container: str
    base: float
    rate: float

    def at(self, now: float) -> int:
        return int(self.base + self.rate * now)


Needs = Mapping[str, list[Need]]  # key of a pod -> of its containers


def thresholds(hard: Mapping[str, str], capacity: Mapping[str, int]) -> list[Threshold]:
    """In the order in which they are dealt with: memory first. ValueError for what is not a signal."""
    found = []
    for signal, text in hard.items():
        if signal not in SIGNALS:
            raise ValueError(f"unknown eviction signal {signal}: choose one of {', '.join(SIGNALS)}")
        condition, resource = SIGNALS[signal]
        share = parse(text[:-1]) / 100 * capacity[resource] if text.endswith("%") else value(text)
        found.append(Threshold(condition, resource, int(share)))
    return sorted(found, key=lambda t: t.resource != "memory")


def needs(run: Run, resource: str) -> list[Need]:
    """Of the containers of a pod that run."""
    return list(_needs(run, resource))


def _needs(run: Run, resource: str) -> Iterator[Need]:
    spec = run.latest["spec"]
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(field) or ():
            status = run.containers.get(container["name"])
            if status is None or "running" not in status["state"]:
                continue
            base, rate = _line(container, status, resource)
            started = run.lives.get(container["name"], NEW).started
            yield Need(container["name"], base - rate * started, rate)


def _line(container: Object, status: Object, resource: str) -> tuple[float, float]:
    """What it needs when it starts, and how much more each second."""
    p = program(container)
    if resource == "memory":
        limit = limits_of(container, status).get("memory")
        return min(p.memory, value(limit)) if limit else p.memory, p.leaks
    return (1.0, p.forks) if resource == "pids" else (0.0, p.writes)


def grows(pod: Object) -> bool:
    """Does it run anything that will need more than now?"""
    containers = (*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"])
    return any(p.leaks or p.writes or p.forks for p in map(program, containers))


def next_look(left: float, rate: float, now: float) -> float:
    """The first look, later than now, at which less than nothing will be `left` if it shrinks at that rate."""
    if left >= 0 and rate <= 0:
        return inf
    crossed = now + max(left, 0.0) / rate if rate > 0 else now
    return floor(crossed / INTERVAL + 1) * INTERVAL


# --- who has to go ---------------------------------------------------------------------------------


def ranked(runs: Iterable[Run], threshold: Threshold, now: float) -> list[Run]:
    """Those that may be evicted, the first victim first."""
    able = [run for run in runs if run.doom is None and not is_critical(run.latest)]
    return sorted(able, key=lambda run: _rank(run, threshold.resource, now))


def _rank(run: Run, resource: str, now: float) -> tuple[object, ...]:
    used = sum(need.at(now) for need in needs(run, resource))
    asked = value(pod_requests(run.latest).get(resource, 0))
    priority = int(dig(run.latest, "spec", "priority", default=0))
    if resource == "pids":
        return priority, -used, key_of(run.latest)
    return used <= asked, priority, asked - used, key_of(run.latest)


def message(run: Run, threshold: Threshold, left: float, now: float) -> str:
    """What is written into the status of an evicted pod. Kubernetes: evictionMessage"""
    resource = threshold.resource
    text = f"The node was low on resource: {resource}. "
    text += (
        f"Threshold quantity: {written(threshold.quantity, resource)}, available: {written(left, resource)}. "
    )
    specs = {c["name"]: c for f in ("containers", "initContainers") for c in run.latest["spec"].get(f) or ()}
    for need in needs(run, resource):
        asked = dig(specs.get(need.container), "resources", "requests", resource, default="0")
        used = need.at(now)
        if resource != "pids" and need.container in specs and used > value(asked):
            text += (
                f"Container {need.container} was using {written(used, resource)}, request is {canonical(asked)}, "
                f"has larger consumption of {resource}. "
            )
    return text


def written(amount: float, resource: str) -> str:
    """Processes are counted; bytes come in whole pages, so in Ki at least."""
    return str(int(amount)) if resource == "pids" else canonical(f"{ceil(amount / 1024)}Ki")


def storage_limit(run: Run) -> tuple[float, str]:
    """(the second at which the pod has written more than its limits allow, those limits); inf: never."""
    limits = [dig(c, "resources", "limits", "ephemeral-storage") for c in run.latest["spec"]["containers"]]
    most = sum(value(limit) for limit in limits if limit)
    found = needs(run, "ephemeral-storage")
    rate = sum(need.rate for need in found)
    if not any(limits) or rate <= 0:
        return inf, ""
    return next_look(most - sum(need.base for need in found), rate, 0.0), written(most, "")
