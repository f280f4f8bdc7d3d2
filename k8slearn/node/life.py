"""What a kubelet remembers of a pod and of its containers, beyond what it has written into the pod's status.

All of it can be lost: a kubelet that was restarted makes it up from the statuses, with a little less precision
(times there are whole seconds) and, as a real one does, with crash loops forgotten. Nothing in here is ever
edited; what changes is replaced, so that checkpoints may share it.

Kubernetes: pkg/kubelet/container/cache.go, client-go/util/flowcontrol/backoff.go, pkg/kubelet/prober/results
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from k8slearn.api.clock import seconds_of
from k8slearn.api.objects import Object, dig, uid_of

FORGIVEN_AFTER = 600.0  # seconds of running well after which the backoff starts anew: twice its maximum


class Probing(NamedTuple):
    """How far one probe of one container has come."""

    at: float  # when it asks next
    verdict: bool | None  # what counts, once a threshold was reached; None: too early to say
    last: bool | None = None  # the answer before ...
    in_a_row: int = 0  # ... and how often it came
    knob: str = ""  # what the pod's annotation said about probes when we last looked


class Life(NamedTuple):
    """One container. Times are in seconds."""

    stage: str = ""  # the row of the table it is in ...
    since: float = 0.0
    held: float = 0.0  # ... after waiting so long, for its turn to pull
    started: float = 0.0
    ended: float = 0.0
    pulled: bool = False  # for this very start
    pull_failures: int = 0  # in a row
    crashes: int = 0  # restarts since it last ran well
    kicked: bool = False  # it was killed in order to be started again, whatever it ended with
    probes: Mapping[str, Probing] = {}  # by the name of the field


NEW = Life()
FINAL = ("Succeeded", "Failed")  # phases of a pod that is over


class Doom(NamedTuple):
    """Why the kubelet ends a pod that nobody has deleted."""

    reason: str  # of the pod's status
    message: str
    since: float
    grace: float | None = None  # seconds; None: the pod's own
    disrupted: bool = False  # whoever made the pod is told that it was not its fault


class Resize(NamedTuple):
    """What has become of a pod's wish for more or less."""

    reason: str  # Deferred, Infeasible; "": it is being carried out
    message: str
    generation: int  # of the pod that has the wish


class Run(NamedTuple):
    """One pod."""

    uid: str
    latest: Object  # the pod as of our own last write: newer than the cache for a moment
    containers: Mapping[str, Object]  # name -> container status
    lives: Mapping[str, Life]
    doom: Doom | None = None
    resize: Resize | None = None

    @classmethod
    def of(cls, pod: Object) -> Run:
        """As the pod's status tells it: what runs goes on running, whoever was restarted meanwhile."""
        known = {s["name"]: s for s in statuses_of(pod)}
        return cls(uid_of(pod), pod, known, {name: _told(status) for name, status in known.items()})


def statuses_of(pod: Object) -> list[Object]:
    """Of all its containers, those that come first first."""
    status = pod.get("status") or {}
    fields = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    return [s for field in fields for s in status.get(field) or ()]


def _told(status: Object) -> Life:
    ended = dig(status, "state", "terminated", "finishedAt")
    started = dig(status, "state", "running", "startedAt") or dig(status, "state", "terminated", "startedAt")
    return Life(
        started=seconds_of(started) if started else 0.0,
        ended=seconds_of(ended) if ended else 0.0,
    )


def life_after(life: Life, becomes: str, now: float, *, again: bool = False, kicked: bool = False) -> Life:
    """`becomes`: what a stage has made of the container. `again`: it was started before."""
    match becomes:
        case "pulled":
            return life._replace(stage="", held=0.0, pulled=True, pull_failures=0)
        case "running" | "running and ready":
            well = life.ended - life.started > FORGIVEN_AFTER
            crashes = 0 if not again else 1 if well else life.crashes + 1
            return Life(started=now, crashes=crashes)
        case "exited" | "stopped" | "OOM killed":
            return life._replace(stage="", ended=now, pulled=False, kicked=kicked)
        case "waiting: ErrImagePull":
            return life._replace(stage="", held=0.0, pull_failures=life.pull_failures + 1)
    return life._replace(stage="", held=0.0)
