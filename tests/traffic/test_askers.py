"""Pods that send requests themselves, in a cluster that is complete."""

from __future__ import annotations

from typing import Any

from k8slearn.cluster import Cluster
from k8slearn.sim import Simulation
from k8slearn.traffic import Askers, Traffic
from tests.traffic.scenes import service, settle, web

LOOP = "while sleep 0.09; do wget -q -O- http://web; done"


def asker(name: str = "load", node: str = "node-0", script: str = LOOP) -> Any:
    container = {"name": "main", "image": "busybox", "command": ["sh", "-c", script]}
    spec = {"containers": [container], "nodeName": node, "terminationGracePeriodSeconds": 1}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def world(nodes: int = 2) -> tuple[Simulation, Traffic]:
    sim = Simulation(Cluster.complete(nodes, traffic=True))
    sim.create([web(), service()])
    settle(sim)
    traffic = sim.world["traffic"]
    assert isinstance(traffic, Traffic)
    return sim, traffic


def routers(sim: Simulation) -> list[str]:
    return [name for name in sim.manager.players if name.startswith("service-router/")]


def test_a_load_generator_asks_as_long_as_it_runs():
    sim, traffic = world()
    sim.create(asker())
    settle(sim, 20)
    assert 9 <= traffic.get("default/web-0") <= 11
    (crowd,) = traffic.asking
    assert traffic.total(crowd).errors == {}
    sim.client.delete("pods", "default/load")
    settle(sim, 20)
    assert traffic.asking == {}
    assert traffic.get("default/web-0") == 0


def test_a_router_is_started_only_where_somebody_asks():
    sim, _ = world()
    assert routers(sim) == []
    sim.create(asker(node="node-1"))
    settle(sim, 5)
    assert routers(sim) == ["service-router/node-1"]
    sim.create([asker("other", "node-1"), web("web-1", "node-0")])
    settle(sim, 5)
    assert routers(sim) == ["service-router/node-1"]


def test_nobody_is_there_to_answer():
    sim, traffic = world()
    sim.create([asker(script=LOOP.replace("web", "wep")), asker("idle", script="sleep 1d")])
    settle(sim, 10)
    (crowd,) = traffic.asking
    assert set(traffic.total(crowd).errors) == {"unknown host"}


def test_what_came_back_long_ago_is_forgotten():
    sim, traffic = world()
    sim.create(asker())
    sim.run()
    sim.advance(200)
    (crowd,) = traffic.asking
    assert len(traffic.seconds[crowd]) <= traffic.keeps + 2
    sim.client.delete("pods", "default/load")
    sim.advance(100)
    assert traffic.seconds == {}


def test_who_asks_can_be_rewound():
    sim, _ = world()
    sim.create(asker())
    settle(sim, 20)
    end, state = sim.position, sim.state()
    sim.goto(end // 2)
    sim.goto(end)
    assert sim.state() == state
    askers = sim.manager.players[Askers.name]
    assert isinstance(askers, Askers)
    assert askers.asking == {"default/load": "node-0"}
