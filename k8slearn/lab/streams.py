"""The watches of a simulation: each informer's place, what it was told lately, and the faults it can suffer.

The same shape of data as `k8slearn.lab.desk` makes, so that one panel draws both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.api.objects import Object, name_of, revision_of
from k8slearn.lab import story
from k8slearn.lab.notes import note
from k8slearn.machinery import Controller, Informer, Move
from k8slearn.sim import Simulation, Step

TOLD_SHOWN = 9  # of each watcher
WATCHERS = 4  # side by side
BELIEFS = 8
LOOKED_BACK = 600  # steps
MARKS = {"ADDED": "+", "MODIFIED": "~", "DELETED": "-", "LIST": "≡"}
FAULTS = {"hold": "hold", "release": "release", "drop": "lose its place", "reconnect": "cut and reconnect"}

Data = dict[str, Any]


def order(verb: str, label: Any) -> Data:
    """A button."""
    return {"do": verb, "label": label}


def streams(sim: Simulation, selected: str | None) -> Data:
    """The informers of the selected player; else those that have most to hear."""
    found = list(_informers(sim, selected))
    shown = found[:WATCHERS]
    told = _told(sim, shown)
    return {
        "orders": [order("compact", "compact")],
        "objects": [],
        "watchers": [_watcher(sim, p, i, told[p.name, i.resource]) for p, i in shown],
        "more": len(found) - len(shown),
    }


def obey(sim: Simulation, verb: str, who: str) -> None:
    """A button was pressed. `who`: ``replicaset-controller: pods``"""
    player, _, resource = who.partition(": ")
    if verb == "deliver":
        sim.step(Move(player, "deliver", resource))
    elif verb == "compact":
        sim.fault("compact")
    else:
        sim.fault(verb, player, resource)


def _informers(sim: Simulation, selected: str | None) -> Iterator[tuple[Controller, Informer]]:
    players = sim.manager.players.values()
    found = [
        (p, i)
        for p in players
        for i in p.informers.values()
        if selected == p.name or (not selected and i.lag)
    ]
    return iter(sorted(found, key=lambda each: -each[1].lag))


def _told(sim: Simulation, shown: list[tuple[Controller, Informer]]) -> dict[tuple[str, str], list[Step]]:
    """Each one's last deliveries, newest last: looked for from now on backwards."""
    told: dict[tuple[str, str], list[Step]] = {(p.name, i.resource): [] for p, i in shown}
    for step in reversed(sim.trace.steps[max(sim.position - LOOKED_BACK, 0) : sim.position]):
        mine = told.get((step.player, step.resource)) if step.action == "deliver" else None
        if mine is not None and len(mine) < TOLD_SHOWN:
            mine.insert(0, step)
    return told


def _watcher(sim: Simulation, player: Controller, informer: Informer, told: list[Step]) -> Data:
    state = "held" if informer.held else "connected" if informer.watch is not None else "expired"
    verbs = ["deliver"] if informer.ready else []
    verbs += ["release"] if informer.held else ["hold", "drop", "reconnect"]
    return {
        "name": f"{player.name}: {informer.resource}",
        "label": player.name,
        "room": player.room,
        "asks": story.plain(informer.resource) + _selected(informer),
        "state": state,
        "words": {"held": "hears nothing", "expired": "must list again"}.get(state, state),
        "version": informer.revision,
        "lag": informer.lag,
        "told": [_line(step) for step in told],
        "before": 0,
        "orders": [order(verb, FAULTS.get(verb, verb)) for verb in verbs],
        **_beliefs(player, informer, sim.state().get(informer.resource, {})),
    }


def _beliefs(player: Controller, informer: Informer, now: dict[str, Object]) -> Data:
    known = player.cache.objects.get(informer.resource, {})
    believes = [_belief(known[key], now.get(key)) for key in sorted(known)[:BELIEFS]]
    unknown = [key.split("/")[-1] for key in now if key not in known and not _selected(informer)]
    return {"believes": believes, "unknown": unknown[:BELIEFS]}


def _belief(obj: Object, now: Object | None) -> Data:
    level = "gone" if now is None else "level" if revision_of(now) == revision_of(obj) else "old"
    return {"words": f"{name_of(obj)} @{revision_of(obj)} {note(obj)}".rstrip(), "level": level}


def _selected(informer: Informer) -> str:
    return "".join(f", {selector}" for selector in informer.selectors.values() if selector)


def _line(step: Step) -> list[str]:
    kind, _, at = step.result.rpartition(" ")
    if any(call.verb == "list" for call in step.calls):
        return [MARKS["LIST"], "LIST", f"everything {at}"]
    return [MARKS.get(kind, "·"), kind, f"{step.key.split('/')[-1]} {at}"]
