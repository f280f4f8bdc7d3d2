"""More machines when pods find no room, fewer when machines have long been empty.

Both follow from a look every ten seconds at the pods that the scheduler has given up on, the nodes, and the pools.
A pool is told a number, so asking twice does no harm; and nothing is remembered but since when a node has been empty,
which a successor may well count from anew.

Kubernetes: github.com/kubernetes/autoscaler/cluster-autoscaler
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from k8slearn.api.objects import Key, Object, controller_of, dig, is_deleting, name_of, uid_of
from k8slearn.api.taints import taints_of
from k8slearn.clouds.fitting import Rooms, machines_needed, misfit, template
from k8slearn.clouds.machines import Machines
from k8slearn.clouds.nodes import UNINITIALIZED, is_ready
from k8slearn.clouds.service import LEAVING
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

LOOK: Key = "*"
SCAN = 10.0  # seconds: --scan-interval
UNNEEDED = 600.0  # --scale-down-unneeded-time, and --scale-down-delay-after-add


class ClusterAutoscaler(Controller):
    name = "cluster-autoscaler"
    room = "controllers"
    watches = ("pods", "nodes")
    outside = ("machines",)

    def __init__(self, machines: Machines, zones: tuple[str, ...], region: str) -> None:
        self.machines, self.zones, self.region = machines, zones, region

    def setup(self) -> None:
        self.empty_since: dict[str, float] = {}  # nodes without pods
        self.told: dict[str, str] = {}  # uid of a pod -> why there is no machine for it
        self.grown_at = -UNNEEDED
        self.queue.add(LOOK)

    def keys_for(self, change: Change) -> Iterable[Key]:
        """A pod that finds no room does not have to wait for the regular look."""
        return [LOOK] if change.new is not None and _is_stuck(change.new) else []

    def reconcile(self, key: Key) -> Done | None:
        ready = [n for n in self.cache.list("nodes") if _is_usable(n)]
        stuck = self._without_room(ready)
        pools = self.machines.get()
        coming = self._coming(pools)
        if stuck:
            self._grow(stuck, pools, coming)
        self._shrink(pools, stuck)
        booting = any(m["ready_at"] > self.clock.now for m in self.machines.list())
        return Done(again_in=SCAN, background=not booting)

    def _without_room(self, ready: list[Object]) -> list[Object]:
        """The pods that the scheduler has given up on, but for those that it only has to look at once more."""
        rooms = Rooms()
        for node in ready:
            rooms.add(node, self.cache.by("node", "pods", name_of(node)))
        return [p for p in self.cache.list("pods") if _is_stuck(p) and not rooms.place(p)]

    def _coming(self, pools: dict[str, dict[str, Any]]) -> Counter[str]:
        """Of each pool, the machines that have never been here: they will take some of the pods."""
        names = {name_of(n) for n in self.cache.list("nodes") if not _has_taint(n, UNINITIALIZED["key"])}
        there = Counter(m["pool"] for m in self.machines.list() if m["name"] in names)
        return Counter({name: max(row["size"] - there[name], 0) for name, row in pools.items()})

    # --- more ---

    def _grow(self, stuck: list[Object], pools: dict[str, dict[str, Any]], coming: Counter[str]) -> None:
        """The cheapest pool that helps gets as many machines as it takes."""
        for name, row in sorted(pools.items(), key=lambda item: (item[1]["price"], item[0])):
            like = template(row, self.region, self.zones)
            helped = [p for p in stuck if not misfit(p, like)]
            wanted = machines_needed(helped, like, coming[name])
            size = min(row["size"] + wanted, row["most"])
            if helped and (size > row["size"] or not wanted):
                if wanted:
                    self._resize(name, row, size, helped)
                return
        for pod in stuck:
            self._tell_why_not(pod, pools)

    def _resize(self, pool: str, row: dict[str, Any], size: int, helped: list[Object]) -> None:
        self.machines.resize(pool, size, now=self.clock.now)
        self.grown_at = self.clock.now
        text = f"pod triggered scale-up: [{{{pool} {row['size']}->{size} (max: {row['most']})}}]"
        for pod in helped:
            self.events.normal(pod, "TriggeredScaleUp", text)

    def _tell_why_not(self, pod: Object, pools: dict[str, dict[str, Any]]) -> None:
        """Of each pool, why it does not help; said again only when it is something else."""
        full = "max node group size reached"
        why = Counter(misfit(pod, template(row, self.region, self.zones)) or full for row in pools.values())
        text = f"pod didn't trigger scale-up: {', '.join(f'{n} {w}' for w, n in sorted(why.items()))}"
        if self.told.get(uid_of(pod)) != text:
            self.told[uid_of(pod)] = text
            self.events.normal(pod, "NotTriggerScaleUp", text)

    # --- fewer ---

    def _shrink(self, pools: dict[str, dict[str, Any]], stuck: list[Object]) -> None:
        """One look, at most one machine less: the emptiest for the longest time."""
        self._note_empty()
        self.told = {u: t for u, t in self.told.items() if u in {uid_of(p) for p in stuck}}
        if stuck or self.clock.now < self.grown_at + UNNEEDED:
            return
        machines = {m["name"]: m for m in self.machines.list()}
        for name, since in self.empty_since.items():
            machine = machines.get(name)
            if machine is None or self.clock.now < since + UNNEEDED:
                continue
            row = pools[machine["pool"]]
            if row["size"] > row["least"]:
                self._take_away(name, machine["id"])
                return

    def _note_empty(self) -> None:
        busy = {dig(p, "spec", "nodeName") for p in self.cache.list("pods") if _counts(p)}
        empty = [n for n in self.cache.list("nodes") if name_of(n) not in busy]
        since = {name_of(n): self.clock.now - UNNEEDED * _has_taint(n, LEAVING) for n in empty}
        self.empty_since = {name: self.empty_since.get(name, at) for name, at in since.items()}

    def _take_away(self, name: str, machine: str) -> None:
        """First nobody new, then off. Whoever comes after one who died in between finds the taint, and goes on."""
        node = self.client.get("nodes", name)
        if any(_counts(p) for p in self.client.list("pods", fields=f"spec.nodeName={name}")):
            return  # our cache did not know
        if not _has_taint(node, LEAVING):
            mark = {"key": LEAVING, "value": str(int(self.clock.now)), "effect": "NoSchedule"}
            node["spec"]["taints"] = [*taints_of(node), mark]
            node = self.client.update(node)
            text = "marked the node as toBeDeleted/unschedulable"
            self.events.normal(node, "ScaleDown", text)
        self.machines.terminate(machine)
        self.events.normal(node, "ScaleDown", "node removed by cluster autoscaler")


def _is_stuck(pod: Object) -> bool:
    """The scheduler has looked for a node and found none."""
    if dig(pod, "spec", "nodeName") or is_deleting(pod):
        return False
    conditions = dig(pod, "status", "conditions", default=[])
    return any(c["type"] == "PodScheduled" and c.get("reason") == "Unschedulable" for c in conditions)


def _is_usable(node: Object) -> bool:
    return is_ready(node) and not _has_taint(node, UNINITIALIZED["key"])


def _has_taint(node: Object, key: str) -> bool:
    return any(t["key"] == key for t in taints_of(node))


def _counts(pod: Object) -> bool:
    """Does it keep its node from being empty? What runs on every node, and what is over, does not."""
    over = dig(pod, "status", "phase") in ("Succeeded", "Failed")
    return not over and dig(controller_of(pod), "kind") != "DaemonSet"
