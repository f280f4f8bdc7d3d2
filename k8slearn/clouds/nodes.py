"""What a cloud knows of its machines comes into their Nodes, and a Node whose machine is gone, goes.

A kubelet in a cloud registers with a taint that keeps pods away, until the cloud has said what machine this is.

Kubernetes: k8s.io/cloud-provider/controllers/node/node_controller.go, .../nodelifecycle/node_lifecycle_controller.go
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, Object, dig, edit, labels_of, name_of, uid_of
from k8slearn.api.taints import taints_of
from k8slearn.clouds.machines import Machine, Machines
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

UNINITIALIZED = {
    "key": "node.cloudprovider.kubernetes.io/uninitialized",
    "value": "true",
    "effect": "NoSchedule",
}
MONITOR: Key = "*"
PERIOD = 5.0  # seconds: --node-monitor-period


class CloudNodeController(Controller):
    name = "cloud-node-controller"
    room = "controllers"
    primary = "nodes"
    outside = ("machines",)

    def __init__(self, machines: Machines, cloud: str, region: str) -> None:
        self.machines, self.cloud, self.region = machines, cloud, region

    def reconcile(self, key: Key) -> Done | None:
        node = self.cache.get("nodes", key)
        if node is None or UNINITIALIZED["key"] not in [t["key"] for t in taints_of(node)]:
            return None
        machine = next((m for m in self.machines.list() if m["name"] == key), None)
        if machine is None:
            raise LookupError(f"failed to get instance metadata for node {key}: instance not found")
        self.client.update(self._initialized(node, machine))
        self.events.normal(node, "Synced", "Node synced successfully")
        return None

    def _initialized(self, node: Object, machine: Machine) -> Object:
        changed = edit(node)
        changed["spec"].setdefault("providerID", f"{self.cloud}://{machine['zone']}/{machine['id']}")
        taints = [t for t in taints_of(node) if t["key"] != UNINITIALIZED["key"]]
        changed["spec"]["taints"] = taints
        changed["metadata"]["labels"] = {**labels_of(node), **self._labels(machine)}
        return changed

    def _labels(self, machine: Machine) -> dict[str, str]:
        """The old names are still written, for those who still read them."""
        kind, zone, region = machine["kind"], machine["zone"], self.region
        return {
            "beta.kubernetes.io/instance-type": kind,
            "failure-domain.beta.kubernetes.io/region": region,
            "failure-domain.beta.kubernetes.io/zone": zone,
            "node.kubernetes.io/instance-type": kind,
            "topology.kubernetes.io/region": region,
            "topology.kubernetes.io/zone": zone,
        }


class CloudNodeLifecycleController(Controller):
    """Only asks about nodes that are not ready: who gives signs of life is there."""

    name = "cloud-node-lifecycle-controller"
    room = "controllers"
    primary = "nodes"
    outside = ("machines",)

    def __init__(self, machines: Machines) -> None:
        self.machines = machines

    def setup(self) -> None:
        self.queue.add(MONITOR)

    def keys_for(self, change: Change) -> Iterable[Key]:
        return []

    def reconcile(self, key: Key) -> Done | None:
        doubtful = [n for n in self.cache.list("nodes") if dig(n, "spec", "providerID") and not is_ready(n)]
        there = {m["id"] for m in self.machines.list()} if doubtful else set()
        for node in doubtful:
            if node["spec"]["providerID"].rpartition("/")[2] not in there:
                self._delete(node)
        return Done(again_in=PERIOD, background=True)

    def _delete(self, node: Object) -> None:
        name = name_of(node)
        text = f"Deleting node {name} because it does not exist in the cloud provider"
        self.events.normal(node, "DeletingNode", text)
        with suppress(NotFound):
            self.client.delete(node, preconditions={"uid": uid_of(node)})


def is_ready(node: Object) -> bool:
    conditions = dig(node, "status", "conditions", default=[])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
