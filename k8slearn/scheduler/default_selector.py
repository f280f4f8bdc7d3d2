"""Which pods are of the same kind as this one, when it does not say so itself: those of its services and its owner.

Kubernetes: pkg/scheduler/framework/plugins/helper/spread.go (DefaultSelector)
"""

from __future__ import annotations

from k8slearn.api.objects import Object, controller_of, dig
from k8slearn.api.selectors import LabelSelector, Requirement
from k8slearn.scheduler.handle import Handle
from k8slearn.scheduler.nodeinfo import PodInfo

OWNERS = {
    "ReplicaSet": "replicasets",
    "StatefulSet": "statefulsets",
    "ReplicationController": "replicationcontrollers",
}
WATCHED = ("services", *OWNERS.values())


def default_selector(pod: PodInfo, handle: Handle) -> LabelSelector:
    """An empty one when nobody speaks of the pod."""
    requirements: list[Requirement] = []
    for service in handle.list("services", pod.namespace):
        chosen = dig(service, "spec", "selector")
        selector = LabelSelector.from_set(chosen)
        if chosen and selector.matches(pod.labels):
            requirements += selector.requirements
    return LabelSelector(sorted({*requirements, *_of_owner(pod, handle).requirements}))


def _of_owner(pod: PodInfo, handle: Handle) -> LabelSelector:
    reference = controller_of(pod.object)
    owner: Object | None = None
    if reference and reference["kind"] in OWNERS:
        owner = handle.get(OWNERS[reference["kind"]], f"{pod.namespace}/{reference['name']}")
    selector = dig(owner, "spec", "selector")
    if not selector:
        return LabelSelector()
    plain = reference is not None and reference["kind"] == "ReplicationController"
    return LabelSelector.from_set(selector) if plain else LabelSelector.of(selector)
