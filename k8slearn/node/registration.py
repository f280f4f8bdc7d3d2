"""What a kubelet says about its machine: the Node object, and the lease that is its heartbeat.

Two signals on purpose: the Node is large and written when something changes (or every five minutes), the
Lease is tiny and renewed every ten seconds, so that ten thousand living nodes cost little.

Kubernetes: pkg/kubelet/kubelet_node_status.go, pkg/kubelet/nodestatus/setters.go,
component-helpers/apimachinery/lease/controller.go
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from k8slearn.api.clock import micro_timestamp, timestamp
from k8slearn.api.objects import Object, dig, name_of, owner_reference

LEASE_SECONDS = 40  # after so long without renewal a holder counts as gone
LEASE_NAMESPACE = "kube-node-lease"
VERSION = "v1.36.2"

#: type -> status, reason, message of a healthy machine
HEALTH = {
    "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    "Ready": ("True", "KubeletReady", "kubelet is posting ready status"),
}


class Pressure(NamedTuple):
    """What is said of a machine that is short of something."""

    reason: str
    message: str
    event: str
    event_of_the_end: str


PRESSURE = {
    "MemoryPressure": Pressure(
        "KubeletHasInsufficientMemory",
        "kubelet has insufficient memory available",
        "NodeHasInsufficientMemory",
        "NodeHasSufficientMemory",
    ),
    "DiskPressure": Pressure(
        "KubeletHasDiskPressure", "kubelet has disk pressure", "NodeHasDiskPressure", "NodeHasNoDiskPressure"
    ),
    "PIDPressure": Pressure(
        "KubeletHasInsufficientPID",
        "kubelet has insufficient PID available",
        "NodeHasInsufficientPID",
        "NodeHasSufficientPID",
    ),
}

Health = Mapping[str, tuple[str, str, str]]


class Machine(NamedTuple):
    """The hardware, and what its owner wants said about it."""

    name: str
    capacity: Mapping[str, str]
    labels: Mapping[str, str]
    taints: tuple[Object, ...] = ()


def machine(
    name: str, capacity: Mapping[str, Any], labels: Mapping[str, str], taints: Iterable[Object]
) -> Machine:
    given = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return Machine(name, {k: str(v) for k, v in capacity.items()}, {**given, **labels}, tuple(taints))


def new_node(m: Machine, pod_cidr: str) -> Object:
    """The Node as it is first registered."""
    spec: dict[str, Any] = {"podCIDR": pod_cidr, "podCIDRs": [pod_cidr]}
    if m.taints:
        spec["taints"] = [dict(t) for t in m.taints]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": m.name, "labels": dict(m.labels)},
        "spec": spec,
    }


def node_status(
    m: Machine, address: str, old: Object, now: float, health: Health, told: Mapping[str, Any]
) -> Object:
    """The Node's status now. Conditions that others have added are kept; `told` is what else there is to tell."""
    return {
        **old,
        "capacity": dict(m.capacity),
        "allocatable": dict(m.capacity),
        "conditions": _conditions(dig(old, "conditions", default=[]), health, timestamp(now)),
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": m.name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": _system(m),
        **told,
    }


def _system(m: Machine) -> Object:
    serial = sha256(m.name.encode()).hexdigest()[:32]
    return {
        "architecture": m.labels["kubernetes.io/arch"],
        "operatingSystem": m.labels["kubernetes.io/os"],
        "osImage": "simulated",
        "kernelVersion": "simulated",
        "kubeletVersion": VERSION,
        "kubeProxyVersion": "",
        "containerRuntimeVersion": "k8slearn://0",
        "machineID": serial,
        "systemUUID": serial,
        "bootID": serial,
    }


def _conditions(old: list[Object], health: Health, now: str) -> list[Object]:
    known = {c["type"]: c for c in old}
    mine = []
    for kind, (status, reason, message) in health.items():
        before = known.pop(kind, None)
        since = before["lastTransitionTime"] if before and before["status"] == status else now
        condition = {"type": kind, "status": status, "lastHeartbeatTime": now, "lastTransitionTime": since}
        mine.append({**condition, "reason": reason, "message": message})
    return [*mine, *known.values()]


def says_the_same(a: Object, b: Object) -> bool:
    """Do two node statuses differ in more than the time of the heartbeat?"""
    return _without_heartbeat(a) == _without_heartbeat(b)


def _without_heartbeat(status: Object) -> Object:
    quiet = [{**c, "lastHeartbeatTime": 0} for c in dig(status, "conditions", default=[])]
    return {**status, "conditions": quiet}


def lease(node: Object, now: float) -> Object:
    """A node's heartbeat. It belongs to the Node, so that it goes with it."""
    owner = owner_reference(node, controller=False)
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name_of(node), "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]},
        "spec": {
            "holderIdentity": name_of(node),
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": micro_timestamp(now),
        },
    }
