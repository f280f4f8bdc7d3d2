"""What a container needs at a moment: a pure function of its program, the time since its start and its load.

The load is handed in: requests per second that reach the container, from whoever makes traffic. So a metrics API,
the kubelet under pressure and a plot all see the same numbers, and nothing has to be measured or remembered.

Kubernetes: pkg/kubelet/server/stats, filled by cadvisor; metrics-server reads it there
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import NamedTuple

from k8slearn.api.clock import seconds_of
from k8slearn.api.objects import Object, dig
from k8slearn.api.quantities import milli, value
from k8slearn.node.programs import Program, program


class Usage(NamedTuple):
    cpu: float = 0.0  # thousandths of a CPU
    memory: int = 0  # bytes: the working set
    disk: int = 0  # bytes: logs and what was written into the container or an emptyDir
    processes: int = 0


NOTHING = Usage()


def usage(pod: Object, container: str, now: float, requests_per_second: float = 0.0) -> Usage:
    """Of one container at second `now`; nothing where it does not run."""
    spec, status = (
        named(pod["spec"], container, "ontainers"),
        named(dig(pod, "status"), container, "Statuses"),
    )
    started = dig(status, "state", "running", "startedAt")
    if spec is None or started is None:
        return NOTHING
    age = max(now - seconds_of(started), 0.0)
    return needed(program(spec), age, requests_per_second, limits_of(spec, status))


def pod_usage(pod: Object, now: float, requests_per_second: float = 0.0) -> Usage:
    """Of all its containers; the load goes to the first one."""
    names = [
        c["name"] for f in ("containers", "initContainers", "ephemeralContainers") for c in _list(pod, f)
    ]
    loads = [requests_per_second, *[0.0] * (len(names) - 1)]
    return total(usage(pod, name, now, load) for name, load in zip(names, loads, strict=True))


def total(usages: Iterable[Usage]) -> Usage:
    cpu, memory, disk, processes = zip(NOTHING, *usages, strict=True)
    return Usage(sum(cpu), sum(memory), sum(disk), sum(processes))


def needed(p: Program, age: float, requests_per_second: float, limits: Object) -> Usage:
    """CPU stops at its limit (the program becomes slower), memory at the moment of the OOM kill."""
    cpu = min(p.cpu + p.cpu_per_request * requests_per_second, _most(limits, "cpu"))
    memory = min(p.memory + p.leaks * age, _most(limits, "memory"))
    return Usage(cpu, int(memory), int(p.writes * age), 1 + int(p.forks * age))


def capacity(container: Object) -> float:
    """Requests per second that its CPU limit allows; inf without one. More than that have to wait."""
    p, most = program(container), _most(limits_of(container, None), "cpu")
    return max(most - p.cpu, 0.0) / p.cpu_per_request if p.cpu_per_request else inf


def limits_of(spec: Object, status: Object | None) -> Object:
    """The limits in force: those that the kubelet has carried out, where it says so."""
    found = dig(status, "resources", "limits") or dig(spec, "resources", "limits") or {}
    return dict(found)


def oom_after(p: Program, limits: Object) -> float:
    """Seconds after the start at which it wants more memory than it may have; inf: never."""
    most = _most(limits, "memory")
    if p.memory >= most:
        return 0.0
    return (most - p.memory) / p.leaks if p.leaks > 0 else inf


def _most(limits: Object, resource: str) -> float:
    if resource not in limits:
        return inf
    return milli(limits[resource]) if resource == "cpu" else value(limits[resource])


def _list(pod: Object, field: str) -> list[Object]:
    return list(pod["spec"].get(field) or ())


def named(where: Object | None, name: str, ending: str) -> Object | None:
    """The entry of this name in any of the lists whose field ends so: containers, initContainers ..."""
    lists = [found for field, found in (where or {}).items() if field.endswith(ending) and found]
    return next((entry for found in lists for entry in found if entry["name"] == name), None)
