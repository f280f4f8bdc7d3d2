"""The one player on a machine: makes the pods that are bound to it run, and reports how they are.

It hears of its own pods and of nothing else. Nobody calls it: the scheduler writes a node's name into a pod,
and the kubelet of that name finds it. A kubelet that dies takes nothing with it: the containers go on, and
its successor reads in the pods' statuses what there is.

Kubernetes: pkg/kubelet/kubelet.go
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

from k8slearn.api.errors import NotFound, Unreachable
from k8slearn.api.objects import Key, Object, dig, key_of, revision_of, uid_of
from k8slearn.machinery import Done
from k8slearn.machinery.informer import Change
from k8slearn.node import addresses, registration
from k8slearn.node.events import tell
from k8slearn.node.eviction import DEFAULT_HARD
from k8slearn.node.guard import EVICTION
from k8slearn.node.heartbeat import HEARTBEAT
from k8slearn.node.images import Images, size_of
from k8slearn.node.life import FINAL, Run, statuses_of
from k8slearn.node.podstatus import pod_status
from k8slearn.node.podworker import PodWorker
from k8slearn.node.shutdown import Shutdown
from k8slearn.node.stages import REALISTIC, Stage

MOST_IMAGES = 50  # in a node's status: nodeStatusMaxImages


class Kubelet(Shutdown):
    primary = "pods"
    WIRING = Shutdown.WIRING | {"stages", "pulls_at_once", "pull_rate", "reports_images"}

    def __init__(
        self,
        name: str,
        cpu: str | int = "8",
        memory: str = "32Gi",
        pods: str | int = "110",
        labels: Mapping[str, str] | None = None,
        taints: Iterable[Object] = (),
        stages: tuple[Stage, ...] = REALISTIC,
        pulls_at_once: int = 0,
        pull_rate: float = 0.0,
        reports_images: bool = False,
        eviction_hard: Mapping[str, str] = DEFAULT_HARD,
        shutdown_grace: tuple[float, float] = (30.0, 10.0),
    ) -> None:
        self.name = f"kubelet/{name}"
        capacity = {"cpu": cpu, "memory": memory, "pods": pods, "ephemeral-storage": "100Gi"}
        self.machine = registration.machine(name, capacity, labels or {}, taints)
        self.stages = stages
        self.pulls_at_once = pulls_at_once  # 0: any number. Kubernetes: maxParallelImagePulls
        self.pull_rate = pull_rate  # bytes a second; 0: any image takes one to three seconds
        self.hard = dict(eviction_hard)
        self.shutdown_grace = shutdown_grace
        self.reports_images = reports_images  # within ten seconds, not only with the next regular report

    def setup(self) -> None:
        super().setup()
        self.events.component = "kubelet"
        self.runs: dict[Key, Run] = {}
        self.addresses: dict[Key, str] = {}  # of the pods here
        self.images = Images(self.pulls_at_once, self.pull_rate)

    def selectors(self, resource: str) -> dict[str, Any]:
        return {"fields": f"spec.nodeName={self.machine.name}"}

    def more_to_tell(self, *, due: bool) -> Object:
        told = due or self.reports_images
        return {"images": self.images.listed(MOST_IMAGES)} if told and self.images.sizes else {}

    # --- which keys ---

    def on_change(self, change: Change) -> None:
        self._note_what_is_here(key_of(change.object), change.new)
        super().on_change(change)

    def keys_for(self, change: Change) -> list[Key]:
        """The pod, unless this is the echo of our own write."""
        key = key_of(change.object)
        run = self.runs.get(key)
        if run is not None and change.new is not None and revision_of(change.new) == revision_of(run.latest):
            return []
        return [key]

    def _note_what_is_here(self, key: Key, pod: Object | None) -> None:
        """Addresses and images in use, as the pods' statuses tell: all that a restarted kubelet has."""
        if pod is None:
            self.addresses.pop(key, None)
            return
        address = dig(pod, "status", "podIP")
        if address:
            self.addresses[key] = address
            for status in statuses_of(pod):
                if status["imageID"]:
                    self.images.add(status["image"], size_of(status["image"], self.dice))

    # --- reconcile ---

    def reconcile(self, key: Key) -> Done | None:
        if self.is_off:
            return None
        try:
            if key == EVICTION:
                return self.relieve()
            if key == self.machine.name:
                return None if self.goes_down() else self.beat()
            return self._sync(key)
        except Unreachable:  # cut off: the containers run on, and the machine keeps trying
            return Done(again_in=HEARTBEAT, background=True)

    def _sync(self, key: Key) -> Done | None:
        pod = self._latest(key)
        if pod is None or not self.lets_in(key, pod):
            self._forget(key)  # deleted by force: whatever ran is killed
            return None
        run = self.allot(key, pod, self.judged(self._run(key, pod)._replace(latest=pod)))
        worker = PodWorker(pod, run, self.stages, self.images, self.clock.now, self.dice)
        if dig(pod, "status", "phase") not in FINAL:
            self._move_on(key, pod, worker)
            run = self.runs[key]
            if dig(run.latest, "status", "phase") in FINAL:
                self.no_deadline(run)
                self.release(key)
        if worker.over:
            self._finish(key)
        if worker.look is not None:  # nobody has to wait for this, but time does not pass over it
            self.queue.add_after(key, worker.look - self.clock.now, background=True)
        due = self.deadline(run)[1]
        wake = due if worker.wake is None else min(due, worker.wake)
        return Done(again_in=wake - self.clock.now) if wake < inf else None

    def _forget(self, key: Key) -> None:
        if (run := self.runs.pop(key, None)) is not None:
            self.no_deadline(run)
        self.release(key)

    def _move_on(self, key: Key, pod: Object, worker: PodWorker) -> None:
        worker.address = self._address(key, pod)
        worker.work()
        worker.run = self.runs[key] = self.complete(pod, worker.result())
        tell(self.events, pod, worker.happened)
        self._report(key, pod, worker)
        if self.growing:  # nobody looks for pressure on a machine where no program grows
            self.watch_pressure()

    def _latest(self, key: Key) -> Object | None:
        """The pod as heard of, or as we have written it ourselves, whichever is newer."""
        pod, run = self.cache.get("pods", key), self.runs.get(key)
        if pod is None or run is None or uid_of(pod) != run.uid:
            return pod
        return run.latest if revision_of(run.latest) > revision_of(pod) else pod

    def _run(self, key: Key, pod: Object) -> Run:
        run = self.runs.get(key)
        return run if run is not None and run.uid == uid_of(pod) else Run.of(pod)

    def _report(self, key: Key, pod: Object, worker: PodWorker) -> None:
        """Write the pod's status, if it says anything new."""
        if worker.over and worker.gone:
            return  # it never ran, or leaves no trace: nothing to tell
        status = pod_status(worker, addresses.node_address(self.number), self.clock.now)
        if status == pod["status"]:
            return
        written = self.client.update_status({**pod, "status": status})
        known = {s["name"]: s for s in statuses_of(written)}
        self.runs[key] = self.runs[key]._replace(latest=written, containers=known)

    def _address(self, key: Key, pod: Object) -> str:
        if dig(pod, "spec", "hostNetwork"):
            return addresses.node_address(self.number)
        address = dig(pod, "status", "podIP") or self.addresses.get(key)
        if not address:
            address = addresses.free_address(addresses.pod_range(self.number), set(self.addresses.values()))
            self.addresses[key] = address
        return address

    def _finish(self, key: Key) -> None:
        """The last act of a pod: everything has stopped, so the API object may go."""
        uid = self.runs[key].uid if key in self.runs else uid_of(self.cache.get("pods", key) or {})
        try:
            self.client.delete("pods", key, gracePeriodSeconds=0, preconditions={"uid": uid})
        except NotFound:
            return

    # --- going back ---

    def soft_state(self) -> dict[str, Any]:
        """Runs are replaced, never edited: the dict is copied, they are shared."""
        mine = {"runs": dict(self.runs), "addresses": dict(self.addresses), "images": self.images.save()}
        mine |= self.guard_state()
        return {**mine, "registered": self.registered, "reported_at": self.reported_at}

    def load_soft_state(self, saved: dict[str, Any]) -> None:
        self.registered, self.reported_at = saved["registered"], saved["reported_at"]
        self.runs, self.addresses = dict(saved["runs"]), dict(saved["addresses"])
        self.images.load(saved["images"])
        self.load_guard_state(saved)
