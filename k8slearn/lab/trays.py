"""Small clusters to schedule in: machines with sizes, and pods that request something, in one line each."""

from __future__ import annotations

from functools import partial
from typing import Any

from k8slearn.api.objects import Object, dig
from k8slearn.cluster import Cluster, Component
from k8slearn.node import HOLLOW, Kubelet
from k8slearn.scheduler import Scheduler
from k8slearn.sim import Simulation

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


def machines(**sizes: Any) -> list[Component]:
    """``machines(small="2", big="8")``: name -> how many cpus, or a dict of what a Kubelet takes."""
    options = {name: size if isinstance(size, dict) else {"cpu": size} for name, size in sizes.items()}
    return [partial(Kubelet, name, stages=HOLLOW, **more) for name, more in options.items()]


def scene(nodes: list[Component], *schedulers: Component, seed: int = 0) -> Simulation:
    """A world with these machines and nobody else but schedulers."""
    return Simulation(Cluster(nodes, components=schedulers or (Scheduler,)), seed=seed)


def pod(
    name: str, cpu: str = "", memory: str = "", labels: dict[str, str] | None = None, **spec: Any
) -> Object:
    """A pod that requests so much, or nothing; `spec` is added to its spec."""
    asked = {resource: amount for resource, amount in (("cpu", cpu), ("memory", memory)) if amount}
    container: Object = {"name": "app", "image": "registry.example/app:1"}
    if asked:
        container["resources"] = {"requests": asked}
    metadata = {"name": name, "namespace": "default", "labels": labels or {"app": name}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [container], **spec},
    }


def places(sim: Simulation) -> dict[str, str]:
    """pod -> the node it is bound to, or "" """
    return {p["metadata"]["name"]: dig(p, "spec", "nodeName", default="") for p in sim.client.list("pods")}


def why(sim: Simulation, name: str) -> str:
    """What the pod's condition PodScheduled says."""
    said = dig(sim.client.get("pods", f"default/{name}"), "status", "conditions", default=[])
    return next((c.get("message", "") for c in said if c["type"] == "PodScheduled"), "")
