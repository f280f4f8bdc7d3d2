"""So many volumes of a driver can be attached to a node, and no more: its CSINode says how many.

Kubernetes: pkg/scheduler/framework/plugins/nodevolumelimits (csi.go)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from k8slearn.api.objects import Object, dig, key_of
from k8slearn.scheduler.events import ROOM
from k8slearn.scheduler.framework import CycleState, Plugin, Reasons
from k8slearn.scheduler.handle import Handle
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo
from k8slearn.scheduler.volumes import CLAIMS, CLASSES, VOLUMES, claims_in, class_of, has_claims

CSI_NODES = "csinodes"
Attached = set[tuple[str, str]]  # driver, and what the driver calls the volume


class NodeVolumeLimits(Plugin):
    name = "NodeVolumeLimits"
    needs = (CLAIMS, VOLUMES, CLASSES, CSI_NODES)
    events = (*ROOM, "CSINode/Add", "CSINode/Update", "PersistentVolumeClaim/Add")

    def looks_at(self, pod: PodInfo, handle: Any) -> Any:
        return None if has_claims(pod) else ()

    def pre_filter(self, pod: PodInfo, state: CycleState) -> None:
        """The volumes that the pod would have attached."""
        state.filtering = attached(pod, state.handle) if has_claims(pod) else set()

    def filter(self, pod: PodInfo, node: NodeInfo, state: CycleState) -> Reasons:
        limits = _limits(state.handle.get(CSI_NODES, node.name)) if state.filtering else {}
        if not limits:
            return None
        there: Attached = set().union(*(attached(p, state.handle) for p in node.pods.values()))
        more = Counter(driver for driver, _ in state.filtering - there)
        count = Counter(driver for driver, _ in there)
        if any(driver in limits and count[driver] + n > limits[driver] for driver, n in more.items()):
            return "node(s) exceed max volume count"
        return None

    def helped_by_preemption(self, pod: PodInfo, node: NodeInfo, reasons: Sequence[str] = ()) -> bool:
        return True


def attached(pod: PodInfo, handle: Handle) -> Attached:
    """Those of a driver; one that is still to be made goes by the name of its claim."""
    found: Attached = set()
    for claim in claims_in(pod, handle) if has_claims(pod) else ():
        volume = handle.get(VOLUMES, dig(claim, "spec", "volumeName", default=""))
        if volume is not None:
            csi = dig(volume, "spec", "csi")
            found |= {(csi["driver"], csi["volumeHandle"])} if csi else set()
        else:
            provisioner = dig(class_of(claim, handle), "provisioner", default="")
            found |= {(provisioner, key_of(claim))} if provisioner else set()
    return found


def _limits(csi_node: Object | None) -> dict[str, int]:
    drivers = dig(csi_node, "spec", "drivers", default=())
    limits = {d["name"]: dig(d, "allocatable", "count") for d in drivers}
    return {driver: count for driver, count in limits.items() if count is not None}
