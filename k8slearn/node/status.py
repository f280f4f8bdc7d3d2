"""What a kubelet says about a pod: phase and conditions. Pure functions.

The phase is a summary for people; controllers look at conditions. Both follow from the containers.

Kubernetes: pkg/kubelet/status/generate.go, pkg/kubelet/kubelet_pods.go (getPhase)
"""

from __future__ import annotations

from k8slearn.api.clock import timestamp
from k8slearn.api.objects import Object, dig


def phase(pod: Object, init: list[Object], main: list[Object], *, over: bool = False) -> str:
    """Pending, Running, Succeeded or Failed. `over`: nothing will be started any more."""
    policy = dig(pod, "spec", "restartPolicy", default="Always")
    codes = [dig(s, "state", "terminated", "exitCode") for s in main]
    if policy == "Never" and any(map(_gave_up, _init_specs(pod), init)):
        return "Failed"
    if not over and (_incomplete(pod, init, main) or any(map(_never_ran, main))):
        return "Pending"
    if not over:
        return "Running"
    return "Failed" if any(codes) else "Succeeded"


def is_past(spec: Object, status: Object) -> bool:
    """An init container that no longer keeps the others waiting: a sidecar need not have ended."""
    return bool(status["ready"]) or (bool(status["started"]) and spec.get("restartPolicy") == "Always")


def _gave_up(spec: Object, status: Object) -> bool:
    """An init container that failed; a sidecar would be started again."""
    failed = dig(status, "state", "terminated", "exitCode", default=0) != 0
    return failed and spec.get("restartPolicy") != "Always"


def _incomplete(pod: Object, init: list[Object], main: list[Object]) -> list[str]:
    """Who still keeps the pod from being initialized. Once its containers have been started, it stays so."""
    if not all(map(_never_ran, main)):
        return []
    return [s["name"] for spec, s in zip(_init_specs(pod), init, strict=True) if not is_past(spec, s)]


def _init_specs(pod: Object) -> list[Object]:
    found: list[Object] = dig(pod, "spec", "initContainers", default=[])
    return found


def _never_ran(status: Object) -> bool:
    return "waiting" in status["state"] and not status["lastState"]


def conditions(pod: Object, phase: str, init: list[Object], main: list[Object], now: float) -> list[Object]:
    """The kubelet's conditions, and after them those that others have put there."""
    over = phase in ("Succeeded", "Failed")
    sidecars = [
        s for spec, s in zip(_init_specs(pod), init, strict=True) if spec.get("restartPolicy") == "Always"
    ]
    unready = [s["name"] for s in (*sidecars, *main) if not s["ready"]]
    initialized = _problem("ContainersNotInitialized", "incomplete", _incomplete(pod, init, main))
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
