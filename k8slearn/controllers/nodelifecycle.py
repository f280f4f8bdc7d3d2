"""Notices when a machine falls silent, and marks its Node so that others can act on it.

Every five seconds it looks at the leases. A node that has not renewed its own for fifty seconds is not known
to be dead: it is *unknown*, and every condition is set to that. Taints follow from conditions; whom they
drive away is for the scheduler and the taint eviction controller to read there.

| Ready is | taint                           |                                               |
|----------|---------------------------------|-----------------------------------------------|
| False    | node.kubernetes.io/not-ready    | NoSchedule at once; NoExecute at the next     |
| Unknown  | node.kubernetes.io/unreachable  | look, and slowly: one node in ten seconds     |

When no node at all is ready, the fault is more likely on this side: then nobody is evicted.

Kubernetes: pkg/controller/nodelifecycle/node_lifecycle_controller.go (its zones are one zone here)
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api.clock import seconds_of, timestamp
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, Object, dig, edit, key_of, name_of
from k8slearn.api.taints import NO_EXECUTE, NO_SCHEDULE, taints_of
from k8slearn.controllers.pods import condition
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

MONITOR = "*"  # the key of the regular look at everybody
PERIOD = 5.0  # seconds: --node-monitor-period
GRACE = 50.0  # --node-monitor-grace-period
STARTUP_GRACE = 60.0  # --node-startup-grace-period: for a node that has never said anything
EVICTION_PAUSE = 10.0  # between two nodes: 1 / --node-eviction-rate
SLOW_EVICTION_PAUSE = 100.0  # 1 / --secondary-node-eviction-rate
UNHEALTHY, LARGE = 0.55, 50  # --unhealthy-zone-threshold, --large-cluster-size-threshold

CONDITIONS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
STOPPED = ("NodeStatusUnknown", "Kubelet stopped posting node status.")
NEVER = ("NodeStatusNeverUpdated", "Kubelet never posted node status.")

READY_TAINTS = {"False": "node.kubernetes.io/not-ready", "Unknown": "node.kubernetes.io/unreachable"}
CORDONED = "node.kubernetes.io/unschedulable"
#: (condition, its status) -> the taint that says so
TAINTS = {
    **{("Ready", status): key for status, key in READY_TAINTS.items()},
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
}


class NodeLifecycleController(Controller):
    name = "node-lifecycle-controller"
    room = "controllers"
    primary = "nodes"
    watches = ("leases",)

    def setup(self) -> None:
        self.events.component = "node-controller"
        self.heard: dict[str, tuple[str, float]] = {}  # node -> its last sign of life, and when we saw it
        self.known: dict[str, Object] = {}
        self.lost: set[str] = set()  # found silent at the last look
        self.evicting: dict[str, str] = {}  # node -> the NoExecute taint it shall have ("": none)
        self.next_eviction = 0.0
        self.queue.add(MONITOR)

    def keys_for(self, change: Change) -> Iterable[Key]:
        """A changed node. Leases are only looked at, every five seconds."""
        return [name_of(change.object)] if change.resource == "nodes" else []

    def reconcile(self, key: Key) -> Done | None:
        if key == MONITOR:
            return self._monitor()
        if "/" in key:
            self._mark_not_ready(key)
            return None
        node = self.cache.get("nodes", key)
        if node is None:
            self._forget(key)
        elif key in self.lost:
            self._declare_unknown(node)
            self.lost.discard(key)
        else:
            self._taint(node)
        return None

    def _forget(self, name: str) -> None:
        self.heard.pop(name, None)
        self.evicting.pop(name, None)
        self.lost.discard(name)

    # --- the regular look ---

    def _monitor(self) -> Done:
        nodes = self.cache.list("nodes")
        self._greet(nodes)
        for node in nodes:
            self._listen(node)
            if self._is_silent(node) and not _is_unknown(node):
                self.lost.add(name_of(node))
                self.queue.add(name_of(node))
        self._decide_evictions(nodes)
        return Done(again_in=PERIOD, background=True)

    def _greet(self, nodes: list[Object]) -> None:
        """Tell who has come and who has gone since the last look."""
        now_here = {name_of(n): n for n in nodes}
        for name, node in now_here.items():
            if name not in self.known:
                text = f"Node {name} event: Registered Node {name} in Controller"
                self.events.normal(node, "RegisteredNode", text)
                self._doubt_pods_of(node)
        for name, node in self.known.items():
            if name not in now_here:
                text = f"Node {name} event: Removing Node {name} from Controller"
                self.events.normal(node, "RemovingNode", text)
        self.known = now_here

    def _listen(self, node: Object) -> None:
        """Has it given a sign of life? What counts is when *we* noticed: clocks differ."""
        name = name_of(node)
        lease = self.cache.get("leases", f"kube-node-lease/{name}")
        heartbeat = dig(condition(node, "Ready"), "lastHeartbeatTime", default="")
        sign = f"{dig(lease, 'spec', 'renewTime', default='')} {heartbeat}"
        if name not in self.heard:
            silent_since_birth = condition(node, "Ready") is None
            born = seconds_of(node["metadata"]["creationTimestamp"])
            self.heard[name] = (sign, born if silent_since_birth else self.clock.now)
        elif self.heard[name][0] != sign:
            self.heard[name] = (sign, self.clock.now)

    def _is_silent(self, node: Object) -> bool:
        _, at = self.heard.get(name_of(node), ("", self.clock.now))
        return self.clock.now > at + (STARTUP_GRACE if condition(node, "Ready") is None else GRACE)

    def _decide_evictions(self, nodes: list[Object]) -> None:
        """Which nodes get a NoExecute taint now, and which lose it."""
        pause = eviction_pause([_ready(n) == "True" for n in nodes])
        for node in nodes:
            wanted = READY_TAINTS.get(_ready(node), "") if pause else ""
            present = {t["key"] for t in taints_of(node, NO_EXECUTE)} & set(READY_TAINTS.values())
            if present == {wanted} - {""}:
                continue
            if wanted and not present and not self._may_evict(pause):
                continue
            self.evicting[name_of(node)] = wanted
            self.queue.add(name_of(node))

    def _may_evict(self, pause: float) -> bool:
        """One node at a time: a fault of the network must not empty the cluster."""
        if self.clock.now < self.next_eviction:
            return False
        self.next_eviction = self.clock.now + pause
        return True

    # --- one node ---

    def _declare_unknown(self, node: Object) -> None:
        """Write down that nothing is known of it, and have its pods marked."""
        was_ready = _ready(node) == "True"
        found = {c["type"]: c for c in dig(node, "status", "conditions", default=[])}
        for kind in CONDITIONS:
            found[kind] = self._unknown(node, kind, found.get(kind))
        self.client.update_status(node, conditions=list(found.values()))
        if was_ready:
            name = name_of(node)
            self.events.normal(node, "NodeNotReady", f"Node {name} status is now: NodeNotReady")
            self._doubt_pods_of(node, lost=True)

    def _unknown(self, node: Object, kind: str, old: Object | None) -> Object:
        if old is not None and old["status"] == "Unknown":
            return old
        reason, message = NEVER if old is None else STOPPED
        heartbeat = (old or {}).get("lastHeartbeatTime", node["metadata"]["creationTimestamp"])
        times = {"lastHeartbeatTime": heartbeat, "lastTransitionTime": timestamp(self.clock.now)}
        return {"type": kind, "status": "Unknown", **times, "reason": reason, "message": message}

    def _taint(self, node: Object) -> None:
        """Bring the taints in line: NoSchedule with the conditions, NoExecute with what was decided."""
        name, present = name_of(node), taints_of(node)
        decided = self.evicting.get(name)
        wanted = [(key, NO_SCHEDULE) for key in _schedule_taints(node)]
        if decided is None:
            wanted += [(t["key"], NO_EXECUTE) for t in present if t["effect"] == NO_EXECUTE]
        elif decided:
            wanted.append((decided, NO_EXECUTE))
        kept = [t for t in present if not _is_ours(t) or (t["key"], t["effect"]) in wanted]
        have = {(t["key"], t["effect"]) for t in kept}
        now = timestamp(self.clock.now)
        new = [{"key": k, "effect": e, "timeAdded": now} for k, e in wanted if (k, e) not in have]
        if new or kept != present:
            changed = edit(node)
            changed.setdefault("spec", {})["taints"] = kept + new
            self.client.update(changed)
        self.evicting.pop(name, None)

    # --- one pod ---

    def _doubt_pods_of(self, node: Object, *, lost: bool = False) -> None:
        """Have a look at each pod of a node that is `lost`, or that we have found not ready."""
        if lost or _ready(node) != "True":
            for pod in self.client.list("pods", fields=f"spec.nodeName={name_of(node)}"):
                self.queue.add(key_of(pod))

    def _mark_not_ready(self, key: Key) -> None:
        """Whether it runs, nobody knows; that it should get no traffic is certain."""
        try:
            pod = self.client.get("pods", key)
        except NotFound:
            return
        ready = condition(pod, "Ready")
        node = self.cache.get("nodes", dig(pod, "spec", "nodeName", default=""))
        if ready is None or ready["status"] != "True" or _ready(node) == "True":
            return
        ready |= {"status": "False", "lastTransitionTime": timestamp(self.clock.now)}
        self.client.update_status(pod)
        self.events.warning(pod, "NodeNotReady", "Node is not ready")


def eviction_pause(ready: list[bool]) -> float:
    """Seconds between the evictions of two nodes; 0: nobody is evicted. `ready`: for each node, is it?"""
    unready = len(ready) - sum(ready)
    if unready == len(ready):
        return 0.0
    if unready > 2 and unready / len(ready) >= UNHEALTHY:
        return SLOW_EVICTION_PAUSE if len(ready) > LARGE else 0.0
    return EVICTION_PAUSE


def _ready(node: Object | None) -> str:
    return dig(condition(node or {}, "Ready"), "status", default="Unknown")


def _is_unknown(node: Object) -> bool:
    found = {c["type"]: c["status"] for c in dig(node, "status", "conditions", default=[])}
    return all(found.get(kind) == "Unknown" for kind in CONDITIONS)


def _schedule_taints(node: Object) -> list[str]:
    conditions = dig(node, "status", "conditions", default=[])
    keys = [TAINTS[c["type"], c["status"]] for c in conditions if (c["type"], c["status"]) in TAINTS]
    return [*keys, CORDONED] if dig(node, "spec", "unschedulable") else keys


def _is_ours(taint: Object) -> bool:
    """Taints that follow from conditions; people's own taints are left alone."""
    if taint["effect"] == NO_EXECUTE:
        return taint["key"] in READY_TAINTS.values()
    return taint["effect"] == NO_SCHEDULE and taint["key"] in (*TAINTS.values(), CORDONED)
