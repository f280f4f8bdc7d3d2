"""Notices when a machine falls silent, and marks its Node so that others can act on it.

Every five seconds it looks at the leases. A node that has not renewed its own for fifty seconds is not known
to be dead: it is *unknown*, and every condition is set to that. Taints follow from conditions; whom they
drive away is for the scheduler and the taint eviction controller to read there.

The taint against new pods is there at once. The one that drives pods away comes at the next look, for one
node in ten seconds at most; and when no node at all is ready, the fault is more likely on this side: then
nobody is driven away.

Kubernetes: pkg/controller/nodelifecycle/node_lifecycle_controller.go (its zones are one zone here)
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api.clock import seconds_of, timestamp
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, Object, dig, edit, key_of, name_of
from k8slearn.api.taints import NO_EXECUTE, taints_of
from k8slearn.controllers import nodetaints
from k8slearn.controllers.nodetaints import READY_TAINTS
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
        """Bring the taints in line with the conditions and with what was decided."""
        name = name_of(node)
        taints = nodetaints.in_line(node, self.evicting.get(name), timestamp(self.clock.now))
        if taints != taints_of(node):
            changed = edit(node)
            changed.setdefault("spec", {})["taints"] = taints
            self.client.update(changed)
        self.evicting.pop(name, None)

    # --- one pod ---

    def _doubt_pods_of(self, node: Object, *, lost: bool = False) -> None:
        """Have a look at each pod of a node that is `lost`, or that we have found not ready."""
        if lost or _ready(node) != "True":
            for pod in self.client.list("pods", fields=f"spec.nodeName={name_of(node)}"):
                self.queue.add(key_of(pod))

    def _mark_not_ready(self, key: Key) -> None:
        """Whether it runs, nobody knows; that it should get no traffic is certain.

        Both are asked for, not looked up: our own cache may not know yet what we have just written.
        """
        try:
            pod = self.client.get("pods", key)
            node = self.client.get("nodes", pod["spec"]["nodeName"])
        except NotFound:
            return
        ready = condition(pod, "Ready")
        if ready is None or ready["status"] != "True" or _ready(node) == "True":
            return
        ready.update(status="False", lastTransitionTime=timestamp(self.clock.now))
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
