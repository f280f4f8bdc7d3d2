"""From a simulation to what a panel draws: one *frame* per step, as plain JSON.

Panels never look into a simulation; they draw frames. So a frame can come from anywhere (a simulation, a
recording, a test) and everything a panel shows can be tested without drawing it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any

from k8slearn.api.objects import Object, controller_of, dig, is_deleting, key_of, name_of, revision_of, uid_of
from k8slearn.lab import decisions, ownership, story, streams
from k8slearn.lab.board import board
from k8slearn.lab.flows import flows
from k8slearn.lab.logs import log
from k8slearn.lab.loops import loop
from k8slearn.lab.notes import note, pod_note
from k8slearn.lab.queues import queues
from k8slearn.machinery import Controller, Informer
from k8slearn.sim import Call, Simulation, Step

KEYS_SHOWN = 12  # of a cache, on a player's card
NODES_SHOWN = 100
CALLS_SHOWN = 8  # of one step, as messages that travel
BESIDES = (("client", "You (kubectl)"), ("apiserver", "API server"), ("store", "Store"))

Selection = dict[str, str | None]


class SimSource:
    """A simulation as the source of a studio. `until`: stop stepping when this holds."""

    def __init__(self, sim: Simulation, until: Callable[[Simulation], bool] | None = None) -> None:
        self.sim = sim
        self.until = until
        self._traffic = Traffic()
        self._knobs = decisions.Knobs()
        self._since = 0  # the revision that the owners are compared with; 0: that before the step

    @property
    def position(self) -> int:
        return self.sim.position

    @property
    def length(self) -> int:
        return len(self.sim.trace)

    def mark(self) -> tuple[int, int, int]:
        """Something that differs whenever the simulation is somewhere else, or has another history."""
        last = self.sim.trace.steps[-1] if self.length else None
        return self.position, self.length, id(last)

    def step(self) -> bool:
        if self.position == self.length and self.until is not None and self.until(self.sim):
            return False
        return self.sim.step() is not None

    def back(self) -> None:
        self.sim.back()

    def goto(self, n: int) -> None:
        self.sim.goto(n)

    def obey(self, verb: str, who: str, what: str) -> None:
        if verb in decisions.ORDERS:
            self._knobs = decisions.turn(self.sim, self._knobs, verb, who, what)
        elif verb == ownership.COMPARE:
            self._since = int(what)
        else:
            streams.obey(self.sim, verb, who)

    def frame(self, selection: Selection) -> dict[str, Any]:
        step = self.sim.trace[self.position] if self.position else None
        explained = decisions.explained(self.sim, selection.get("object"), self._knobs)
        owners = ownership.ownership(self.sim, step, selection.get("object"), self._since)
        more = {"scheduler": explained, "owners": owners, "traffic": flows(self.sim)}
        return frame(self.sim, selection, self._traffic) | more


def frame(sim: Simulation, selection: Selection, traffic: Traffic | None = None) -> dict[str, Any]:
    """Everything a panel may show of `sim` at its present position."""
    step = sim.trace[sim.position] if sim.position else None
    pods = list(sim.state().get("pods", {}).values())
    return {
        "step": sim.position,
        "last": len(sim.trace),
        "time": sim.now,
        "revision": sim.store.revision,
        "title": story.title(step) if step else "before the first step",
        "text": story.sentence(step, sim.store.log)
        if step
        else "Everybody has listed what they watch, and waits.",
        "mover": step.player if step and step.player in sim.manager.players else _besides(step),
        "players": players(sim),
        "edges": (traffic or Traffic()).edges(sim),
        "messages": messages(step, sim.world) if step else [],
        "workloads": workloads(sim, pods),
        "nodes": nodes(sim, pods),
        "unscheduled": [pod_note(p) for p in pods if not dig(p, "spec", "nodeName")],
        "loop": loop(sim, step, selection.get("player")),
        "log": log(sim, selection.get("player")),
        "watches": streams.streams(sim, selection.get("player")),
        "queues": queues(sim, step, selection),
        "board": board(sim, pods, selection),
        "selection": {"player": selection.get("player"), "object": selection.get("object")},
    }


def _besides(step: Step | None) -> str | None:
    """Who has moved, if it was none of the players: the user, or somebody in a system outside."""
    if step is None or step.action not in ("request", "meddle"):
        return None
    return "client" if step.action == "request" else step.resource


# --- players ---------------------------------------------------------------------------------


def players(sim: Simulation) -> list[dict[str, Any]]:
    """The people and processes: the user, the API server, the store, every component, every system outside."""
    fixed = [
        {"id": name, "label": label, "room": name, "alive": True, "cut_off": False}
        | {"queue": [], "waiting": [], "caches": []}
        for name, label in BESIDES
    ]
    inside = [player(sim, p) for p in sim.manager.players.values()]
    return fixed + inside + [outsider(name, system) for name, system in sim.world.items()]


def player(sim: Simulation, p: Controller) -> dict[str, Any]:
    waiting = sorted({t.key: t.due for t in reversed(p.queue.timers) if not t.background}.items())
    return {
        "id": p.name,
        "label": label(p),
        "room": p.room,
        "alive": True,
        "cut_off": sim.wires[p.name].faults.cut,
        "queue": list(p.queue.ready),
        "waiting": [{"key": key, "in": round(due - sim.now, 3)} for key, due in waiting],
        "caches": [cache(p, i) for i in _worth_a_line(p)],
    }


def outsider(name: str, system: Any) -> dict[str, Any]:
    """A system outside of the cluster; behind its name, how many things there are in it."""
    there = f" ({len(list(system.list()))})" if callable(getattr(system, "list", None)) else ""
    fixed = {"id": name, "label": f"{name[:1].upper()}{name[1:]}{there}", "room": "outside"}
    return fixed | {"alive": True, "cut_off": False, "queue": [], "waiting": [], "caches": []}


def label(p: Controller) -> str:
    """``ReplicaSet``, ``Garbage collector``, ``node-0``: the class in plain words, a kind as it is written."""
    if "/" in p.name:
        return p.name.partition("/")[2]
    name = type(p).__name__.removesuffix("Controller")
    if name in {r.kind for r in p.client.kinds}:
        return name
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return words[:1].upper() + words[1:].lower()


def _worth_a_line(p: Controller) -> list[Informer]:
    """Who watches dozens of kinds shows those of which there is something."""
    informers = list(p.informers.values())
    return (
        informers
        if len(informers) < 8
        else [i for i in informers if p.cache.objects.get(i.resource) or i.lag]
    )


def cache(p: Controller, informer: Informer) -> dict[str, Any]:
    """What one informer knows, and how far behind it is."""
    known = p.cache.objects.get(informer.resource, {})
    newest = sorted(known.items(), key=lambda item: -revision_of(item[1]))[:KEYS_SHOWN]
    return {
        "resource": informer.resource,
        "objects": len(known),
        "revision": informer.revision,
        "lag": informer.lag,
        "held": informer.held,
        "keys": [{"key": k, "revision": revision_of(o), "note": note(o)} for k, o in sorted(newest)],
    }


# --- traffic ---------------------------------------------------------------------------------


class Traffic:
    """Who has talked to whom so far. Counts on from where it was, and anew after a step back."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str], int] = {}
        self._upto = 0
        self._last: Step | None = None

    def edges(self, sim: Simulation) -> list[dict[str, Any]]:
        """Edges of the architecture graph, from what was recorded and from nothing else."""
        steps = sim.trace.steps
        if self._upto > sim.position or (self._upto and steps[self._upto - 1] is not self._last):
            self._counts, self._upto = {}, 0
        for step in steps[self._upto : sim.position]:
            for hop in hops(step, sim.world):
                self._counts[hop] = self._counts.get(hop, 0) + 1
        self._upto = sim.position
        self._last = steps[self._upto - 1] if self._upto else None
        edges: dict[tuple[str, str], dict[str, int]] = {}
        for (sender, receiver, verb), count in self._counts.items():
            edges.setdefault((sender, receiver), {})[verb] = count
        return [{"from": a, "to": b, "verbs": verbs} for (a, b), verbs in edges.items()]


