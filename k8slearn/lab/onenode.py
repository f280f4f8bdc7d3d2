"""Pods that run simulated programs, in one line each, and a machine to run them on."""

from __future__ import annotations

from functools import partial
from typing import Any

from k8slearn.api.objects import Object
from k8slearn.cluster import ALWAYS_THERE, Cluster
from k8slearn.node import Kubelet
from k8slearn.sim import Simulation

CLASSES = [each for each in ALWAYS_THERE if each["kind"] == "PriorityClass"]


def program(what: str, name: str = "app", **more: Any) -> Object:
    """A container that runs a program of `k8slearn.node.programs`: settings in capitals, the rest as in a manifest."""
    env = [{"name": key, "value": str(value)} for key, value in more.items() if key.isupper()]
    rest = {key: value for key, value in more.items() if not key.isupper()}
    return {"name": name, "image": f"k8slearn/{what}:1", **({"env": env} if env else {}), **rest}


def pod(name: str, *containers: Object, labels: dict[str, str] | None = None, **spec: Any) -> Object:
    """A pod, ready to be created; `spec` is added to its spec."""
    metadata = {"name": name, "namespace": "default", "labels": labels or {"app": name}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [*containers], **spec},
    }


def one_node(*pods: Object, seconds: float = 0.0, **machine: Any) -> Simulation:
    """A cluster with one machine, node-0, and these pods, some seconds later. `machine`: what a Kubelet takes."""
    sim = Simulation(Cluster([partial(Kubelet, "node-0", **machine)], objects=CLASSES))
    sim.create(pods)
    sim.advance(seconds)
    return sim


def only_a_node(made: Object) -> Simulation:
    """A machine, this pod on it, and nobody else in the cluster: no steps but the kubelet's."""
    sim = Simulation(Cluster([partial(Kubelet, "node-0")], components=()))
    sim.create({**made, "spec": {**made["spec"], "nodeName": "node-0"}})
    return sim
