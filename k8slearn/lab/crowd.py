"""Clusters of any size, for counting what they cost: nodes and pods that are only objects, and watches by the thousand.

No machine runs here and no controller: whatever is counted, one question or one change has caused it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from k8slearn.api.objects import Object, name_of
from k8slearn.api.users import User
from k8slearn.apiserver.http import Front, HttpRequest
from k8slearn.cluster import Cluster
from k8slearn.machinery import Controller
from k8slearn.scheduler import DEFAULT_PLUGINS, Scheduler
from k8slearn.sim import Simulation

ZONES = 3
HAS = {"cpu": "8", "memory": "32Gi", "pods": "110"}
ALL_PODS = "/api/v1/pods"


def node(number: int) -> Object:
    """node-7, in zone-1."""
    name = f"node-{number}"
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"zone-{number % ZONES}"}
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": {"allocatable": HAS}}


def pod(name: str, on: str = "", cpu: str = "100m", **spec: Any) -> Object:
    """A pod of the app *web*, `on` a node (its label "on" says so, too) or without one; `spec`: further fields."""
    container = {"name": "web", "image": "web:1", "resources": {"requests": {"cpu": cpu, "memory": "200Mi"}}}
    labels = {"app": "web", **({"on": on} if on else {})}
    where = {"nodeName": on} if on else {}
    metadata = {"name": name, "namespace": "default", "labels": labels}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [container], **where, **spec},
    }


def crowd(nodes: int, pods_each: int = 0, players: Iterable[Any] = ()) -> Simulation:
    """So many nodes with so many pods on each, and nobody at work but the `players`."""
    sim = Simulation(Cluster(0, components=tuple(players)))
    for number in range(nodes):
        sim.client.create(node(number))
        for which in range(pods_each):
            sim.client.create(pod(f"web-{number}-{which}", f"node-{number}"))
    sim.run()
    return sim


def with_scheduler(nodes: int, *plugins: Any) -> Simulation:
    """So many empty nodes, and the scheduler; these plugins come before the default ones, or instead of a namesake."""
    own = {plugin.name for plugin in plugins}
    rest = [plugin for plugin in DEFAULT_PLUGINS if plugin.name not in own]
    return crowd(nodes, players=[partial(Scheduler, plugins=(*plugins, *rest))])


def place(sim: Simulation, pods: Iterable[Object]) -> None:
    """Create the pods and find a node for each, or raise AssertionError."""
    sim.create(list(pods))
    sim.run()
    left = [name_of(pod) for pod in sim.store.objects("pods") if not pod["spec"].get("nodeName")]
    assert not left, f"no node has been found for {', '.join(left)}"


class Heard(NamedTuple):
    """What came of a change: how many watches were woken, how many of them were told of it, and in how many bytes."""

    woken: int
    told: int
    size: int


class Audience:
    """Many watches of one API server, each a stream of its own. `queries`: by name, as they stand in a URL."""

    def __init__(self, sim: Simulation, queries: Mapping[str, str], path: str = ALL_PODS) -> None:
        sim.server.authenticator.tokens["sesame"] = User.called("kubernetes-admin")
        front, headers = Front(sim.server), {"authorization": "Bearer sesame"}
        self.woken: dict[str, None] = {}
        self.streams: dict[str, Any] = {}
        for name, query in queries.items():
            asked = f"watch=true&resourceVersion={sim.store.revision}&{query}".rstrip("&")
            self.streams[name] = front.answer(HttpRequest("GET", path, asked, headers))
            self.streams[name].listen(partial(self.woken.setdefault, name, None))

    def hear(self) -> Heard:
        """Everybody who has been woken since the last time reads what there is for him."""
        said = [self.streams[name].take() for name in self.woken]
        self.woken.clear()
        return Heard(len(said), sum(map(bool, said)), sum(map(len, said)))


def watchers_of(sim: Simulation, resource: str) -> list[str]:
    """Who in this cluster watches all objects of a kind."""
    players: dict[str, Controller] = sim.manager.players
    return [name for name, player in players.items() if _hears_all(player, resource)]


def _hears_all(player: Controller, resource: str) -> bool:
    informer = player.informers.get(resource)
    return informer is not None and not any(informer.selectors.values())
