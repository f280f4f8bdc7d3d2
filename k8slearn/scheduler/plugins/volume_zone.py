"""A volume that says in which zone it is can only be used there.

Kubernetes: pkg/scheduler/framework/plugins/volumezone
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.objects import Object, dig, key_of, labels_of
from k8slearn.scheduler.events import NODES, ClusterEvent
from k8slearn.scheduler.framework import CycleState, Plugin, Reasons
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo
from k8slearn.scheduler.volumes import CLAIMS, CLASSES, VOLUMES, claims_in, has_claims

#: Label -> what it is called nowadays.
TOPOLOGY = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region": "topology.kubernetes.io/region",
}


class VolumeZone(Plugin):
    name = "VolumeZone"
    needs = (CLAIMS, VOLUMES, CLASSES)
    events = (
        *NODES,
        "StorageClass/Add",
        "PersistentVolumeClaim/Add",
        "PersistentVolumeClaim/Update",
        "PersistentVolume/Add",
        "PersistentVolume/Update",
    )

    def looks_at(self, pod: PodInfo, handle: Any) -> Any:
        return None if has_claims(pod) else ()

    def pre_filter(self, pod: PodInfo, state: CycleState) -> Reasons:
        """What the volumes say: ``(label, the values of which the node must have one)``."""
        state.filtering = []
        if has_claims(pod):
            for claim in claims_in(pod, state.handle):
                volume = state.handle.get(VOLUMES, dig(claim, "spec", "volumeName", default=""))
                state.filtering += _places(volume)
        return None

    def filter(self, pod: PodInfo, node: NodeInfo, state: CycleState) -> Reasons:
        if not state.filtering or not any(label in node.labels for label in TOPOLOGY):
            return None  # a node that says nothing of zones is in all of them
        for label, values in state.filtering:
            if node.labels.get(label, node.labels.get(TOPOLOGY[label])) not in values:
                return "node(s) had no available volume zone"
        return None

    def helps(self, pod: PodInfo, event: ClusterEvent, handle: Any) -> bool:
        if event.resource == "PersistentVolumeClaim":
            return key_of(event.object) in {key_of(c) for c in claims_in(pod, handle)}
        return True


def _places(volume: Object | None) -> list[tuple[str, frozenset[str]]]:
    labels = labels_of(volume or {})
    return [(label, frozenset(labels[label].split("__"))) for label in TOPOLOGY if label in labels]
