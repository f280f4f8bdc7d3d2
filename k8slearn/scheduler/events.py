"""What happens in a cluster, as far as it may help a pod that waits.

A pod is refused by certain plugins, and each plugin knows what could change its mind: `events` is a list of such as
``Node/Add``, and ``helps(pod, event, handle)`` takes a closer look. A pod is tried again when one of those who have
refused it says so. A plugin without `events` might be helped by anything.

Kubernetes: pkg/scheduler/framework/events.go; EnqueueExtensions and QueueingHintFn of framework/interface.go
"""

from __future__ import annotations

from typing import NamedTuple

from k8slearn.api.objects import Object, dig, name_of

NODE, ASSIGNED = "Node", "AssignedPod"
ADD, UPDATE, DELETE = "Add", "Update", "Delete"

NODES = (f"{NODE}/{ADD}", f"{NODE}/{UPDATE}")  # what helps whoever looks at the node alone
ROOM = (*NODES, f"{ASSIGNED}/{DELETE}")  # ... and who looks at what is on it
PODS = (*ROOM, f"{ASSIGNED}/{ADD}", f"{ASSIGNED}/{UPDATE}")  # ... and at pods elsewhere

#: The names under which volumes are known here. Pods that use any share what is known of them with nobody.
VOLUMES = {
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "persistentvolumes": "PersistentVolume",
    "storageclasses": "StorageClass",
    "csinodes": "CSINode",
}
#: What is looked at, but never helps a pod that waits.
LOOKED_AT = frozenset(
    "namespaces services replicasets statefulsets replicationcontrollers poddisruptionbudgets".split()
)


class ClusterEvent(NamedTuple):
    """Something has changed."""

    resource: str  # Node, AssignedPod, PersistentVolumeClaim, ...
    action: str
    old: Object | None
    new: Object | None

    @property
    def label(self) -> str:
        return f"{self.resource}/{self.action}"

    @property
    def object(self) -> Object:
        return self.new if self.new is not None else self.old  # type: ignore[return-value]

    @property
    def node(self) -> str:
        """The node that this is about; "" when it is about none."""
        if self.resource == NODE:
            return name_of(self.object)
        return dig(self.object, "spec", "nodeName", default="") if self.resource == ASSIGNED else ""


def event(resource: str, old: Object | None, new: Object | None) -> ClusterEvent:
    action = ADD if old is None else DELETE if new is None else UPDATE
    return ClusterEvent(resource, action, old, new)
