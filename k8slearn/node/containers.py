"""What becomes of a container: each function takes its situation and returns its new status. Pure functions.

Kubernetes: pkg/kubelet/kubelet_pods.go (convertToAPIContainerStatuses), kuberuntime_manager.go (doBackOff)
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from math import inf

from k8slearn.api.clock import timestamp
from k8slearn.api.objects import Object, dig, name_of, namespace_of, uid_of
from k8slearn.node.delays import SIGKILL, crash_backoff, exit_code, stop_code
from k8slearn.node.resize import sizes
from k8slearn.node.situation import Situation


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


def running(s: Situation) -> Object:
    """Started: for the first time, or again."""
    status = _started(s)
    return status if not s.spec.get("resources") or s.kind == "ephemeral" else _sized(status, s)


def resized(s: Situation) -> Object:
    """It has what it asks for now, and went on running."""
    return _sized(s.status, s)


def _sized(status: Object, s: Situation) -> Object:
    found = sizes(s.spec)
    requests = {"allocatedResources": found["requests"]} if "requests" in found else {}
    return {**status, **requests, "resources": found}


def _started(s: Situation) -> Object:
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
        "started": not s.spec.get("startupProbe"),
    }


def started(s: Situation) -> Object:
    """Its startup probe has passed."""
    return {**s.status, "started": True}


def ready(s: Situation) -> Object:
    return {**s.status, "ready": True}


def unready(s: Situation) -> Object:
    return {**s.status, "ready": False}


def running_and_ready(s: Situation) -> Object:
    return {**_started(s), "ready": True, "started": True}


def exited(s: Situation) -> Object:
    """The program came to its own end."""
    return _terminated(s, exit_code(s))


def oom_killed(s: Situation) -> Object:
    """It wanted more memory than its limit allows."""
    return _terminated(s, SIGKILL, "OOMKilled")


def stopped(s: Situation) -> Object:
    """The program was told to stop: it did, or was killed when its time was over."""
    return _terminated(s, stop_code(s))


def _terminated(s: Situation, code: int, reason: str = "") -> Object:
    since = dig(s.status, "state", "running", "startedAt", default=timestamp(s.now))
    ended = {"exitCode": code, "reason": reason or ("Error" if code else "Completed"), "startedAt": since}
    ended |= {"finishedAt": timestamp(s.now), "containerID": s.status.get("containerID", "")}
    ready_now = s.init and code == 0
    return {**s.status, "state": {"terminated": ended}, "ready": ready_now, "started": False}


def unchanged(s: Situation) -> Object:
    return s.status


#: What a stage's `becomes` may say, besides ``waiting: REASON``.
BECOMES: dict[str, Callable[[Situation], Object]] = {
    "running": running,
    "started": started,
    "ready": ready,
    "unready": unready,
    "running and ready": running_and_ready,
    "resized": resized,
    "exited": exited,
    "OOM killed": oom_killed,
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
    state = {"waiting": {"reason": reason, **_message(s, reason)}}
    return {**s.status, "state": state, "lastState": last, "ready": False}


# --- why it waits --------------------------------------------------------------------------------

#: reason -> message. Placeholders: as in `events`, and how long is waited.
WAITING = {
    "CrashLoopBackOff": "back-off {backoff} restarting failed container={container} pod={pod}_{namespace}({uid})",
    "ErrImagePull": "{why}",
    "ImagePullBackOff": 'Back-off pulling image "{image}": ErrImagePull: {why}',
    "ErrImageNeverPull": 'Container image "{image}" is not present with pull policy of Never',
    "InvalidImageName": "{invalid}",
}


def _message(s: Situation, reason: str) -> Object:
    template = WAITING.get(reason)
    if template is None:
        return {}
    return {"message": template.format(**words(s), backoff=go_duration(crash_backoff(s)))}


def words(s: Situation) -> dict[str, str]:
    """What goes into the texts of events and messages."""
    image = s.spec["image"]
    return {
        "image": image,
        "container": s.spec["name"],
        "pod": name_of(s.pod),
        "namespace": namespace_of(s.pod),
        "uid": uid_of(s.pod),
        "why": f"failed to resolve image: {image}: not found",
        "invalid": f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": '
        "invalid reference format",
    }


def go_duration(seconds: float) -> str:
    """As Go writes one: ``10s``, ``2m40s``, ``1.234s``, ``200ms``."""
    if seconds == inf:
        return "forever"
    if 0 < seconds < 1:
        return f"{round(seconds * 1000, 3):g}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    text = f"{round(rest, 3):g}s"
    if not minutes:
        return text
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}h{minutes}m{text}" if hours else f"{minutes}m{text}"
