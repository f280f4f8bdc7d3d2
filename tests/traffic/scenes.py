"""What tests of traffic share: a cluster with routers and names, web servers, and people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api.objects import Object
from k8slearn.cluster import Cluster
from k8slearn.controllers import StatefulSetController
from k8slearn.sim import Simulation
from k8slearn.traffic import ClusterDNS, IngressController, Traffic, routers


def town(nodes: int = 3, *, lag: float = 1.0, adding: Iterable[Any] = (), **rest: Any) -> Simulation:
    players = [*routers(nodes, lag), ClusterDNS, IngressController, StatefulSetController, *adding]
    return Simulation(Cluster(nodes, adding=players), world={"traffic": Traffic()}, **rest)


def service(name: str = "web", **spec: Any) -> Object:
    wanted = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": wanted}


def web(name: str = "web-0", node: str = "", app: str = "web", grace: int = 30, **container: Any) -> Object:
    """One pod. With upper-case names: settings of its program."""
    env = [{"name": k, "value": str(container.pop(k))} for k in list(container) if k.isupper()]
    spec: dict[str, Any] = {
        "containers": [{"name": "web", "image": "k8slearn/web:1", "env": env, **container}]
    }
    spec |= {"nodeName": node} if node else {}
    spec["terminationGracePeriodSeconds"] = grace
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": app}},
        "spec": spec,
    }


def settle(sim: Simulation, seconds: float = 10.0) -> Simulation:
    sim.run()
    sim.advance(seconds)
    return sim


def start(
    sim: Simulation, name: str = "people", url: str = "http://web/", rate: Any = 100, **how: Any
) -> None:
    sim.meddle("traffic", "start", name, url, rate=rate, **how)


def ask(sim: Simulation, url: str = "http://web/", *, seconds: float = 5, rate: Any = 100, **how: Any) -> Any:
    """Everything that came back of some seconds of requests."""
    name = f"{url} at {sim.now:g}"
    start(sim, name, url, rate, lasts=seconds, **how)
    sim.advance(seconds + how.get("patience", 5.0) + 1)
    return sim.world["traffic"].total(name)


def endpoints(sim: Simulation, node: int = 0, key: str = "default/web") -> int:
    """How many endpoints the router of a node sends a service's requests to."""
    rules = sim.manager.players[f"service-router/node-{node}"].rules.get(key, {})
    return max((len(rule.endpoints) for rule in rules.values()), default=0)
