"""The facts about one container that a row of the stage table may ask for, and the delays it may name.

Everything is worked out from the pod, the container's status and what the kubelet knows, when it is asked.

What a simulated program does is written on the pod:

| annotation         | the program                                        |
|--------------------|----------------------------------------------------|
| fake/exit: "3"     | ends by itself, with that exit code                |
| fake/runs-for: "5" | ... after so many seconds                          |
| fake/stops-in: "2" | takes so many seconds to obey SIGTERM              |
| fake/image-error   | its image cannot be pulled                         |
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.clock import seconds_of
from k8slearn.api.objects import Object, annotations_of, controller_of, dig, is_deleting

BACKOFF, LONGEST_BACKOFF = 10.0, 300.0  # seconds; doubled with every restart. Kubernetes: MaxContainerBackOff
#: What a stage may ask for, and name as its delay: the properties below.
FACTS = frozenset("state ended init deleting ready image pulled program restarts backing_off".split())
DELAYS = frozenset("runs_for stopping readiness_delay crash_backoff pull_backoff".split())

FORGIVEN_AFTER = 600.0  # seconds of running well after which the backoff starts anew


class Situation:
    """One container of one pod, as it is now."""

    __slots__ = ("images", "init", "now", "pod", "spec", "status", "turn", "was_pulled")

    def __init__(
        self, pod: Object, spec: Object, status: Object, now: float, *, init: bool, turn: bool
    ) -> None:
        self.pod = pod
        self.spec = spec
        self.status = status
        self.now = now
        self.init = init  # an init container that must end before the next one starts
        self.turn = turn  # everything that must come before this container is done
        self.images: dict[str, bool] = {}  # what the node has
        self.was_pulled = False  # for this very start

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
    def image(self) -> str:
        """present; known (here, but the policy is to ask the registry each time); absent; broken."""
        if "fake/image-error" in annotations_of(self.pod):
            return "broken"
        if self.spec["image"] not in self.images:
            return "absent"
        return "known" if self.spec.get("imagePullPolicy") == "Always" else "present"

    @property
    def pulled(self) -> bool:
        return self.was_pulled

    @property
    def program(self) -> str:
        """exits (it says so); batch (a Job's, which ends well); serves (until it is stopped)."""
        if "fake/exit" in annotations_of(self.pod):
            return "exits"
        owner = controller_of(self.pod)
        return "batch" if owner is not None and owner["kind"] == "Job" else "serves"

    @property
    def restarts(self) -> bool:
        """Would its restart policy start it again?"""
        if self.deleting:
            return False
        policy = self.spec.get("restartPolicy") or dig(self.pod, "spec", "restartPolicy", default="Always")
        failed = dig(self.status, "state", "terminated", "exitCode", default=0) != 0
        if self.init:
            return failed and policy != "Never"
        return policy == "Always" or (policy == "OnFailure" and failed)

    @property
    def backing_off(self) -> bool:
        """The first restart is at once; from the second on there is a pause."""
        if self.status["restartCount"] == 0:
            return False
        ended = self.status["state"]["terminated"]
        return seconds_of(ended["finishedAt"]) - seconds_of(ended["startedAt"]) < FORGIVEN_AFTER

    # --- delays, in seconds ---

    @property
    def exit_code(self) -> int:
        return int(annotations_of(self.pod).get("fake/exit", 0)) if not self.init else 0

    @property
    def runs_for(self) -> float:
        return float(annotations_of(self.pod).get("fake/runs-for", 1.0))

    @property
    def stops_in(self) -> float:
        return float(annotations_of(self.pod).get("fake/stops-in", 0.5))

    @property
    def grace(self) -> float:
        return float(dig(self.pod, "metadata", "deletionGracePeriodSeconds", default=30))

    @property
    def stopping(self) -> float:
        """The program's own time to stop, or SIGKILL at the end of the grace period."""
        return min(self.stops_in, self.grace)

    @property
    def readiness_delay(self) -> float:
        return float(dig(self.spec, "readinessProbe", "initialDelaySeconds", default=0))

    @property
    def crash_backoff(self) -> float:
        return min(BACKOFF * 2 ** (self.status["restartCount"] - 1), LONGEST_BACKOFF)

    @property
    def pull_backoff(self) -> float:
        """Kubernetes: the image backoff of pkg/kubelet/images, here without growing."""
        return BACKOFF