def hops(step: Step, outside: Container[str] = ()) -> Iterator[tuple[str, str, str]]:
    """(from, to, verb) of everything that went over a wire in this step. `outside`: names of other systems."""
    for call in step.calls:
        if call.resource in outside:
            yield step.player, call.resource, call.verb
            continue
        yield step.player, "apiserver", call.verb
        yield "apiserver", "store", "put" if call.revision else "get"
    if step.action == "deliver" and not step.calls:
        yield "apiserver", step.player, "watch"


def messages(step: Step, outside: Container[str] = ()) -> list[dict[str, Any]]:
    """What travels in this step, in waves: one hop each. `outside`: names of other systems."""
    if step.action == "deliver" and not step.calls:
        label = f"{step.resource} {step.key}"
        return [_message(0, "apiserver", step.player, step.result.partition(" ")[0], label)]
    found: list[dict[str, Any]] = []
    for i, call in enumerate(_worth_showing(step.calls)):
        made = _outside_messages if call.resource in outside else _call_messages
        found += made(2 * i, step.player, call)
    return found


def _worth_showing(calls: Iterable[Call]) -> list[Call]:
    return [c for c in calls if c.resource != story.NOTES][:CALLS_SHOWN]


def _outside_messages(wave: int, sender: str, call: Call) -> list[dict[str, Any]]:
    system, ok = call.resource, call.ok
    there, back = (sender, system, call.verb, call.key), (system, sender, call.note, call.key)
    return [_message(wave, *there), _message(wave + 1, *back, ok=ok)]


