"""How a machine goes down in good order: it says so, then stops its pods, the critical ones last.

Somebody presses its button: an annotation on the Node, which the kubelet reads with its next heartbeat. A machine that
is off does nothing any more, until its kubelet is started again.

Kubernetes: pkg/kubelet/nodeshutdown/nodeshutdown_manager_linux.go (there systemd tells)
"""

from __future__ import annotations

from k8slearn.api.objects import Object, annotations_of, dig
from k8slearn.node import registration
from k8slearn.node.admission import is_critical
from k8slearn.node.guard import Guard
from k8slearn.node.life import FINAL, Doom

MESSAGE = "Pod was terminated in response to imminent node shutdown."
BUTTON = "fake/shutdown"


class Shutdown(Guard):
    WIRING = Guard.WIRING | {"shutdown_grace"}

    #: seconds for all pods, and how many of them are kept for critical ones.
    #: Kubernetes: shutdownGracePeriod, shutdownGracePeriodCriticalPods
    shutdown_grace: tuple[float, float]

    def notice_button(self, node: Object, *, booting: bool) -> None:
        if not annotations_of(node).get(BUTTON) or self.down_at is not None:
            return
        if booting:
            self.client.patch("nodes", self.machine.name, patch={"metadata": {"annotations": {BUTTON: None}}})
        else:
            self._go_down()

    def _go_down(self) -> None:
        """Kubernetes: ProcessShutdownEvent"""
        total, critical = self.shutdown_grace
        self.down_at = self.clock.now + total
        self.events.normal(
            self._me(), "NodeNotReady", f"Node {self.machine.name} status is now: NodeNotReady"
        )
        self.events.normal(self._me(), "Shutdown", "Shutdown manager detected shutdown event")
        self._stop_pods(critical=False, grace=total - critical)
        self.queue.add_after(self.machine.name, total - critical)

    def goes_down(self) -> bool:
        """What is due on the way down. Returns whether that is over, and the machine is off."""
        if self.down_at is None:
            return False
        now, (_, critical) = self.clock.now, self.shutdown_grace
        if now >= self.down_at - critical:
            self._stop_pods(critical=True, grace=critical)
        return now >= self.down_at

    @property
    def is_off(self) -> bool:
        """Pods that are stopped in the very last second are still reported."""
        return self.down_at is not None and self.clock.now > self.down_at

    def _stop_pods(self, *, critical: bool, grace: float) -> None:
        for run in [*self.runs.values()]:
            over = run.doom is not None or dig(run.latest, "status", "phase") in FINAL
            if not over and is_critical(run.latest) == critical:
                own = float(dig(run.latest, "spec", "terminationGracePeriodSeconds", default=30))
                doom = Doom("Terminated", MESSAGE, self.clock.now, min(own, grace), disrupted=True)
                self.condemn(run, doom)

    def health(self) -> registration.Health:
        if self.down_at is None:
            return super().health()
        return {**super().health(), "Ready": ("False", "KubeletNotReady", "node is shutting down")}
