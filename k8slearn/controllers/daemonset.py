"""One pod on each node that its template fits: kept there, and replaced node by node when the template changes.

It does not put its pods on nodes itself: each pod asks, by affinity, for its node, and the scheduler binds it.

Kubernetes: pkg/controller/daemon (daemon_controller.go, update.go)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api.objects import Key, Object, dig, is_deleting, key_of, labels_of, name_of
from k8slearn.controllers.daemonpods import HASH, is_updated, may_run_on, new_pod, target_of
from k8slearn.controllers.daemonupdate import Rollout, number
from k8slearn.controllers.history import History
from k8slearn.controllers.podcontrol import BURST, PodController
from k8slearn.controllers.pods import is_ready, ready_for
from k8slearn.machinery import Done
from k8slearn.machinery.informer import Change

FAILED_BACKOFF, LONGEST_BACKOFF = 1.0, 900.0  # seconds between two pods that fail on one node


class DaemonSetController(PodController):
    name = "daemonset-controller"
    primary = "daemonsets"
    owns = ("pods", "controllerrevisions")
    watches = ("nodes",)

    def setup(self) -> None:
        super().setup()
        self.failed: dict[str, tuple[int, float]] = {}  # DaemonSet and node -> times failed, and when last

    # --- which keys ---

    def keys_for(self, change: Change) -> Iterable[Key]:
        """A node that has come, gone, or changed in what decides who may run there: every DaemonSet."""
        if change.resource != "nodes":
            return super().keys_for(change)
        if (
            change.old is not None
            and change.new is not None
            and _decisive(change.old) == _decisive(change.new)
        ):
            return []
        return [key_of(ds) for ds in self.cache.list(self.primary)]

    # --- reconcile ---

    def reconcile(self, key: Key) -> Done | None:
        ds = self.cache.get(self.primary, key)
        if ds is None:
            self.expectations.forget(key)
            return None
        if is_deleting(ds):
            return None
        if self.selector_of(ds).empty:
            message = "This daemon set is selecting all pods. A non-empty selector is required."
            self.events.warning(ds, "SelectingAll", message)
            return None
        history = History(self, ds, HASH)
        present = labels_of(history.ensure())[HASH]
        pods = self.claim(ds)
        problem, again = "", list[float]()
        waiting = not self.expectations.satisfied(key, self.clock.now)
        if not waiting:
            problem, again = self._act(ds, pods, present)
            history.truncate([name_of(r) for r in history.revisions if _in_use(r, pods, present)])
        self._report(ds, pods, present, history.collisions)
        if problem:
            raise RuntimeError(problem.partition(":")[2])
        again += self._until_available(ds, pods)
        return Done(again_in=min(again)) if again else self.until_impatient(key, waiting)

    def _act(self, ds: Object, pods: list[Object], present: str) -> tuple[str, list[float]]:
        """First every node gets what it should have; then, if that is so, old pods are replaced."""
        by_node = _by_node(pods)
        missing, doomed, again = self._manage(ds, by_node, present)
        if not missing and not doomed and dig(ds, "spec", "updateStrategy", "type") != "OnDelete":
            nodes = self.cache.list("nodes")
            missing, doomed = Rollout(self.is_available, ds, nodes, by_node, present).step()
        if doomed:  # what is missing has its turn when they have gone
            return self.delete_pods(ds, doomed[:BURST]), again
        if missing:
            wanted = (new_pod(ds, node, present) for node in missing[:BURST])
            return self.create_pods(ds, wanted, len(missing[:BURST])), again
        return "", again

    # --- one pod per node ---

    def _manage(
        self, ds: Object, by_node: dict[str, list[Object]], present: str
    ) -> tuple[list[str], list[Object], list[float]]:
        """(nodes that need a pod, pods that are too much, seconds to wait for before a failed one is replaced)."""
        missing: list[str] = []
        doomed: list[Object] = []
        again: list[float] = []
        nodes = {name_of(n): n for n in self.cache.list("nodes")}
        for name, node in nodes.items():
            there = by_node.get(name, [])
            should_run, may_stay = may_run_on(ds, node)
            if not may_stay:
                doomed += [p for p in there if not is_deleting(p)]
            elif should_run and not there:
                missing.append(name)
            else:
                doomed += self._too_much(ds, name, there, present, again)
        for name, pods in by_node.items():
            if name not in nodes:  # asks for a node that is gone; if it was there, others clean up
                doomed += [p for p in pods if not p["spec"].get("nodeName") and not is_deleting(p)]
        return missing, doomed, again

    def _too_much(
        self, ds: Object, node: str, pods: list[Object], present: str, again: list[float]
    ) -> list[Object]:
        """Those that have ended; and of several that run all but the oldest, or, with surge, one of each."""
        doomed, running = [], []
        for pod in [p for p in pods if not is_deleting(p)]:
            phase = dig(pod, "status", "phase")
            if phase == "Failed" and self._must_wait(ds, node, again):
                continue
            if phase in ("Failed", "Succeeded"):
                self._tell_ended(ds, node, pod, phase)
                doomed.append(pod)
            else:
                running.append(pod)
        running.sort(key=_by_age)
        if len(running) > 1 and number(ds, "maxSurge", len(running)):
            return doomed + self._surplus(ds, running, present)
        return doomed + running[1:]

    def _surplus(self, ds: Object, running: list[Object], present: str) -> list[Object]:
        """Two may stay: an old one that is ready, until the new one is ready."""
        old = next((p for p in running if not is_updated(p, present)), None)
        new = next((p for p in running if is_updated(p, present)), None)
        if old is None or new is None:
            return running[1:]
        if is_ready(old) and not self.is_available(ds, new):
            return [p for p in running if p is not old and p is not new]
        return [p for p in running if p is not new]

    def _must_wait(self, ds: Object, node: str, again: list[float]) -> bool:
        """A pod that keeps failing on a node is replaced ever more slowly."""
        which = f"{key_of(ds)} {node}"
        times, last = self.failed.get(which, (0, 0.0))
        backoff = min(FAILED_BACKOFF * 2 ** min(times - 1, 20), LONGEST_BACKOFF) if times else 0.0
        if times and self.clock.now - last > 2 * LONGEST_BACKOFF:
            times, backoff = 0, 0.0
        left = last + backoff - self.clock.now
        if times and left > 0:
            again.append(left)
            return True
        self.failed[which] = (times + 1, self.clock.now)
        return False

    def _tell_ended(self, ds: Object, node: str, pod: Object, phase: str) -> None:
        found = f"Found {phase.lower()} daemon pod {key_of(pod)} on node {node}, will try to "
        if phase == "Failed":
            self.events.warning(ds, "FailedDaemonPod", f"{found}kill it")
        else:
            self.events.normal(ds, "SucceededDaemonPod", f"{found}delete it")

    def is_available(self, ds: Object, pod: Object) -> bool:
        return ready_for(pod, self.clock.now) >= ds["spec"].get("minReadySeconds", 0)

    # --- status ---

    def _report(self, ds: Object, pods: list[Object], present: str, collisions: int) -> None:
        by_node = _by_node(pods)
        wanted = {name_of(n): may_run_on(ds, n)[0] for n in self.cache.list("nodes")}
        first = {name: min(found, key=_by_age) for name, found in by_node.items()}
        there = [first[name] for name, should_run in wanted.items() if should_run and name in first]
        desired, ready = sum(wanted.values()), [p for p in there if is_ready(p)]
        available = sum(self.is_available(ds, p) for p in ready)
        status: dict[str, Any] = {
            "currentNumberScheduled": len(there),
            "desiredNumberScheduled": desired,
            "numberMisscheduled": sum(name in first and not should for name, should in wanted.items()),
            "numberReady": len(ready),
            "observedGeneration": ds["metadata"]["generation"],
        }
        more = {
            "updatedNumberScheduled": sum(is_updated(p, present) for p in there),
            "numberAvailable": available,
            "numberUnavailable": desired - available,
            "collisionCount": collisions,
        }
        status |= {field: n for field, n in more.items() if n}
        kept = {k: v for k, v in (ds.get("status") or {}).items() if k == "conditions"}
        if {**status, **kept} != ds.get("status"):
            self.client.update_status({**ds, "status": {**status, **kept}})

    def _until_available(self, ds: Object, pods: list[Object]) -> list[float]:
        wait = ds["spec"].get("minReadySeconds", 0)
        return [wait - age for p in pods if 0 <= (age := ready_for(p, self.clock.now)) < wait]


def _by_node(pods: list[Object]) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for pod in pods:
        found.setdefault(target_of(pod), []).append(pod)
    return found


def _by_age(pod: Object) -> tuple[Any, ...]:
    """The oldest first; of one age, those that are on their node."""
    return pod["metadata"]["creationTimestamp"], not pod["spec"].get("nodeName"), name_of(pod)


def _in_use(revision: Object, pods: list[Object], present: str) -> bool:
    digest = labels_of(revision)[HASH]
    return digest == present or any(labels_of(p).get(HASH) == digest for p in pods)


def _decisive(node: Object) -> tuple[Any, ...]:
    return labels_of(node), dig(node, "spec", "taints"), dig(node, "spec", "unschedulable")
