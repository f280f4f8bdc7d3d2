"""The half of a kubelet that speaks for the machine: registers its Node, reports on it, renews its lease.

Kubernetes: pkg/kubelet/kubelet_node_status.go, component-helpers/apimachinery/lease/controller.go
"""

from __future__ import annotations

from k8slearn.api.clock import micro_timestamp
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Object, labels_of
from k8slearn.api.users import User
from k8slearn.machinery import Controller, Done
from k8slearn.node import addresses, registration

HEARTBEAT = 10.0  # seconds between renewals of the lease: a quarter of its duration
REPORT = 300.0  # after so long, an unchanged status is written all the same: nodeStatusReportFrequency


class Heartbeat(Controller):
    room = "node"
    WIRING = Controller.WIRING | {"machine", "number"}

    machine: registration.Machine
    number: int

    def setup(self) -> None:
        self.client.user = User.called(f"system:node:{self.machine.name}")
        self.number = addresses.number_of(self.machine.name, self.dice)
        self.registered = False
        self.reported_at = 0.0
        self.queue.add(self.machine.name)  # the key that stands for the machine itself

    def beat(self) -> Done:
        booting = not self.registered
        node = self._node()
        if node is not None:
            self.notice_button(node, booting=booting)
            self._report_machine(node)
            self._renew(node)
        return Done(again_in=HEARTBEAT, background=True)

    def _node(self) -> Object | None:
        """Our Node object. A kubelet registers when it starts; a Node that is deleted later stays away."""
        try:
            node = self.client.get("nodes", self.machine.name)
        except NotFound:
            if self.registered:
                return None
            cidr = f"{addresses.pod_range(self.number)}.0/24"
            node = self.client.create(registration.new_node(self.machine, cidr))
        if not self.registered and not self.machine.labels.items() <= labels_of(node).items():
            node = self.client.patch(node, patch={"metadata": {"labels": dict(self.machine.labels)}})
        self.registered = True
        return node

    def _report_machine(self, node: Object) -> None:
        old, now = node.get("status") or {}, self.clock.now
        address = addresses.node_address(self.number)
        due = now - self.reported_at >= REPORT
        more = self.more_to_tell(due=due)
        status = registration.node_status(self.machine, address, old, now, self.health(), more)
        if registration.says_the_same(status, old) and not due:
            return
        self.client.update_status({**node, "status": status})
        self.reported_at = now

    def _renew(self, node: Object) -> None:
        key = f"{registration.LEASE_NAMESPACE}/{self.machine.name}"
        try:
            self.client.patch("leases", key, patch={"spec": {"renewTime": micro_timestamp(self.clock.now)}})
        except NotFound:
            self.client.create(registration.lease(node, self.clock.now))

    def report_now(self) -> None:
        """Something about the machine has changed that cannot wait for the next beat."""
        self._report_machine(self.client.get("nodes", self.machine.name))

    # --- what the rest of a kubelet adds ---

    def health(self) -> registration.Health:
        """The conditions of the node."""
        return registration.HEALTH

    def notice_button(self, node: Object, *, booting: bool) -> None:
        """The node has been read: is there anything in it that people want of the machine?"""

    def more_to_tell(self, *, due: bool) -> Object:
        """More fields of the node's status. What can wait is told when the regular report is `due`."""
        return {}
