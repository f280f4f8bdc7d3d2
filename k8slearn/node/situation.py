"""The facts about one container that a row of the stage table may ask for.

Everything is worked out from the pod, the container's status and what the kubelet knows, when it is asked.

What a simulated program does follows from its image and command (`programs`); a test may also write it on the pod:

| annotation                | the program                                                        |
|---------------------------|--------------------------------------------------------------------|
| fake/exit: "3"            | ends by itself, with that exit code                                |
| fake/runs-for: "5"        | ... after so many seconds                                          |
| fake/stops-in: "2"        | takes so many seconds to obey SIGTERM                              |
| fake/fails-probes: "all"  | fails its probes from now on: all, or readiness, liveness, startup |
| fake/image-error          | its image cannot be pulled                                         |
| fake/pull-seconds: "60"   | ... or takes so many seconds to pull                               |
"""

from __future__ import annotations

from math import inf
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, annotations_of, controller_of, dig, is_deleting, uid_of
from k8slearn.node.images import Images
from k8slearn.node.life import FORGIVEN_AFTER, NEW, Doom, Life
from k8slearn.node.programs import Program, program
from k8slearn.node.resize import how
from k8slearn.node.restartpolicy import restarts
from k8slearn.node.usage import limits_of, oom_after

#: What a stage may ask for: the properties below.
FACTS = frozenset(
    "state ended init deleting ending ready started up image pulled program known fate failed passes restarts "
    "backing_off resize".split()
)
NO_IMAGES = Images()


class Situation:
    """One container of one pod, as it is now."""

    __slots__ = (
        "_program",
        "after",
        "dice",
        "doom",
        "ending",
        "images",
        "init",
        "kind",
        "life",
        "may_resize",
        "now",
        "pod",
        "since",
        "spec",
        "status",
        "turn",
    )

    def __init__(
        self, pod: Object, spec: Object, status: Object, now: float, kind: str, *, turn: bool
    ) -> None:
        self.pod = pod
        self.spec = spec
        self.status = status
        self.now = now
        self.kind = kind  # main, init, sidecar, ephemeral
        self.init = kind == "init"  # it must end before the next one starts
        self.turn = turn  # everything that must come before this container is done
        self.ending = False  # the pod is on its way out, or a sidecar has nobody left to serve
        self.after = 0.0  # when the last one had stopped that must stop before; inf: not yet
        self.since = now  # when the stage that is looked at began
        self.doom: Doom | None = None
        self.life: Life = NEW
        self.may_resize = False  # the kubelet has granted what the pod asks for now
        self.images = NO_IMAGES  # what the node has
        self.dice = Dice()
        self._program: Program | None = None

    def fits(self, when: Any) -> bool:
        """Do all these facts hold?"""
        return all(getattr(self, fact) == wanted for fact, wanted in when.items())

    # --- facts ---

    @property
    def state(self) -> str:
        """queued (others come first), starting, running, terminated; or why it waits: CrashLoopBackOff ..."""
        state = self.status["state"]
        if "running" in state:
            return "running"
        if "terminated" in state:
            return "terminated"
        reason = dig(state, "waiting", "reason", default="")
        if reason in ("ContainerCreating", "PodInitializing"):
            return "starting" if self.turn else "queued"
        return reason

    @property
    def ended(self) -> bool:
        return "terminated" in self.status["state"]

    @property
    def deleting(self) -> bool:
        return is_deleting(self.pod)

    @property
    def ready(self) -> bool:
        return self.status["ready"]

    @property
    def started(self) -> bool:
        """Has its startup probe passed? True without one."""
        return bool(self.status["started"])

    @property
    def up(self) -> bool:
        """Has its startup probe decided that it has started?"""
        probing = self.life.probes.get("startupProbe")
        return probing is not None and probing.verdict is True

    @property
    def image(self) -> str:
        """broken; or as `Images.look` says: present, known, absent, missing, invalid."""
        if "fake/image-error" in annotations_of(self.pod):
            return "broken"
        return self.images.look(self.spec["image"], self.spec.get("imagePullPolicy", ""))

    @property
    def pulled(self) -> bool:
        return self.life.pulled

    @property
    def program(self) -> str:
        """exits (it says so); batch (a Job's, which ends well); serves (until it is stopped)."""
        if "fake/exit" in annotations_of(self.pod):
            return "exits"
        owner = controller_of(self.pod)
        batch = owner is not None and owner["kind"] == "Job" and self.kind != "sidecar"
        return "batch" if batch else "serves"

    @property
    def runs(self) -> Program:
        """The numbers of its program."""
        if self._program is None:
            self._program = program(self.spec)
        return self._program

    @property
    def known(self) -> bool:
        """Is it a program of which we know what it does?"""
        return self.runs.name != ""

    @property
    def fate(self) -> str:
        """How it ends if nobody stops it: exits; out of memory; goes on."""
        ends = 0.0 if self.program == "exits" else self.runs.runs_for
        dies = oom_after(self.runs, limits_of(self.spec, self.status))
        if dies < ends:
            return "out of memory"
        return "goes on" if ends == inf else "exits"

    @property
    def failed(self) -> str:
        """The probe on account of which it must be killed: startup, liveness; or ""."""
        for field, kind in (("startupProbe", "startup"), ("livenessProbe", "liveness")):
            probing = self.life.probes.get(field)
            if probing is not None and probing.verdict is False:
                return kind
        return ""

    @property
    def passes(self) -> bool:
        """Does it count as ready, as far as its probes can tell?"""
        if not self.started:
            return False
        probing = self.life.probes.get("readinessProbe")
        return probing is None or probing.verdict is True

    @property
    def restarts(self) -> bool:
        """Would its restart policy start it again?"""
        code = dig(self.status, "state", "terminated", "exitCode")
        if self.ending or self.kind == "ephemeral" or code is None:
            return False
        return restarts(self.pod, self.spec, code, init=self.init, kicked=self.life.kicked)

    @property
    def backing_off(self) -> bool:
        """The first restart is at once; from the second on there is a pause, until it has run well for a while."""
        return self.life.crashes > 0 and self.life.ended - self.life.started <= FORGIVEN_AFTER

    @property
    def resize(self) -> str:
        """How it comes to the size that it is to have now: in place, restart; "": it has it, or may not have it."""
        return how(self.spec, self.status) if self.may_resize else ""

    @property
    def luck(self) -> tuple[object, ...]:
        """What chance may depend on: this very run of this container."""
        return uid_of(self.pod), self.spec["name"], self.status["restartCount"]
