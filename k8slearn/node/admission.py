"""Whom a kubelet lets in: it checks again what the scheduler has decided, since others may write spec.nodeName, too.

A pod that is refused is Failed at once, with the reason. Pure functions.

Kubernetes: pkg/kubelet/lifecycle/predicate.go, pkg/kubelet/eviction (Admit), pkg/kubelet/nodeshutdown (Admit)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from k8slearn.api.objects import Object, dig
from k8slearn.api.quantities import milli, value
from k8slearn.api.quota import pod_requests
from k8slearn.api.selectors import node_selector_matches

CRITICAL = 2_000_000_000  # priority from which on a pod is critical: SystemCriticalPriority
COUNTED = ("pods", "cpu", "memory", "ephemeral-storage")

Booked = tuple[int, ...]  # pods, milli-CPU, bytes of memory, bytes of storage, as in COUNTED


class Refusal(NamedTuple):
    reason: str
    message: str


def booked(pod: Object) -> Booked:
    """What a pod takes of a machine."""
    spec = pod["spec"]
    if spec.get("initContainers") or spec.get("overhead") or len(spec["containers"]) > 1:
        return _amounts(*pod_requests(pod).items())
    return _amounts(*dig(spec, "containers", 0, "resources", "requests", default={}).items())


@lru_cache(1024)
def _amounts(*asked: tuple[str, str]) -> Booked:
    """Thousands of pods are made from few templates."""
    found = dict(asked)
    return (1, *(amount(resource, found.get(resource, 0)) for resource in COUNTED[1:]))


@lru_cache(1024)
def amount(resource: str, quantity: str | int) -> int:
    return milli(quantity) if resource == "cpu" else value(quantity)


def is_critical(pod: Object) -> bool:
    return int(dig(pod, "spec", "priority", default=0)) >= CRITICAL


def refusal(
    pod: Object,
    asked: Booked,
    others: Iterable[Booked],
    node: Object,
    pressures: Iterable[str],
    *,
    going_down: bool,
) -> Refusal | None:
    """Why the pod may not run here, if anything is against it: the first reason counts."""
    if going_down:
        return Refusal("NodeShutdown", "Pod was rejected as the node is shutting down.")
    if pressures and _suffers(pod, pressures := sorted(pressures)):
        return Refusal("Evicted", f"The node had condition: [{' '.join(pressures)}]. ")
    capacity = dig(node, "status", "allocatable", default={})
    return next(_too_much(asked, others, capacity), None) or _elsewhere(pod, node)


def _suffers(pod: Object, pressures: Iterable[str]) -> bool:
    """Under pressure only critical pods come in; if it is only for memory, also those that ask for some of it."""
    if is_critical(pod):
        return False
    if list(pressures) != ["MemoryPressure"]:
        return True
    tolerated = dig(pod, "spec", "tolerations", default=())
    if any(t.get("key") in (None, "node.kubernetes.io/memory-pressure") for t in tolerated):
        return False
    return bool(dig(pod, "status", "qosClass") == "BestEffort")


def _too_much(asked: Booked, others: Iterable[Booked], capacity: Mapping[str, str]) -> Iterator[Refusal]:
    used = [sum(column) for column in zip(*others, strict=True)] or [0] * len(COUNTED)
    for resource, wanted, taken in zip(COUNTED, asked, used, strict=True):
        there = amount(resource, capacity.get(resource, 0))
        if wanted and wanted > there - taken:
            figures = f"{resource}, requested: {wanted}, used: {taken}, capacity: {there}"
            yield Refusal(f"OutOf{resource}", f"Node didn't have enough resource: {figures}")


def _elsewhere(pod: Object, node: Object) -> Refusal | None:
    if fits_here(pod, node):
        return None
    text = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
    return Refusal("NodeAffinity", text)


def fits_here(pod: Object, node: Object) -> bool:
    """Do its node selector and its required node affinity name this node?"""
    spec, labels = pod["spec"], dig(node, "metadata", "labels", default={})
    if not (spec.get("nodeSelector") or {}).items() <= labels.items():
        return False
    required = dig(
        spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", default=None
    )
    return required is None or node_selector_matches(required, node)
