"""The part of a kubelet that keeps the books of its machine: who may come in, and who may have more.

Kubernetes: pkg/kubelet/allocation/allocation_manager.go
"""

from __future__ import annotations

from k8slearn.api.clock import timestamp
from k8slearn.api.objects import Key, Object, dig, is_deleting, uid_of
from k8slearn.node import resize
from k8slearn.node.admission import Booked, Refusal, booked, fits_here, refusal
from k8slearn.node.heartbeat import Heartbeat
from k8slearn.node.life import FINAL, NEW, Resize, Run


class Allocation(Heartbeat):
    runs: dict[Key, Run]

    def setup(self) -> None:
        super().setup()
        self.booked: dict[Key, Booked] = {}  # what the pods here may have
        self.pressure: dict[str, float] = {}  # conditions under which not everybody may come in
        self.down_at: float | None = None  # when the machine will be off: nobody may

    def _others(self, key: Key) -> list[Booked]:
        return [taken for other, taken in self.booked.items() if other != key]

    # --- who may come in ---

    def lets_in(self, key: Key, pod: Object) -> bool:
        """Has the pod been let in, now or before? One that has ended takes nothing any more."""
        if dig(pod, "status", "phase") in FINAL:
            self.release(key)
            return True
        known = self.runs.get(key)
        if known is None or known.uid != uid_of(pod):
            new = not dig(pod, "status", "startTime") and not is_deleting(pod)
            asked = booked(pod)
            why = self._refuses(key, pod, asked) if new else None
            if why is not None:
                self._reject(pod, why)
                return False
            self.booked[key] = asked
        return True

    def _refuses(self, key: Key, pod: Object, asked: Booked) -> Refusal | None:
        going_down = self.down_at is not None
        here = self._as_node()
        if not fits_here(pod, here):  # perhaps its labels have changed: the truth costs a request
            here = self.client.get("nodes", self.machine.name)
        return refusal(pod, asked, self._others(key), here, self.pressure, going_down=going_down)

    def _as_node(self) -> Object:
        metadata = {"name": self.machine.name, "labels": dict(self.machine.labels)}
        return {"metadata": metadata, "status": {"allocatable": dict(self.machine.capacity)}}

    def _reject(self, pod: Object, why: Refusal) -> None:
        """It is over before it began. Whoever made it may make another one."""
        self.events.warning(pod, why.reason, why.message)
        told = {"phase": "Failed", "reason": why.reason, "message": f"Pod was rejected: {why.message}"}
        told["startTime"] = timestamp(self.clock.now)
        self.client.update_status({**pod, "status": {**pod["status"], **told}})

    def release(self, key: Key) -> None:
        """A pod has ended or gone: somebody may have waited for its room."""
        if self.booked.pop(key, None) is not None:
            for other, run in self.runs.items():
                if run.resize is not None and run.resize.reason == "Deferred":
                    self.queue.add(other)

    # --- who may have more ---

    def allot(self, key: Key, pod: Object, run: Run) -> Run:
        """Before a pass: may the pod have what it asks for now?"""
        if pod["metadata"].get("generation", 1) == 1:
            return run  # it is as it was made
        if not resize.is_wanted(pod, run.containers):
            pending = run.resize is not None and run.resize.reason
            return run._replace(resize=None) if pending else run
        asked, generation = booked(pod), dig(pod, "metadata", "generation", default=1)
        reason, message = resize.verdict(asked, self._others(key), self.machine.capacity)
        now = Resize(reason, message, generation)
        if not reason:
            self.booked[key] = asked
        if now != run.resize:
            self._tell_resize(pod, now)
        return run._replace(resize=now)

    def _tell_resize(self, pod: Object, now: Resize) -> None:
        if not now.reason:
            self.events.normal(pod, "ResizeStarted", f"Pod resize started: {resize.summary(pod)}")
            return
        text = f"Pod resize {now.reason}: {resize.summary(pod, now.message)}"
        self.events.warning(pod, f"Resize{now.reason}", text)

    def complete(self, pod: Object, run: Run) -> Run:
        """After a pass: has everybody what was asked for?"""
        if run.resize is None or run.resize.reason or resize.is_wanted(pod, run.containers):
            return run
        stopped = [name for name, status in run.containers.items() if "running" not in status["state"]]
        if any(run.lives.get(name, NEW).stage for name in stopped):
            return run  # one is being started again
        self.events.normal(pod, "ResizeCompleted", f"Pod resize completed: {resize.summary(pod)}")
        return run._replace(resize=None)
