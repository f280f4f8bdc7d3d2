"""When does a container answer? Worked out from its program and from what its kubelet is doing to it.

    started        opens                    closes (SIGTERM)      ends (or SIGKILL)
       |  refused    |  answers, or hangs      |  refused, finishes   |  whatever is not finished is lost

A program that does not obey SIGTERM goes on as before until it is killed. A restarted kubelet is no interruption: what
runs goes on running, and is then known from the pod's status.

Kubernetes: nothing; there, a packet finds out
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import NamedTuple

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Key, Object, dig
from k8slearn.node import Kubelet
from k8slearn.node.delays import before_sigterm, stops_in
from k8slearn.node.life import NEW, Run
from k8slearn.node.programs import Program, program
from k8slearn.node.situation import Situation
from k8slearn.node.usage import capacity

Instance = tuple[str, Key, str, int]  # node, pod, container, restarts: this very run of it


class Listener(NamedTuple):
    """Times are virtual seconds."""

    instance: Instance
    opens: float
    hangs: float
    closes: float
    takes: (
        float  # seconds of its CPU that a request needs, one after the other; 0: as many at once as there are
    )
    works: float  # seconds that it needs besides, beside the others


def running(kubelet: Kubelet, key: Key, pod: Object | None) -> Run | None:
    """What runs there of a pod. `pod`: as the store has it, for a kubelet that has just been started again."""
    run = kubelet.runs.get(key)
    if run is None and pod is not None and dig(pod, "spec", "nodeName") == kubelet.machine.name:
        run = Run.of(pod)
    return run


def listener(kubelet: Kubelet, key: Key, run: Run, port: int, now: float) -> Listener | None:
    """The container that has this port; None: nobody has."""
    found = [(spec, program(spec), kind) for spec, kind in _running_containers(run)]
    mine = [row for row in found if row[1].port == port] or [row for row in found if not row[1].port]
    return _listener(kubelet, key, run, mine[0], now) if mine else None


def _running_containers(run: Run) -> Iterator[tuple[Object, str]]:
    for field, kind in (("containers", "main"), ("initContainers", "sidecar")):
        for spec in run.latest["spec"].get(field) or ():
            if "running" in dig(run.containers, spec["name"], "state", default=()):
                yield spec, kind


def _listener(kubelet: Kubelet, key: Key, run: Run, row: tuple[Object, Program, str], now: float) -> Listener:
    spec, p, kind = row
    status, life = run.containers[spec["name"]], run.lives.get(spec["name"], NEW)
    instance = (kubelet.machine.name, key, spec["name"], status["restartCount"])
    most, needs = capacity(spec), p.cpu_per_request / 1000
    return Listener(
        instance,
        opens=life.started + p.starts_in,
        hangs=life.started + p.hangs_after,
        closes=_sigterm(kubelet, run, spec, kind, now),
        takes=0.0 if most == inf else 1 / most if most else inf,
        works=p.answers_in + (needs if most == inf else 0.0),
    )


def _sigterm(kubelet: Kubelet, run: Run, spec: Object, kind: str, now: float) -> float:
    """When it is told to stop, and does: inf, as long as nobody means to, or it does not listen."""
    name = spec["name"]
    life = run.lives.get(name, NEW)
    stage = next((stage for stage in kubelet.stages if stage.name == life.stage), None)
    if stage is None or stage.becomes != "stopped" or kind == "sidecar":
        return inf
    s = Situation(run.latest, spec, run.containers[name], now, kind, turn=True)
    s.life, s.since, s.doom, s.dice = life, life.since, run.doom, Dice()
    return inf if stops_in(s) == inf else life.since + before_sigterm(s)


def runs_on(run: Run | None, instance: Instance) -> bool:
    """Does this very run of a container still go on?"""
    status = run.containers.get(instance[2]) if run is not None else None
    return status is not None and "running" in status["state"] and status["restartCount"] == instance[3]
