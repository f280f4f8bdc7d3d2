"""One pass over one pod's containers: each goes through the stages that apply to it until it has to wait.

A worker lives for one reconcile. It writes nothing: it works out how the containers are now, which events
tell of it, and when to look again.

Kubernetes: pkg/kubelet/pod_workers.go and kuberuntime (SyncPod), which do the same with real containers.
"""

from __future__ import annotations

from math import inf
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, dig, is_deleting
from k8slearn.node.containers import become, go_duration, waiting, words
from k8slearn.node.delays import seconds
from k8slearn.node.events import Happened
from k8slearn.node.images import Images, size_of
from k8slearn.node.life import FINAL, NEW, Doom, Run, life_after
from k8slearn.node.order import in_order, next_may_start
from k8slearn.node.prober import Prober
from k8slearn.node.probes import probes_of
from k8slearn.node.situation import Situation
from k8slearn.node.stages import Stage

ENDLESS = 50  # stages in one pass without any waiting: the table goes round in circles


class PodWorker:
    """Moves the containers of `pod` on, from where `run` says they are."""

    def __init__(
        self, pod: Object, run: Run, stages: tuple[Stage, ...], images: Images, now: float, dice: Dice
    ) -> None:
        self.pod = pod
        self.run = run
        self.stages = stages
        self.images = images  # of the node; pulling adds to it
        self.now = now
        self.dice = dice
        self.doom: Doom | None = run.doom
        self.address = ""  # of the pod, where probes ask
        self.containers = dict(run.containers)
        self.lives = dict(run.lives)
        self.gone: set[str] = set()
        self.wake: float | None = None  # when the next stage is due
        self.look: float | None = None  # when a failing probe asks again, if nobody has to wait for that
        self.happened: list[Happened] = []

    # --- in which order ---

    def work(self) -> None:
        """Start from the first to the last. To be stopped is everybody at once, but sidecars, which go last."""
        turn, ending, done = True, self.ends, self.is_done
        for spec, kind in in_order(self.pod):
            if kind != "sidecar" or not (ending or done):
                turn = self._advance(spec, kind, turn, ending)
        if ending or self.is_done:
            self._stop_the_rest()

    def _stop_the_rest(self) -> None:
        """Sidecars in the reverse order of their start, each when those have stopped that it serves."""
        for spec in self.pod["spec"].get("ephemeralContainers") or ():
            self._advance(spec, "ephemeral", False, True)
        sidecars = [spec for spec, kind in in_order(self.pod) if kind == "sidecar"]
        for spec in reversed(sidecars):
            self._advance(spec, "sidecar", False, True, after=self._last_stop(spec["name"], sidecars))

    def _last_stop(self, name: str, sidecars: list[Object]) -> float:
        names = [s["name"] for s in sidecars]
        before = set(self.containers) - set(names[: names.index(name) + 1])
        if any("running" in self.containers[n]["state"] for n in before):
            return inf
        return max((self.lives.get(n, NEW).ended for n in before), default=0.0)

    @property
    def ends(self) -> bool:
        """Somebody wants the whole pod to stop."""
        return self.doom is not None or is_deleting(self.pod)

    @property
    def is_done(self) -> bool:
        """All programs but the sidecars' have ended, and no stage says that one is started again."""
        main = [c["name"] for c in self.pod["spec"]["containers"]]
        return all(self._has_ended(name) and not self.lives.get(name, NEW).stage for name in main)

    def _has_ended(self, name: str) -> bool:
        return "terminated" in dig(self.containers, name, "state", default=())

    # --- one container ---

    def _advance(self, spec: Object, kind: str, turn: bool, ending: bool, after: float = 0.0) -> bool:
        """Take one container as far as it gets now. Returns whether the next one's turn has come."""
        name = spec["name"]
        status = self.containers.get(name) or waiting(spec, self._first_reason())
        prober = None if ending or not probes_of(spec) else Prober(self.pod, spec, self.address)
        for _ in range(ENDLESS):
            s = Situation(self.pod, spec, status, self.now, kind, turn=turn)
            s.images, s.dice, s.doom = self.images, self.dice, self.doom
            s.may_resize = self.run.resize is not None and not self.run.resize.reason
            s.ending, s.after, s.life = ending, after, self.lives.get(name, NEW)
            if prober is not None and s.state == "running":
                self._probe(prober, s)
            stage = self._due(s)
            if stage is None:
                break
            status = self._complete(stage, s)
            if name in self.gone:
                break
        else:
            raise RuntimeError(f"container {name} went through {ENDLESS} stages without waiting: {stage}")
        self.containers[name] = status
        return turn and next_may_start(spec, kind, status)

    def _first_reason(self) -> str:
        return "PodInitializing" if self.pod["spec"].get("initContainers") else "ContainerCreating"

    def _probe(self, prober: Prober, s: Situation) -> None:
        """Ask what is due; wake up when an answer will change, and look again at one that is no."""
        s.life, told = prober.ask(s)
        self.lives[s.spec["name"]] = s.life
        self.happened += told
        if (change := prober.next_change(s)) is not None:
            self.wake = change if self.wake is None else min(self.wake, change)
        if (again := prober.next_failure(s)) is not None:
            self.look = again if self.look is None else min(self.look, again)

    def _due(self, s: Situation) -> Stage | None:
        """The stage that is completed now, if any; one that takes time is begun, to be completed later."""
        name, life = s.spec["name"], s.life
        stage = next((stage for stage in self.stages if s.fits(stage.when)), None)
        if stage is None:
            if life.stage:
                self.lives[name] = life._replace(stage="")
            return None
        known = life.stage == stage.name
        s.since = life.since if known else life.started if stage.since == "start" else self.now
        takes = seconds(stage.delay, s)
        if not known:
            held = self.images.hold(self.now, takes) if stage.becomes == "pulled" else 0.0
            self._tell(stage.begins, s, takes, held)
            s.life = life = life._replace(stage=stage.name, since=s.since, held=held)
        due = round(s.since + life.held + takes, 6)
        if due <= self.now:
            self._tell(stage.ends, s, takes, life.held)
            return stage
        self.lives[name] = life
        if due < inf:
            self.wake = due if self.wake is None else min(self.wake, due)
        return None

    def _complete(self, stage: Stage, s: Situation) -> Object:
        name, image = s.spec["name"], s.spec["image"]
        if stage.becomes == "pulled":
            self.images.add(image, size_of(image, self.dice))
        elif stage.becomes == "gone":
            self.gone.add(name)
        again = s.status["state"].get("terminated") or s.status["lastState"]
        kicked = not s.ending and bool(s.failed or s.resize)
        self.lives[name] = life_after(s.life, stage.becomes, self.now, again=bool(again), kicked=kicked)
        return become(s, stage.becomes)

    def _tell(self, events: tuple[str, ...], s: Situation, took: float, held: float) -> None:
        for event in events:
            more = {"took": go_duration(took), "altogether": go_duration(took + held)}
            more["size"] = str(size_of(s.spec["image"], self.dice))
            self.happened.append((event, {**words(s), **more}))

    # --- how it is then ---

    @property
    def all_stopped(self) -> bool:
        return all(
            name in self.gone or "terminated" in status["state"] for name, status in self.containers.items()
        )

    @property
    def over(self) -> bool:
        """The pod is to go, and none of its containers runs any more."""
        final = dig(self.pod, "status", "phase") in FINAL
        return is_deleting(self.pod) and (final or self.all_stopped)

    @property
    def spent(self) -> bool:
        """Nothing runs, and nothing will be started any more."""
        if self.doom is not None:
            return self.all_stopped
        return self.is_done and not any("running" in s["state"] for s in self.containers.values())

    def result(self) -> Run:
        return self.run._replace(containers=self.containers, lives=self.lives, doom=self.doom)

    def statuses(self, field: str) -> list[Object]:
        """Of the containers of one field of the spec, in its order."""
        specs: list[dict[str, Any]] = self.pod["spec"].get(field) or []
        return [self.containers[c["name"]] for c in specs]
