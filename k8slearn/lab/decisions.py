"""A decision of a scheduler as the panel "Every decision explained" shows it: plain JSON, made of a `Decision`.

Two knobs belong to it: the weight of each plugin that scores, and what the pod requests. Turned, they ask `what_if`,
which writes nothing: the pod stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from k8slearn.api.objects import Object, dig
from k8slearn.scheduler import Decision, PodInfo, Scheduler
from k8slearn.scheduler.framework import PluginFailed
from k8slearn.scheduler.whatif import what_if
from k8slearn.sim import Simulation

ROWS, PODS = 24, 12  # that are shown
MIB = 1024 * 1024
UNITS = {"cpu": "m", "memory": "Mi"}
REACH = {"cpu": 8000, "memory": 16384}  # where the sliders end, unless the pod requests more

Data = dict[str, Any]


@dataclass
class Knobs:
    """What has been turned, for one pod. Empty: look at what was decided."""

    pod: str = ""
    weights: dict[str, int] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)  # cpu in thousandths, memory in MiB

    @property
    def turned(self) -> bool:
        return bool(self.weights or self.requests)

    def of(self, pod: str) -> Knobs:
        """These, if they are of that pod; otherwise none is turned."""
        return self if self.pod == pod else Knobs(pod)

    def quantities(self) -> dict[str, str]:
        return {resource: f"{amount}{UNITS[resource]}" for resource, amount in self.requests.items()}


def schedulers(sim: Simulation) -> Iterator[Scheduler]:
    return (p for p in sim.manager.players.values() if isinstance(p, Scheduler))


def find(sim: Simulation, key: str | None) -> tuple[Scheduler, Decision] | None:
    """Who decided about this pod, and how; of another object, or of none: the newest decision of all."""
    known = [(s, d) for s in schedulers(sim) for d in s.decisions.values()]
    meant = [pair for pair in known if pair[1].pod == key] or known
    return max(meant, key=lambda pair: pair[1].step, default=None)


def turn(sim: Simulation, knobs: Knobs, verb: str, who: str, what: str) -> Knobs:
    """The knobs after an order of the panel: `weigh` a plugin, `request` a resource, or `as decided`.

    `what` is the pod and the number: ``default/web 3``.
    """
    pod, _, number = what.partition(" ")
    found = find(sim, pod)
    if found is None or verb == "as decided":
        return Knobs()
    scheduler, decision = found
    old = knobs.of(decision.pod)
    weights, requests = dict(old.weights), dict(old.requests)
    weighs = verb == "weigh"
    chosen = weights if weighs else requests
    there = decision.weights if weighs else _requested(scheduler, decision)
    chosen[who] = int(number)
    if chosen[who] == there[who]:
        del chosen[who]
    return Knobs(decision.pod, weights, requests)


ORDERS = ("weigh", "request", "as decided")


def explained(sim: Simulation, key: str | None, knobs: Knobs) -> Data | None:
    """What the panel shows; None before the first decision."""
    found = find(sim, key)
    if found is None:
        return None
    scheduler, decided = found
    knobs, trouble, shown = knobs.of(decided.pod), "", decided
    pod = scheduler.cache.get("pods", decided.pod)
    if knobs.turned and pod is not None:
        try:
            shown = what_if(scheduler, pod, weights=knobs.weights, requests=knobs.quantities())
        except PluginFailed as failure:
            trouble = str(failure)
    told = _told(shown, trouble) | {"scheduler": scheduler.name, "step": decided.step}
    told["pods"] = sorted(d.pod for d in list(scheduler.decisions.values())[-PODS:])
    told["knobs"] = _knobs(scheduler, decided, knobs) if pod is not None else []
    told["turned"], told["decided"] = knobs.turned, decided.node
    told["remark"] = remark(told)
    return told


def remark(told: Data) -> str:
    """What came of it, in one sentence."""
    node, turned, tied = told["node"], told["turned"], told["ties"]
    if turned:
        if not node:
            return f"What if: no node would do. (It was decided: {told['decided'] or 'no node'}.)"
        same = "the same node" if node == told["decided"] else f"not {told['decided'] or 'nowhere'}"
        return f"What if: {node}, {same}. Nothing is written."
    if not node:
        return told["message"] or "No node would do."
    how = f"the best of {told['candidates']}" if len(tied) < 2 else f"by dice, among {len(tied)} equally good"
    return f"{told['pod']} → {node}: {how}; {told['nodes'] - told['candidates']} refused"


def _requested(scheduler: Scheduler, decision: Decision) -> dict[str, int]:
    """Of its first container: cpu in thousandths, memory in MiB."""
    pod = scheduler.cache.get("pods", decision.pod) or {}
    first: Object = {"spec": {"containers": dig(pod, "spec", "containers", default=[{}])[:1]}}
    named = {"metadata": {"name": ""}, **first}
    requests = PodInfo(named).requests if first["spec"]["containers"][0] else {}
    return {"cpu": requests.get("cpu", 0), "memory": requests.get("memory", 0) // MIB}


def _knobs(scheduler: Scheduler, decision: Decision, knobs: Knobs) -> list[Data]:
    requested = _requested(scheduler, decision)
    weights = [
        _knob("weigh", name, weight, 10, "", knobs.weights) for name, weight in decision.weights.items()
    ]
    asked = [
        _knob("request", name, amount, REACH[name], UNITS[name], knobs.requests)
        for name, amount in requested.items()
    ]
    return [*asked, *weights]


def _knob(order: str, name: str, there: int, reach: int, unit: str, turned: dict[str, int]) -> Data:
    step = {"cpu": 100, "memory": 128}.get(name, 1)
    now = turned.get(name, there)
    return {
        "order": order,
        "name": name,
        "value": now,
        "decided": there,
        "max": max(reach, 2 * there),
        "step": step,
        "unit": unit,
    }


def _told(decision: Decision, trouble: str) -> Data:
    rows = [_row(decision, row) for row in decision.table()]
    rows.sort(key=lambda row: (row["mark"] == "refused", -row["total"], row["node"]))
    failed = not rows and decision.nodes > 0
    return {
        "pod": decision.pod,
        "node": decision.node,
        "message": trouble or decision.message,
        "nominated": decision.nominated,
        "ties": list(decision.ties),
        "candidates": decision.candidates,
        "nodes": decision.nodes,
        "failed": bool(trouble) or failed,
        "plugins": [{"name": name, "weight": weight} for name, weight in decision.weights.items()],
        "rows": rows[:ROWS],
        "more": max(decision.nodes - min(len(rows), ROWS), 0),
    }


def _row(decision: Decision, row: Data) -> Data:
    """mark: chosen, tied, fits or refused. scores: [raw, normalised, weighted] for each plugin, or None."""
    if "refused" in row:
        said = {"plugin": row["plugin"], "reasons": row["refused"]}
        return {"node": row["node"], "mark": "refused", "total": -1, "scores": [], **said}
    mark = "chosen" if row["chosen"] else "tied" if row["node"] in decision.ties else "fits"
    scores = [row["scores"].get(name) for name in decision.weights]
    cells = [None if score is None else list(score) for score in scores]
    return {
        "node": row["node"],
        "mark": mark,
        "total": row["total"],
        "scores": cells,
        "plugin": "",
        "reasons": [],
    }
