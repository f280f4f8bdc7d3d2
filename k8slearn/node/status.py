"""What a kubelet says about a pod: container statuses, phase and conditions. Pure functions.

The phase is a summary for people; controllers look at conditions. Both follow from the containers.

Kubernetes: pkg/kubelet/status/generate.go, pkg/kubelet/kubelet_pods.go (getPhase)
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from k8slearn.api.clock import timestamp
from k8slearn.api.objects import Object, dig, uid_of
from k8slearn.node.situation import Situation

SIGKILL = 137  # 128 + 9


def waiting(spec: Object, reason: str) -> Object:
    """The status of a container that has not been started yet."""
    return {
        "name": spec["name"],
        "state": {"waiting": {"reason": reason}},
        "lastState": {},
        "ready": False,
        "restartCount": 0,
        "image": spec["image"],
        "imageID": "",
        "started": False,
    }


# --- what becomes of a container: each takes its situation and returns its new status ---------


def running(s: Situation) -> Object:
    """Started: for the first time, or again."""
    before = s.status
    ended = before["state"].get("terminated") or dig(before, "lastState", "terminated")
    restarts = before["restartCount"] + (ended is not None)
    container = sha256(f"{uid_of(s.pod)}/{s.spec['name']}/{restarts}".encode()).hexdigest()
    return {
        **before,
        "state": {"running": {"startedAt": timestamp(s.now)}},
        "lastState": {"terminated": ended} if ended else {},
        "ready": False,
        "restartCount": restarts,
        "imageID": f"{s.spec['image']}@sha256:{sha256(s.spec['image'].encode()).hexdigest()}",
        "containerID": f"containerd://{container}",
        "started": True,
    }


def ready(s: Situation) -> Object:
    return {**s.status, "ready": True}


def running_and_ready(s: Situation) -> Object:
    return {**running(s), "ready": True}


def exited(s: Situation) -> Object:
    """The program came to its own end."""
    return _terminated(s, s.exit_code)


def stopped(s: Situation) -> Object:
    """The program was told to stop: it did, or was killed when its time was over."""
    return _terminated(s, 0 if s.stops_in <= s.grace else SIGKILL)


def _terminated(s: Situation, code: int) -> Object:
    started = dig(s.status, "state", "running", "startedAt", default=timestamp(s.now))
    ended = {"exitCode": code, "reason": "Error" if code else "Completed", "startedAt": started}
    ended |= {"finishedAt": timestamp(s.now), "containerID": s.status.get("containerID", "")}
    ready_now = s.init and code == 0
    return {**s.status, "state": {"terminated": ended}, "ready": ready_now, "started": False}


def unchanged(s: Situation) -> Object:
    return s.status


#: What a stage's `becomes` may say, besides ``waiting: REASON``.
BECOMES: dict[str, Callable[[Situation], Object]] = {
    "running": running,
    "ready": ready,
    "running and ready": running_and_ready,
    "exited": exited,
    "stopped": stopped,
    "pulled": unchanged,
    "gone": unchanged,
}


def become(s: Situation, what: str) -> Object:
    """The container's status after a stage."""
    word, _, reason = what.partition(": ")
    return _waiting_again(s, reason) if word == "waiting" else BECOMES[what](s)


def _waiting_again(s: Situation, reason: str) -> Object:
    ended = s.status["state"].get("terminated")
    last = {"terminated": ended} if ended else s.status["lastState"]
    return {**s.status, "state": {"waiting": {"reason": reason}}, "lastState": last, "ready": False}


# --- the pod ---------------------------------------------------------------------------------


def phase(pod: Object, init: list[Object], main: list[Object], *, over: bool = False) -> str:
    """Pending, Running, Succeeded or Failed. `over`: nothing will be started any more."""
    policy = dig(pod, "spec", "restartPolicy", default="Always")
    codes = [dig(s, "state", "terminated", "exitCode") for s in main]
    if any(dig(s, "state", "terminated", "exitCode", default=0) for s in init) and policy == "Never":
        return "Failed"
    if not over and (not all(map(is_past, init)) or any(map(_never_ran, main))):
        return "Pending"
    if not over and (None in codes or policy == "Always"):
        return "Running"
    failed = any(codes)
    return "Failed" if failed and (over or policy == "Never") else "Running" if failed else "Succeeded"


def is_past(status: Object) -> bool:
    """An init container that no longer keeps the others waiting."""
    return bool(status["ready"]) or bool(status["started"])


def _never_ran(status: Object) -> bool:
    return "waiting" in status["state"] and not status["lastState"]


def conditions(pod: Object, phase: str, init: list[Object], main: list[Object], now: float) -> list[Object]:
    """The kubelet's conditions, and after them those that others have put there."""
    over = phase in ("Succeeded", "Failed")
    unready = [s["name"] for s in main if not s["ready"]]
    initialized = _problem(
        "ContainersNotInitialized", "incomplete", [s["name"] for s in init if not is_past(s)]
    )
    all_ready = _problem("ContainersNotReady", "unready", unready)
    ready = all_ready or _closed_gates(pod)
    if over:
        initialized = {"reason": "PodCompleted"} if phase == "Succeeded" else {}
        ready = all_ready = {"reason": "PodCompleted" if phase == "Succeeded" else "PodFailed"}
    values: tuple[tuple[str, bool, Object], ...] = (
        ("PodReadyToStartContainers", not over, {}),
        ("Initialized", over or not initialized, initialized),
        ("Ready", not ready, ready),
        ("ContainersReady", not all_ready, all_ready),
    )
    before = {c["type"]: c for c in dig(pod, "status", "conditions", default=[])}
    mine = [_condition(pod, before.pop(kind, None), kind, true, why, now) for kind, true, why in values]
    return [*mine, *before.values()]


def _problem(reason: str, adjective: str, names: list[str]) -> Object:
    if not names:
        return {}
    return {"reason": reason, "message": f"containers with {adjective} status: [{' '.join(names)}]"}


def _closed_gates(pod: Object) -> Object:
    """Conditions that others must set before the pod counts as ready: spec.readinessGates."""
    found = {c["type"]: c["status"] for c in dig(pod, "status", "conditions", default=[])}
    told = {None: "does not exist", "False": 'is not "True"', "Unknown": 'is not "True"'}
    gates = [g["conditionType"] for g in dig(pod, "spec", "readinessGates", default=())]
    closed = [f'"{g}" {told[found.get(g)]}' for g in gates if found.get(g) != "True"]
    if not closed:
        return {}
    texts = [f"corresponding condition of pod readiness gate {c}." for c in closed]
    return {"reason": "ReadinessGatesNotReady", "message": ", ".join(texts)}


def _condition(pod: Object, old: Object | None, kind: str, true: bool, why: Object, now: float) -> Object:
    status = "True" if true else "False"
    same = old is not None and old["status"] == status
    kept = {k: v for k, v in (old or {}).items() if k not in ("reason", "message")}
    kept |= {
        "type": kind,
        "observedGeneration": dig(pod, "metadata", "generation", default=1),
        "status": status,
    }
    return kept | ({} if same else {"lastTransitionTime": timestamp(now)}) | why
