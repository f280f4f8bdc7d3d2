"""A disk that only one machine may write, and a claim that only one pod may use.

Kubernetes: pkg/scheduler/framework/plugins/volumerestrictions
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8slearn.api.claims import claims_of, volumes_of
from k8slearn.api.objects import Key, Object, key_of
from k8slearn.scheduler.counts import Domain
from k8slearn.scheduler.events import ROOM
from k8slearn.scheduler.framework import CycleState, Plugin, Reasons
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo
from k8slearn.scheduler.volumes import CLAIMS, claims_in, has_claims

DISK = "node(s) had no available disk"
ONE_POD = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"

#: Kinds of disks -> what makes two of them the same one, and whether both may read it.
DISKS = {
    "gcePersistentDisk": (("pdName",), True),
    "awsElasticBlockStore": (("volumeID",), False),
    "iscsi": (("iqn",), True),
    "rbd": (("pool", "image"), True),
}
USERS = "users"


class VolumeRestrictions(Plugin):
    name = "VolumeRestrictions"
    needs = (CLAIMS,)
    events = (*ROOM, "PersistentVolumeClaim/Add")

    def looks_at(self, pod: PodInfo, handle: Any) -> Any:
        return None if has_claims(pod) else _disks(pod)

    def counts(self, pod: PodInfo, node: NodeInfo, state: CycleState) -> dict[Domain, int]:
        """Pods that use a claim of this one that only one pod may use."""
        exclusive = _exclusive(pod, state) if has_claims(pod) else set()
        if not exclusive:
            return {}
        users = sum(not exclusive.isdisjoint(claims_of(p.object)) for p in node.pods.values())
        return {Domain(USERS, "", ""): users} if users else {}

    def filter(self, pod: PodInfo, node: NodeInfo, state: CycleState) -> Reasons:
        mine = _disks(pod)
        if mine and any(_clash(a, b) for p in node.pods.values() for b in _disks(p) for a in mine):
            return DISK
        return ONE_POD if state.counts.of(USERS, "", "") else None

    def helped_by_preemption(self, pod: PodInfo, node: NodeInfo, reasons: Sequence[str] = ()) -> bool:
        return True


def _exclusive(pod: PodInfo, state: CycleState) -> set[Key]:
    claims = claims_in(pod, state.handle)
    return {key_of(c) for c in claims if "ReadWriteOncePod" in c["spec"]["accessModes"]}


def _disks(pod: PodInfo) -> list[tuple[str, Object]]:
    return [(kind, v[kind]) for v in volumes_of(pod.object) for kind in DISKS if v.get(kind)]


def _clash(a: tuple[str, Object], b: tuple[str, Object]) -> bool:
    kind, disk, other = a[0], a[1], b[1]
    if kind != b[0]:
        return False
    fields, may_share = DISKS[kind]
    same = all(disk.get(f) == other.get(f) for f in fields)
    return same and not (may_share and disk.get("readOnly") and other.get("readOnly"))
