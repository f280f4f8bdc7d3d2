"""Histories that tests of the simulation go back and forth in, and pictures of a moment to compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slearn.controllers import DeploymentController, GarbageCollector, ReplicaSetController
from k8slearn.sim import Simulation
from tests.fakes import deployment, hollow, service, world


def picture(sim: Simulation) -> dict[str, Any]:
    """Everything that makes the present moment: the store, what each player knows and wants, the clock."""
    return {
        "now": sim.now,
        "position": sim.position,
        "revision": (sim.store.revision, sim.store.compacted),
        "state": sim.state(),
        "players": {name: portrait(player) for name, player in sorted(sim.manager.players.items())},
        "wires": {name: wire.save() for name, wire in sim.wires.items()},
        "moves": sim.moves(),
        "alarm": sim.manager.next_alarm(background=True),
    }


def portrait(player: Any) -> dict[str, Any]:
    queue = {
        k: list(v) if k == "ready" else v
        for k, v in vars(player.queue).items()
        if k not in ("clock", "causes")
    }
    informers = {r: (*i.save(), i.lag if i.watch else 0) for r, i in player.informers.items()}
    return {
        "cache": {r: dict(o) for r, o in player.cache.objects.items() if o},
        "queue": {k: (v.copy() if hasattr(v, "copy") else v) for k, v in queue.items()},
        "informers": informers,
        "errors": {k: str(e) for k, e in player.errors.items()},
    }


def rollout(policy: str = "prompt", seed: int = 0) -> Simulation:
    """A small world: deployed, updated half-way, scaled."""
    sim = world(DeploymentController, ReplicaSetController, GarbageCollector, policy=policy, seed=seed)
    sim.create(deployment(replicas=2))
    sim.run(steps=400)
    sim.client.patch("deployments", "default/web", patch=deployment(replicas=3, image="app:2"))
    sim.run(lambda s: len(s.trace) > 60, steps=500)
    return sim


def troubled(policy: str = "shuffled", seed: int = 3) -> Simulation:
    """The whole control plane, and one of every fault on the way."""
    sim = hollow(2, policy=policy, seed=seed)
    sim.create([deployment(replicas=3), service()])
    faults: list[tuple[Any, ...]] = [
        ("hold", "replicaset-controller", "pods"),
        ("drop", "deployment-controller"),
        ("crash", "replicaset-controller"),
        ("refuse", "deployment-controller", 1, "Conflict"),
        ("crash_after", "replicaset-controller", 2),
        ("resync", "endpointslice-controller"),
        ("cut_off", "kubelet/node-0"),
        ("crash", "kubelet/node-0"),
        ("compact",),
        ("reconnect", "deployment-controller"),
        ("heal", "kubelet/node-0"),
        ("release", "replicaset-controller", "pods"),
    ]
    for fault in faults:
        several(sim, 6)
        sim.fault(*fault)
    sim.client.patch("deployments", "default/web", patch={"spec": {"replicas": 1}})
    several(sim, 40)
    return sim


def several(sim: Simulation, steps: int) -> None:
    for _ in range(steps):
        sim.step()


def every_step(make: Callable[[], Simulation]) -> list[dict[str, Any]]:
    """A picture after each step, 0 first, of the same history made without ever going back."""
    finished = make()
    again = finished.fork()
    again.goto(0)
    pictures = [picture(again)]
    while again.position < len(finished.trace):
        again.step()
        pictures.append(picture(again))
    return pictures
