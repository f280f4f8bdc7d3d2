"""Small clusters to schedule in, and how to ask what became of a pod."""

from __future__ import annotations

from functools import partial
from typing import Any

from k8slearn.api.objects import Object, dig
from k8slearn.cluster import Cluster, Component
from k8slearn.node import HOLLOW, Kubelet
from k8slearn.scheduler import Scheduler
from k8slearn.sim import Simulation
from tests.fakes import named, pod


def cluster(
    *kubelets: dict[str, Any], components: Any = (Scheduler,), policy: Any = "prompt", seed: int = 0
) -> Simulation:
    """One node for each dict of options."""
    machines: list[Component] = [
        partial(Kubelet, f"node-{i}", stages=HOLLOW, **k) for i, k in enumerate(kubelets)
    ]
    return Simulation(Cluster(machines, components=components), policy=policy, seed=seed)


def asking(name: str, cpu: str = "1", memory: str = "1Gi", image: str = "app:1", **spec: Any) -> Object:
    container = {"name": "c", "image": image, "resources": {"requests": {"cpu": cpu, "memory": memory}}}
    return pod(name, containers=[container], **spec)


def node(name: str, cpu: str = "4", pods: str = "110", labels: Any = None, **spec: Any) -> Object:
    """A node without a kubelet."""
    have = {"cpu": cpu, "memory": "16Gi", "pods": pods}
    labels = {"kubernetes.io/hostname": name, **(labels or {})}
    status = {"allocatable": have, "capacity": have}
    return named("Node", name, namespace="", metadata={"labels": labels}, spec=spec, status=status)


def get(sim: Simulation, name: str) -> Object:
    return sim.client.get("pods", f"default/{name}")


def node_of(sim: Simulation, name: str) -> str | None:
    return dig(get(sim, name), "spec", "nodeName")


def message(sim: Simulation, name: str, reason: str = "Unschedulable") -> str:
    scheduled = next(c for c in get(sim, name)["status"]["conditions"] if c["type"] == "PodScheduled")
    assert (scheduled["status"], scheduled["reason"]) == ("False", reason)
    return scheduled["message"]


def events(sim: Simulation, name: str) -> list[tuple[str, str, str, int]]:
    """(type, reason, message, count) of what schedulers have said of the pod."""
    found = [e for e in sim.client.list("events") if e["involvedObject"]["name"] == name]
    found = [e for e in found if not e["source"]["component"].startswith("kubelet")]
    return [(e["type"], e["reason"], e["message"], e["count"]) for e in found]


def scheduler(sim: Simulation) -> Scheduler:
    return sim.manager.players["default-scheduler"]  # type: ignore[return-value]


def story(sim: Simulation, since: int = 0) -> str:
    """What happened, step by step, without deliveries that changed nothing."""
    return "\n".join(line for line in sim.trace.text().splitlines()[since:])
