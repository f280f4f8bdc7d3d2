"""One pass over one pod's containers: each goes through the stages that apply to it until it has to wait.

A worker lives for one reconcile. It writes nothing: it works out how the containers are now, which events
tell of it, and when to look again.

Kubernetes: pkg/kubelet/pod_workers.go and kuberuntime (SyncPod), which do the same with real containers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, dig, is_deleting, uid_of
from k8slearn.node.situation import Situation
from k8slearn.node.stages import Stage
from k8slearn.node.status import become, is_past, waiting

ENDLESS = 50  # stages in one pass without any waiting: the table goes round in circles


class Run(NamedTuple):
    """What a kubelet remembers of one pod. All but `begun` and `pulled` can be read off the pod's status."""

    uid: str
    latest: Object  # the pod as of our own last write: newer than the cache for a moment
    containers: dict[str, Object]  # name -> container status
    begun: dict[str, tuple[str, float]]  # container -> the stage it is in, and since when
    pulled: frozenset[str]  # containers whose image has been pulled for this very start

    @classmethod
    def of(cls, pod: Object) -> Run:
        """As the pod's status tells it: what runs goes on running, whoever was restarted meanwhile."""
        status = pod.get("status") or {}
        known = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
        return cls(uid_of(pod), pod, {s["name"]: s for s in known}, {}, frozenset())


class PodWorker:
    """Moves the containers of `pod` on, from where `run` says they are."""

    def __init__(
        self, pod: Object, run: Run, stages: tuple[Stage, ...], images: dict[str, bool], now: float
    ) -> None:
        self.pod = pod
        self.stages = stages
        self.images = images  # of the node; pulling adds to it
        self.now = now
        self.containers = dict(run.containers)
        self.begun = dict(run.begun)
        self.pulled = set(run.pulled)
        self.gone: set[str] = set()
        self.wake: float | None = None  # when the next stage is due
        self.happened: list[
            tuple[str, dict[str, Any]]
        ] = []  # names in EVENTS, with what goes into their text

    def work(self, dice: Dice, node: str) -> None:
        turn = True
        for spec, init in self._specs():
            turn = self._advance(spec, init, turn, dice, node)

    def _specs(self) -> Iterator[tuple[Object, bool]]:
        """The containers in the order of their start, and whether each must end before the next starts."""
        pod_spec = self.pod["spec"]
        for spec in pod_spec.get("initContainers") or ():
            yield spec, spec.get("restartPolicy") != "Always"
        for spec in pod_spec["containers"]:
            yield spec, False

    def _advance(self, spec: Object, init: bool, turn: bool, dice: Dice, node: str) -> bool:
        """Take one container as far as it gets now. Returns whether the next one's turn has come."""
        name = spec["name"]
        status = self.containers.get(name) or waiting(spec, self._first_reason())
        for _ in range(ENDLESS):
            s = Situation(self.pod, spec, status, self.now, init=init, turn=turn)
            s.images, s.was_pulled = self.images, name in self.pulled
            stage = self._due(s, dice, node)
            if stage is None:
                break
            status = self._complete(stage, s)
            if name in self.gone:
                break
        else:
            raise RuntimeError(f"container {name} went through {ENDLESS} stages without waiting: {stage}")
        self.containers[name] = status
        return turn and (
            is_past(status) if init else bool(status["started"]) or "terminated" in status["state"]
        )

    def _first_reason(self) -> str:
        return "PodInitializing" if self.pod["spec"].get("initContainers") else "ContainerCreating"

    def _due(self, s: Situation, dice: Dice, node: str) -> Stage | None:
        """The stage that is completed now, if any; one that takes time is begun, to be completed later."""
        name = s.spec["name"]
        stage = next((stage for stage in self.stages if s.fits(stage.when)), None)
        if stage is None:
            self.begun.pop(name, None)
            return None
        takes = _seconds(stage.delay, s, dice, node)
        known, since = self.begun.get(name, ("", self.now))
        if known != stage.name:
            since = self.now
            self._tell(stage.begins, s, takes)
            self.begun[name] = (stage.name, since)
        due = round(since + takes, 6)
        if due <= self.now:
            self._tell(stage.ends, s, takes)
            return stage
        self.wake = due if self.wake is None else min(self.wake, due)
        return None

    def _complete(self, stage: Stage, s: Situation) -> Object:
        name = s.spec["name"]
        self.begun.pop(name, None)
        if stage.becomes == "pulled":
            self.images[s.spec["image"]] = True
            self.pulled.add(name)
        elif stage.becomes == "gone":
            self.gone.add(name)
        else:
            self.pulled.discard(name)
        return become(s, stage.becomes)

    def _tell(self, events: tuple[str, ...], s: Situation, took: float) -> None:
        for event in events:
            words = {"image": s.spec["image"], "container": s.spec["name"], "took": f"{took:g}s"}
            self.happened.append((event, words))

    @property
    def over(self) -> bool:
        """The pod is to go, and none of its containers runs any more."""
        return is_deleting(self.pod) and all(
            name in self.gone or "terminated" in status["state"] for name, status in self.containers.items()
        )

    @property
    def spent(self) -> bool:
        """All programs have ended, and no stage says that one is started again."""
        main = [c["name"] for c in self.pod["spec"]["containers"]]
        return all("terminated" in self.containers[n]["state"] and n not in self.begun for n in main)

    def result(self, run: Run, latest: Object) -> Run:
        return Run(run.uid, latest, self.containers, self.begun, frozenset(self.pulled))

    def statuses(self) -> tuple[list[Object], list[Object]]:
        """(of init containers, of containers), each in the order of the spec."""
        names = [c["name"] for c in dig(self.pod, "spec", "initContainers", default=())]
        main = [self.containers[c["name"]] for c in self.pod["spec"]["containers"]]
        return [self.containers[name] for name in names], main


def _seconds(delay: Any, s: Situation, dice: Dice, node: str) -> float:
    """A number; a name of a delay in `situation`; or a roll in a range (the same for an image on a node)."""
    if isinstance(delay, str):
        return getattr(s, delay)
    if isinstance(delay, (tuple, list)):
        low, high = delay
        thousandths = dice.below(1001, "seconds", node, s.spec["image"], low, high)
        return round(low + (high - low) * thousandths / 1000, 3)
    return delay