def _call_messages(wave: int, sender: str, call: Call) -> list[dict[str, Any]]:
    there = _message(wave, sender, "apiserver", call.verb, call.what)
    if not call.ok:
        return [
            there,
            _message(wave + 1, "apiserver", sender, f"{call.code} {call.note}", call.what, ok=False),
        ]
    if not call.revision:
        return [there, _message(wave + 1, "apiserver", "store", "get", call.what)]
    return [there, _message(wave + 1, "apiserver", "store", "put", f"@{call.revision}")]


def _message(wave: int, a: str, b: str, verb: str, label: str, *, ok: bool = True) -> dict[str, Any]:
    return {"wave": wave, "from": a, "to": b, "verb": verb, "label": label, "ok": ok}


# --- objects ---------------------------------------------------------------------------------


def workloads(sim: Simulation, pods: list[Object]) -> list[dict[str, Any]]:
    """Everything that asks for a number of replicas: what it wants, what there is, what is ready."""
    objects = [
        o for kind in sim.state().values() for o in kind.values() if "replicas" in dig(o, "spec", default={})
    ]
    children: dict[str, list[Object]] = {}
    for obj in (*objects, *pods):
        owner = controller_of(obj)
        if owner:
            children.setdefault(owner["uid"], []).append(obj)
    names = {uid_of(o): key_of(o) for o in objects}
    return [_workload(o, list(_pods_below(o, children)), names) for o in objects]


def _pods_below(obj: Object, children: dict[str, list[Object]]) -> Iterator[Object]:
    for child in children.get(uid_of(obj), ()):
        if child["kind"] == "Pod":
            yield child
        else:
            yield from _pods_below(child, children)


def _workload(obj: Object, pods: list[Object], names: dict[str, str]) -> dict[str, Any]:
    owner = controller_of(obj)
    return {
        "kind": obj["kind"],
        "key": key_of(obj),
        "desired": obj["spec"]["replicas"],
        "actual": len([p for p in pods if not is_deleting(p)]),
        "ready": len([p for p in pods if pod_note(p)["ready"]]),
        "owner": names.get(owner["uid"]) if owner else None,
    }


def nodes(sim: Simulation, pods: list[Object]) -> list[dict[str, Any]]:
    """The machines, and the pods that are bound to them."""
    placed: dict[str, list[dict[str, Any]]] = {}
    for pod in pods:
        placed.setdefault(dig(pod, "spec", "nodeName", default=""), []).append(pod_note(pod))
    found = list(sim.state().get("nodes", {}).values())[:NODES_SHOWN]
    return [_node(sim, n, placed.get(name_of(n), [])) for n in found]


def _node(sim: Simulation, node: Object, pods: list[dict[str, Any]]) -> dict[str, Any]:
    conditions = {c["type"]: c["status"] for c in dig(node, "status", "conditions", default=[])}
    wire = sim.wires.get(f"kubelet/{name_of(node)}")
    return {
        "name": name_of(node),
        "ready": conditions.get("Ready") == "True",
        "cut_off": wire is not None and wire.faults.cut,
        "pods": pods,
    }
