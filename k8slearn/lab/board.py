"""What the panel "nodes and pods" draws: machines with what is asked of them, and what runs on each.

A machine's size is what it can give (allocatable). Two things are held against it: what its pods request, which is
what the scheduler counts, and what they really use, which is what the kubelet sees. They need not agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from k8slearn.api.objects import Object, dig, is_deleting, key_of, name_of
from k8slearn.api.quantities import milli, value
from k8slearn.api.quota import pod_requests
from k8slearn.node.life import FINAL, statuses_of
from k8slearn.node.usage import pod_usage
from k8slearn.sim import Simulation

NODES, PODS = 50, 40  # of a node, and of those that have none
GIBI = 1024**3
Data = dict[str, Any]
Selection = dict[str, str | None]


def board(sim: Simulation, pods: Sequence[Object], selection: Selection) -> Data:
    """Every node with its meters, signs and pods; the pods without a node; and what is said of the selected one."""
    everybody = sorted(sim.state().get("nodes", {}).values(), key=_counting)
    nodes, placed = everybody[:NODES], _by_node(pods)
    waiting = placed.get("", [])
    return {
        "nodes": [_node(sim, node, placed.get(name_of(node), [])) for node in nodes],
        "more": max(len(everybody) - NODES, 0),
        "waiting": [square(pod) for pod in waiting[:PODS]],
        "waiting_count": len(waiting),
        "chosen": _chosen(sim, pods, selection),
    }


def _counting(node: Object) -> list[tuple[int, str]]:
    """So that node-2 comes before node-10."""
    return [(len(part), part) if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name_of(node))]


def _by_node(pods: Sequence[Object]) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for pod in pods:
        found.setdefault(dig(pod, "spec", "nodeName", default=""), []).append(pod)
    return found


# --- a node ----------------------------------------------------------------------------------


def _node(sim: Simulation, node: Object, pods: list[Object]) -> Data:
    wire = sim.wires.get(f"kubelet/{name_of(node)}")
    return {
        "name": name_of(node),
        "ready": _ready(node) == "True",
        "cut_off": wire is not None and wire.faults.cut,
        "signs": signs(node),
        "meters": meters(node, pods, sim.now),
        "pods": [square(pod) for pod in pods[:PODS]],
        "count": len(pods),
    }


def _ready(node: Object) -> str:
    return next((c["status"] for c in _conditions(node) if c["type"] == "Ready"), "Unknown")


def _conditions(thing: Object) -> list[Object]:
    return list(dig(thing, "status", "conditions", default=[]))


def signs(node: Object) -> list[str]:
    """What is unusual about it: conditions that are not as they should be, then taints."""
    odd = [c for c in _conditions(node) if c["status"] != _good(c)]
    if any(c["type"] == "Ready" for c in odd):  # then nothing is known of the others either
        odd = [c for c in odd if c["type"] == "Ready" or c["status"] == "True"]
    told = [f"{c['type']} {c['status']}" for c in odd]
    effects: dict[str, list[str]] = {}
    for taint in dig(node, "spec", "taints", default=[]):
        effects.setdefault(taint["key"].rpartition("/")[2], []).append(taint["effect"])
    return told + [f"taint {key}: {', '.join(found)}" for key, found in effects.items()]


def _good(condition: Object) -> str:
    return "True" if condition["type"] == "Ready" else "False"


def meters(node: Object, pods: Sequence[Object], now: float) -> list[Data]:
    """Of cpu (in cpus) and memory (in Gi): requested, used, and how much there is."""
    there = [pod for pod in pods if dig(pod, "status", "phase") not in FINAL]
    asked = [pod_requests(pod) for pod in there]
    used = [pod_usage(pod, now) for pod in there]
    has = dig(node, "status", "allocatable", default={})
    cpu = sum(milli(r.get("cpu", 0)) for r in asked), sum(u.cpu for u in used), milli(has.get("cpu", 0))
    memory = (
        sum(value(r.get("memory", 0)) for r in asked),
        sum(u.memory for u in used),
        value(has.get("memory", 0)),
    )
    return [_meter("cpu", "", 1000, *cpu), _meter("memory", "Gi", GIBI, *memory)]


def _meter(name: str, unit: str, one: int, asked: float, used: float, has: float) -> Data:
    numbers = {"asked": round(asked / one, 2), "used": round(used / one, 2), "has": round(has / one, 2)}
    return {"name": name, "unit": unit, **numbers}


# --- a pod -----------------------------------------------------------------------------------


def square(pod: Object) -> Data:
    """A pod as a small square, with why it is not well, and how often it was started again."""
    return {
        "key": key_of(pod),
        "phase": dig(pod, "status", "phase", default="Unknown"),
        "ready": any(c["type"] == "Ready" and c["status"] == "True" for c in _conditions(pod)),
        "deleting": is_deleting(pod),
        "reason": _reason(pod),
        "restarts": sum(status["restartCount"] for status in statuses_of(pod)),
    }


def _reason(pod: Object) -> str:
    """Its own; or that of a container that waits, or has ended badly; or why it has no node."""
    if said := dig(pod, "status", "reason"):
        return str(said)
    states = [status["state"] for status in statuses_of(pod)]
    waits = (dig(state, "waiting", "reason") for state in states)
    ends = (dig(s, "terminated", "reason") for s in states if dig(s, "terminated", "exitCode"))
    nowhere = (c.get("reason") for c in _conditions(pod) if c["type"] == "PodScheduled")
    return str(next(filter(None, (*waits, *ends, *nowhere)), ""))


# --- more about one of them ------------------------------------------------------------------


def _chosen(sim: Simulation, pods: Sequence[Object], selection: Selection) -> Data | None:
    """The selected pod; else the node whose kubelet is selected."""
    pod = next((pod for pod in pods if key_of(pod) == selection.get("object")), None)
    if pod is not None:
        return {"title": key_of(pod), "lines": list(_about_pod(pod))}
    room, _, name = (selection.get("player") or "").partition("/")
    node = sim.state().get("nodes", {}).get(name) if room == "kubelet" else None
    return None if node is None else {"title": name, "lines": list(_about_node(node))}


def _about_pod(pod: Object) -> Iterator[str]:
    node, quality = dig(pod, "spec", "nodeName"), dig(pod, "status", "qosClass")
    place = f" on {node}" if node else ", no node yet"
    yield f"{dig(pod, 'status', 'phase', default='Unknown')}{place}" + (f", {quality}" if quality else "")
    if is_deleting(pod):
        yield f"to be gone by {pod['metadata']['deletionTimestamp']}"
    yield from map(container_line, statuses_of(pod))
    if text := dig(pod, "status", "message"):
        yield str(text)
    yield from (c["message"] for c in _conditions(pod) if c["type"] == "PodScheduled" and c.get("message"))
    told = [f"{c['type']} {c['status']}" for c in _conditions(pod)]
    yield "conditions: " + (", ".join(told) or "none")


def container_line(status: Object) -> str:
    """``app: waiting (CrashLoopBackOff), 3 restarts, before that Error, exit code 1``"""
    ((state, more),) = status["state"].items()
    why, code = more.get("reason"), more.get("exitCode")
    said = [f"{status['name']}: {state}" + (f" ({why})" if why else "")]
    said += [f"exit code {code}"] if code is not None else ["ready"] if status["ready"] else ["not ready"]
    said += [f"{status['restartCount']} restarts"] if status["restartCount"] else []
    if before := dig(status, "lastState", "terminated"):
        said.append(f"before that {before['reason']}, exit code {before['exitCode']}")
    return ", ".join(said)


def _about_node(node: Object) -> Iterator[str]:
    for c in _conditions(node):
        yield f"{c['type']} {c['status']}: {c.get('reason', '')}"
    for taint in dig(node, "spec", "taints", default=[]):
        yield f"taint {taint['key']}:{taint['effect']}"
