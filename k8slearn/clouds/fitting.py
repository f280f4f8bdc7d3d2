"""Would these pods run if there were more machines? The autoscaler's own small guess at what a scheduler would do.

It counts resources, node selectors, required node affinity and taints. It knows nothing of volumes, spreading, ports,
pods that seek or shun each other, or what a DaemonSet will put on a new machine: where those matter, a machine may come
and stay empty, or too few may come at first.

Kubernetes: cluster-autoscaler/estimator/binpacking_estimator.go; there, the scheduler's own plugins are asked
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from k8slearn.api.objects import Object, dig, labels_of
from k8slearn.api.quantities import parse
from k8slearn.api.quota import pod_requests
from k8slearn.api.selectors import node_selector_matches
from k8slearn.api.taints import NO_EXECUTE, NO_SCHEDULE, is_tolerated, taints_of, tolerations_of

Room = dict[str, Fraction]  # of each resource, how much


def template(pool: dict[str, Any], region: str, zones: Iterable[str]) -> Object:
    """A Node as a new machine of this pool would be. Its zone is any of those there are: the first."""
    labels = {
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/instance-type": pool["kind"],
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": next(iter(zones), ""),
    }
    capacity = {k: pool[k] for k in ("cpu", "memory", "pods")}
    return {"metadata": {"name": "", "labels": labels}, "spec": {}, "status": {"allocatable": capacity}}


def room_of(node: Object) -> Room:
    return {name: parse(amount) for name, amount in node["status"]["allocatable"].items()}


def needs(pod: Object) -> Room:
    asked = {k.removeprefix("requests."): v for k, v in pod_requests(pod).items()}
    return {"pods": Fraction(1)} | {k: parse(v) for k, v in asked.items() if k in ("cpu", "memory")}


def misfit(pod: Object, node: Object) -> str:
    """Why the pod would not run even on an empty machine like this; "" if it would."""
    taints = taints_of(node, NO_SCHEDULE, NO_EXECUTE)
    if any(not is_tolerated(t, tolerations_of(pod)) for t in taints):
        return "node(s) had untolerated taint(s)"
    if not _is_liked(pod, node):
        return "node(s) didn't match Pod's node affinity/selector"
    room = room_of(node)
    return next((f"Insufficient {k}" for k, v in needs(pod).items() if v > room.get(k, Fraction(0))), "")


def _is_liked(pod: Object, node: Object) -> bool:
    labels = labels_of(node)
    if any(labels.get(k) != v for k, v in dig(pod, "spec", "nodeSelector", default={}).items()):
        return False
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    selector = dig(pod, "spec", "affinity", "nodeAffinity", required)
    return selector is None or node_selector_matches(selector, node)


class Rooms:
    """Machines with what is left on each. A pod is put on the first where it fits."""

    def __init__(self) -> None:
        self.rooms: list[tuple[Object, Room]] = []

    def add(self, node: Object, pods: Iterable[Object] = ()) -> None:
        """A machine, with the pods that are on it already."""
        left = room_of(node)
        for pod in pods:
            _take(left, needs(pod))
        self.rooms.append((node, left))

    def place(self, pod: Object) -> bool:
        asked = needs(pod)
        for node, left in self.rooms:
            if all(v <= left.get(k, Fraction(0)) for k, v in asked.items()) and not misfit(pod, node):
                _take(left, asked)
                return True
        return False


def _take(left: Room, asked: Room) -> None:
    for name, amount in asked.items():
        left[name] = left.get(name, Fraction(0)) - amount


def machines_needed(pods: Iterable[Object], node: Object, coming: int) -> int:
    """How many machines like `node` it takes besides the `coming` ones. Each of the pods must fit on one."""
    rooms = Rooms()
    for _ in range(coming):
        rooms.add(node)
    for pod in pods:
        if not rooms.place(pod):
            rooms.add(node, [pod])
    return len(rooms.rooms) - coming
