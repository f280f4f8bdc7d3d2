"""What the exercises about requests need: an API server alone, somebody who carries requests, a Deployment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object
from k8slearn.api.requests import Request
from k8slearn.apiserver import ApiServer
from k8slearn.cluster import Cluster
from k8slearn.lab.drill import Scene
from k8slearn.sim.simulation import VirtualClock


def api_server(*objects: Object) -> ApiServer:
    """An API server alone, with these objects: no machines, and nobody who acts on their own."""
    return Cluster(0, components=(), objects=objects).server(VirtualClock(), Dice())


@dataclass
class Carrier:
    """Carries a learner's requests to a server."""

    server: ApiServer
    scene: Scene

    @property
    def kinds(self) -> Any:
        return self.server.kinds

    def watch(self, request: Request, bell: Any = None) -> Any:
        return self.server.watch(request, bell)


def deployment(replicas: int = 3, name: str = "web") -> Object:
    """A Deployment, ready to be created."""
    container = {"name": "app", "image": "app:1"}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
