"""What people read of a pod: how many containers are ready, the one word STATUS, how often it restarted.

STATUS is no field of a pod. The server boils it down from the phase and from what each container waits for or
died of; the later rules below overrule the earlier ones.

Kubernetes: pkg/printers/internalversion/printers.go (printPod)
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.duration import since
from k8slearn.api.objects import Object, dig, is_deleting
from k8slearn.apiserver.tables.cells import NONE, condition, is_true

TERMINAL = ("Succeeded", "Failed")

#: What a row says of a pod that is over, for clients that hide such rows.
OVER = {
    "Succeeded": ("Succeeded", "The pod has completed successfully."),
    "Failed": ("Failed", "The pod failed."),
}


def pod_ready(pod: Object) -> str:
    """How many containers are ready for work, of all that shall keep running."""
    sidecars, past = _sidecars(pod), _past_init(pod)
    ready = [s for s in _begun(pod) if s.get("name") in sidecars and s.get("started") and s.get("ready")]
    if past:
        ready += [s for s in _main(pod) if s.get("ready") and _state(s, "running") is not None]
    return f"{len(ready)}/{len(dig(pod, 'spec', 'containers', default=())) + len(sidecars)}"


def pod_status(pod: Object) -> str:
    """What the pod is doing, or what it suffers from, in a word."""
    phase, why = dig(pod, "status", "phase", default=""), dig(pod, "status", "reason", default="")
    word = _container_words(pod, _init_word(pod) or _scheduling_word(pod) or why or phase)
    if is_deleting(pod) and why == "NodeLost":
        return "Unknown"
    return "Terminating" if is_deleting(pod) and phase not in TERMINAL else word


def pod_restarts(pod: Object, now: float) -> str:
    """How often containers were started again, and when last."""
    statuses = _begun(pod)
    if _past_init(pod):
        sidecars = _sidecars(pod)
        statuses = [s for s in statuses if s.get("name") in sidecars] + _main(pod)
    restarts = sum(s.get("restartCount") or 0 for s in statuses)
    ends = [dig(s, "lastState", "terminated", "finishedAt", default="") for s in statuses]
    last = max(ends, default="")
    return f"{restarts} ({since(last, now)} ago)" if restarts and last else str(restarts)


def pod_readiness_gates(pod: Object) -> str:
    """How many of the conditions that others must set hold."""
    gates = dig(pod, "spec", "readinessGates", default=())
    conditions = dig(pod, "status", "conditions", default=())
    return (
        f"{sum(is_true(conditions, g.get('conditionType')) for g in gates)}/{len(gates)}" if gates else NONE
    )


def row_conditions(pod: Object) -> list[dict[str, str]]:
    """What the row of a pod says about itself: Completed, when nothing more will happen."""
    phase = str(dig(pod, "status", "phase"))
    if phase not in OVER:
        return []
    reason, message = OVER[phase]
    return [{"type": "Completed", "status": "True", "reason": reason, "message": message}]


# --- containers -------------------------------------------------------------------------------


def _main(pod: Object) -> list[Object]:
    return list(dig(pod, "status", "containerStatuses", default=()))


def _state(status: Object, name: str) -> Any:
    """What is known of the container as ``waiting``, ``running`` or ``terminated``; None if it is not that."""
    return dig(status, "state", name)


def _sidecars(pod: Object) -> set[str]:
    """Init containers that stay. Kubernetes: podutil.IsRestartableInitContainer"""
    init = dig(pod, "spec", "initContainers", default=())
    return {c["name"] for c in init if c.get("restartPolicy") == "Always"}


def _is_done(status: Object, sidecars: set[str]) -> bool:
    """Does this init container let the next one begin?"""
    ended = _state(status, "terminated")
    if ended is not None and not ended.get("exitCode"):
        return True
    return status.get("name") in sidecars and bool(status.get("started"))


def _blocker(pod: Object) -> int | None:
    """The place of the init container that all others wait for."""
    sidecars = _sidecars(pod)
    statuses = dig(pod, "status", "initContainerStatuses", default=())
    return next((i for i, s in enumerate(statuses) if not _is_done(s, sidecars)), None)


def _begun(pod: Object) -> list[Object]:
    """The init containers whose turn has come."""
    blocker = _blocker(pod)
    statuses = dig(pod, "status", "initContainerStatuses", default=())
    return list(statuses if blocker is None else statuses[: blocker + 1])


def _past_init(pod: Object) -> bool:
    return _blocker(pod) is None or is_true(dig(pod, "status", "conditions"), "Initialized")


# --- words ------------------------------------------------------------------------------------


def _scheduling_word(pod: Object) -> str:
    found = condition(dig(pod, "status", "conditions"), "PodScheduled")
    return "SchedulingGated" if found and found.get("reason") == "SchedulingGated" else ""


def _init_word(pod: Object) -> str:
    """``Init:1/3``, or what the init container that everybody waits for suffers from."""
    blocker = _blocker(pod)
    if blocker is None:
        return ""
    status = pod["status"]["initContainerStatuses"][blocker]
    waiting = dig(status, "state", "waiting", "reason", default="")
    if _state(status, "terminated") is None and waiting in ("", "PodInitializing"):
        return f"Init:{blocker}/{len(dig(pod, 'spec', 'initContainers', default=()))}"
    return f"Init:{_word(status)}"


def _container_words(pod: Object, word: str) -> str:
    """The first container that waits or is over has the last word, unless others still run."""
    if not _past_init(pod):
        return word
    word = next((w for w in map(_word, _main(pod)) if w), word)
    if word == "Completed" and any(s.get("ready") and _state(s, "running") is not None for s in _main(pod)):
        return "Running" if is_true(dig(pod, "status", "conditions"), "Ready") else "NotReady"
    return word


def _word(status: Object) -> str:
    """What one container waits for or how it ended; "" while it runs."""
    ended = _state(status, "terminated")
    if ended is None or dig(status, "state", "waiting", "reason"):
        return str(dig(status, "state", "waiting", "reason", default=""))
    if ended.get("reason"):
        return str(ended["reason"])
    signal = ended.get("signal")
    return f"Signal:{signal}" if signal else f"ExitCode:{ended.get('exitCode') or 0}"
