"""What tests of the core share: a clock to turn by hand, small objects, and a world in place of the machines.

`Minder` stands for the scheduler and every kubelet at once, so that a controller can be watched without them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from k8slearn.api.clock import Dice, timestamp
from k8slearn.api.objects import Object, dig, is_deleting
from k8slearn.apiserver import ApiServer
from k8slearn.client import Client
from k8slearn.cluster import CONTROL_PLANE, Cluster, Component
from k8slearn.machinery import Controller, Done
from k8slearn.node import HOLLOW, Kubelet
from k8slearn.sim import Simulation


class Clock:
    """Implements k8slearn.api.clock.Clock; stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.step = 0


def server(clock: Clock | None = None, seed: int = 0) -> ApiServer:
    """An API server alone, with the namespaces that every cluster has."""
    return Cluster(0, components=()).server(clock or Clock(), Dice(seed))


def client(clock: Clock | None = None) -> Client:
    return Client(server(clock))


# --- objects ---------------------------------------------------------------------------------


def named(kind: str, name: str, api_version: str = "v1", namespace: str = "default", **rest: Any) -> Object:
    """An object; what is given as `metadata` is added to its name and namespace."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **rest.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def configmap(name: str = "settings", **rest: Any) -> Object:
    return named("ConfigMap", name, **rest)


def namespace(name: str) -> Object:
    return named("Namespace", name, namespace="")


def pod(
    name: str = "web", *, labels: dict[str, str] | None = None, metadata: Any = None, **spec: Any
) -> Object:
    spec = {"containers": [{"name": "c", "image": "app:1"}], **spec}
    return named("Pod", name, metadata={"labels": labels or {"app": name}, **(metadata or {})}, spec=spec)


def template(labels: dict[str, str], image: str = "app:1", **spec: Any) -> Object:
    return {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}], **spec}}


def replicaset(name: str = "web", replicas: int = 3, **spec: Any) -> Object:
    labels = {"app": name}
    body = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template(labels), **spec}
    return named("ReplicaSet", name, "apps/v1", spec=body)


def deployment(name: str = "web", replicas: int = 3, image: str = "app:1", **spec: Any) -> Object:
    labels = {"app": name}
    body = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": template(labels, image),
        **spec,
    }
    return named("Deployment", name, "apps/v1", spec=body)


def rolling(surge: int | str, unavailable: int | str) -> Object:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


def service(name: str = "web", port: int | str = 80, **spec: Any) -> Object:
    body = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": port}], **spec}
    return named("Service", name, spec=body)


# --- a world ---------------------------------------------------------------------------------


class Minder(Controller):
    """Puts every pod on one machine, makes it ready, and lets it go when it is deleted."""

    name = "minder"
    room = "node"
    primary = "pods"

    def reconcile(self, key: str) -> Done | None:
        pod = self.cache.get("pods", key)
        if pod is None:
            return None
        if is_deleting(pod):
            self.client.delete(pod, gracePeriodSeconds=0, preconditions={"uid": pod["metadata"]["uid"]})
        elif not dig(pod, "spec", "nodeName"):
            self.client.bind(pod, "somewhere")
        elif dig(pod, "status", "phase") == "Pending":
            self.client.update_status(pod, **running(self.clock.now, ready=pod_may_be_ready(pod)))
        return None


def pod_may_be_ready(pod: Object) -> bool:
    return pod["spec"]["containers"][0]["image"] != "broken"


def running(now: float, *, ready: bool = True, address: str = "10.0.0.1") -> dict[str, Any]:
    """The status of a pod that runs, and whether it is ready."""
    since = {"status": "True" if ready else "False", "lastTransitionTime": timestamp(now)}
    return {"phase": "Running", "podIP": address, "conditions": [{"type": "Ready", **since}]}


def world(*components: Component, policy: str = "prompt", seed: int = 0, minded: bool = True) -> Simulation:
    """A simulation of these components alone, with a `Minder` in place of scheduler and machines."""
    everyone = [*components, Minder] if minded else [*components]
    return Simulation(Cluster(0, components=everyone), policy=policy, seed=seed)


def hollow(nodes: int = 2, *, policy: str = "prompt", seed: int = 0, **rest: Any) -> Simulation:
    """The whole control plane, with kubelets that have nothing to wait for."""
    machines = [partial(Kubelet, f"node-{i}", stages=HOLLOW) for i in range(nodes)]
    return Simulation(Cluster(machines, components=CONTROL_PLANE, **rest), policy=policy, seed=seed)


# --- looking ---------------------------------------------------------------------------------


def objects(sim: Simulation, resource: str) -> list[Object]:
    return list(sim.state().get(resource, {}).values())


def names(found: Iterable[Object]) -> list[str]:
    return sorted(o["metadata"]["name"] for o in found)


def condition(obj: Object, kind: str) -> Object:
    """A condition of the status; {} when it is not there."""
    return next((c for c in dig(obj, "status", "conditions", default=[]) if c["type"] == kind), {})


def writes(sim: Simulation, resource: str, verb: str = "create") -> list[str]:
    """The keys that steps of this history have written."""
    return [
        c.key
        for s in sim.trace
        for c in s.writes
        if (c.resource, c.verb, c.subresource) == (resource, verb, "")
    ]
