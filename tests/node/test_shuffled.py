"""Scheduler, kubelets and node lifecycle under any order of moves and random faults end the same."""

from __future__ import annotations

import random

import pytest

from k8slearn.api.objects import Object
from k8slearn.sim import Simulation
from tests.fakes import deployment, pod, replicaset
from tests.node.machine import container

FAULTS = ("crash", "drop", "reconnect", "resync", "crash_after", "refuse", "hold", "cut_off")
REASONS = ("Conflict", "InternalError", "TooManyRequests", "Timeout")


def some_steps(sim: Simulation, luck: random.Random) -> None:
    for _ in range(luck.randint(0, 60)):
        sim.step()


def something_goes_wrong(sim: Simulation, luck: random.Random) -> None:
    who, fault = luck.choice(list(sim.manager.players)), luck.choice(FAULTS)
    more = {"crash_after": [luck.randint(1, 3)], "refuse": [luck.randint(1, 3), luck.choice(REASONS)]}
    sim.fault(fault, who, *more.get(fault, []))
    if fault == "hold":
        some_steps(sim, luck)
        sim.fault("release", who)
    if fault == "cut_off":
        sim.advance(luck.choice([20, 120, 420]))
        sim.fault("heal", who)


def is_well(pod: Object) -> bool:
    conditions = [c for c in pod["status"]["conditions"] if c["type"] != "DisruptionTarget"]
    return pod["status"]["phase"] == "Running" and all(c["status"] == "True" for c in conditions)


@pytest.mark.parametrize("seed", range(16))
def test_everything_that_was_asked_for_runs_in_the_end(seed: int) -> None:
    luck = random.Random(seed)
    sim = Simulation(nodes=4, policy="shuffled", seed=seed)
    sim.create([replicaset("a", 3), deployment("b", 4)])
    for _ in range(luck.randint(2, 6)):
        some_steps(sim, luck)
        something_goes_wrong(sim, luck)
    sim.advance(400)
    pods = sim.client.list("pods")
    assert len(pods) == 7
    assert all(map(is_well, pods))
    assert len({p["status"]["podIP"] for p in pods}) == 7
    assert not any(n["spec"].get("taints") for n in sim.client.list("nodes"))
    assert not sim.errors()
    books_are_right(sim)


def everything() -> list[Object]:
    """Pods that ask a kubelet for all it can do, and come to rest."""
    port = {"httpGet": {"port": 8080}, "periodSeconds": 3}
    probes = {"startupProbe": {**port, "failureThreshold": 20}, "readinessProbe": port, "livenessProbe": port}
    amounts = {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}}
    web = container("k8slearn/web:1", STARTS_IN=7, DRAINS_FOR=4, resources=amounts, **probes)
    side = container("k8slearn/web:1", "side", restartPolicy="Always", STARTS_IN=2, PORT=9000)
    first = container("busybox", "first", command=["sleep", "3"])
    batch = container("k8slearn/batch:1", RUNS_FOR=20)
    return [
        deployment(
            "web",
            3,
            template={
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [web], "initContainers": [first, side]},
            },
        ),
        pod("job", restartPolicy="OnFailure", containers=[batch], initContainers=[side]),
        pod("late", restartPolicy="Never", containers=[web], activeDeadlineSeconds=60),
    ]


@pytest.mark.parametrize("seed", range(12))
def test_all_that_a_kubelet_can_do_survives_faults(seed: int) -> None:
    luck = random.Random(seed)
    sim = Simulation(nodes=3, policy="shuffled", seed=seed)
    sim.create(everything())
    for _ in range(luck.randint(2, 6)):
        some_steps(sim, luck)
        something_goes_wrong(sim, luck)
    sim.advance(700)
    pods = {p["metadata"]["name"]: p for p in sim.client.list("pods")}
    ended = {
        n: (p["status"]["phase"], p["status"].get("reason")) for n, p in pods.items() if n in ("job", "late")
    }
    assert ended.items() <= {"job": ("Succeeded", None), "late": ("Failed", "DeadlineExceeded")}.items()
    web = [p for n, p in pods.items() if n.startswith("web") and "deletionTimestamp" not in p["metadata"]]
    assert [is_well(p) for p in web] == [True] * 3
    assert not sim.errors()


def books_are_right(sim: Simulation) -> None:
    """What the scheduler has counted change by change is what it would count from the beginning."""
    scheduler = sim.manager.players["default-scheduler"]

    def books() -> dict[str, tuple[dict[str, int], list[str]]]:
        nodes = [n for n in scheduler.snapshot.nodes.values() if n.pods]  # type: ignore[attr-defined]
        return {n.name: ({r: q for r, q in n.requested.items() if q}, sorted(n.pods)) for n in nodes}

    counted = books()
    scheduler.load_soft_state(scheduler.soft_state())
    assert counted == books()
    assert scheduler.assumed == {}  # type: ignore[attr-defined]
    assert scheduler.queue.attempts == {}  # type: ignore[attr-defined]
