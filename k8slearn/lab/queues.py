"""The queue and the caches of each player: what it has heard, what it still has to hear, what it has to do, and why.

A cache's lag is a number of events, and they can be named: they stand in the log behind the informer's place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from k8slearn.api.objects import Key, key_of, name_of, revision_of
from k8slearn.lab import story
from k8slearn.machinery import Controller, Informer
from k8slearn.machinery.workqueue import Timer
from k8slearn.sim import Simulation, Step
from k8slearn.store import Entry

PLAYERS = 4  # one below the other
BEHIND, KEYS, CAUSES = 8, 8, 4
MARKS = {"ADDED": "+", "MODIFIED": "~", "DELETED": "-"}

Data = dict[str, Any]
Selection = dict[str, str | None]


def queues(sim: Simulation, step: Step | None, selection: Selection) -> Data:
    """The selected player; else those that have something to hear or to do, the one that moved first."""
    selected, chosen = selection.get("player"), selection.get("object")
    found = [p for p in sim.manager.players.values() if p.name == selected]
    found = found or sorted(_busy(sim, step), key=lambda p: step is None or p.name != step.player)
    return {
        "players": [_player(sim, p, step, chosen) for p in found[:PLAYERS]],
        "more": max(len(found) - PLAYERS, 0),
    }


def _busy(sim: Simulation, step: Step | None) -> Iterator[Controller]:
    for p in sim.manager.players.values():
        hears = any(i.lag or i.held or i.watch is None for i in p.informers.values())
        if hears or p.queue.ready or _awaited(p) or (step is not None and p.name == step.player):
            yield p


def _awaited(p: Controller) -> list[Timer]:
    """Timers that somebody waits for: not the housekeeping."""
    return sorted(timer for timer in p.queue.timers if not timer.background)


def _player(sim: Simulation, p: Controller, step: Step | None, chosen: str | None) -> Data:
    ready, waiting = list(p.queue.ready), _awaited(p)
    return {
        "name": p.name,
        "room": p.room,
        "caches": [_cache(sim, p, i, chosen) for i in _in_order(p)],
        "ready": [_key(sim, p, key, chosen) for key in ready[:KEYS]],
        "more_ready": max(len(ready) - KEYS, 0),
        "working": _working(p, step, chosen),
        "waiting": [_later(sim, p, timer, chosen) for timer in waiting[:KEYS]],
        "more_waiting": max(len(waiting) - KEYS, 0),
    }


# --- caches ----------------------------------------------------------------------------------


def _in_order(p: Controller) -> list[Informer]:
    """All informers; of those who watch dozens of kinds, those that are behind, or know something."""
    informers = list(p.informers.values())
    if len(informers) < KEYS:
        return informers
    known = [i for i in informers if i.lag or i.held or p.cache.objects.get(i.resource)]
    return sorted(known, key=lambda i: -i.lag)[:KEYS]


def _cache(sim: Simulation, p: Controller, informer: Informer, chosen: str | None) -> Data:
    behind = pending(informer)
    return {
        "resource": story.plain(informer.resource),
        "objects": len(p.cache.objects.get(informer.resource, {})),
        "revision": informer.revision,
        "store": sim.store.revision,
        "lag": informer.lag,
        "state": _state(informer),
        "behind": [_event(sim, entry, chosen) for entry in behind[:BEHIND]],
        "more": max(len(behind) - BEHIND, 0),
        "belief": _belief(sim, p, informer, chosen),
    }


def _belief(sim: Simulation, p: Controller, informer: Informer, chosen: str | None) -> str:
    """``default/shop @5, in the store @9``; "" when the chosen object is of no such kind."""
    if chosen is None:
        return ""
    here = p.cache.objects.get(informer.resource, {}).get(chosen)
    there = sim.store.get(informer.resource, chosen)
    if here is None and there is None:
        return ""
    known = f"@{revision_of(here)}" if here is not None else "not known"
    return f"{chosen} {known}, in the store {f'@{revision_of(there)}' if there is not None else 'no more'}"


def _state(informer: Informer) -> str:
    if informer.watch is None:
        return "must list" if informer.synced else "has not listed yet"
    return "held" if informer.held else ""


def pending(informer: Informer) -> list[Entry]:
    """The events that are written and not yet heard, oldest first."""
    cursor = getattr(informer.watch, "cursor", None)
    if cursor is None or cursor.lag <= 0:
        return []
    return list(cursor.topic.entries[-cursor.lag :])


def _event(sim: Simulation, entry: Entry, chosen: str | None) -> Data:
    key = key_of(entry.object)
    return {
        "mark": MARKS[entry.type],
        "words": f"{name_of(entry.object)} @{entry.revision}",
        "key": key,
        "step": sim.trace.writer.get(entry.revision),
        "chosen": key == chosen,
    }


# --- the queue -------------------------------------------------------------------------------


def _key(sim: Simulation, p: Controller, key: Key, chosen: str | None) -> Data:
    """A key, and the steps that put it into the queue."""
    causes = p.queue.causes.get(key, [])
    return {
        "key": key,
        "chosen": key == chosen,
        "failures": p.queue.failures.get(key, 0),
        "because": list(_because(sim, causes[-CAUSES:])),
        "more": max(len(causes) - CAUSES, 0),
    }


def _because(sim: Simulation, causes: Iterable[int]) -> Iterator[Data]:
    for number in causes:
        if number > 0:
            yield {"step": number, "words": _reason(sim.trace[number])}
        else:
            yield {"step": None, "words": "from before the first step"}


def _reason(step: Step) -> str:
    """``pods shop-x ADDED``: what this step told the queue, in a few words."""
    if step.action == "deliver":
        kind = step.result.partition(" ")[0] if step.key else "listed"
        return " ".join(filter(None, [story.plain(step.resource), step.key.rpartition("/")[2], kind]))
    return {"timer": "its time has come", "reconcile": "asked for itself"}.get(step.action, step.action)


def _working(p: Controller, step: Step | None, chosen: str | None) -> list[Data]:
    """Keys in somebody's hands. A reconcile is one step, so after it this is the key it has just put down."""
    found = [{"key": key, "chosen": key == chosen, "result": ""} for key in sorted(p.queue.processing)]
    if step is not None and step.player == p.name and step.action == "reconcile":
        found.append({"key": step.key, "chosen": step.key == chosen, "result": _ending(step.result)})
    return found


def _ending(result: str) -> str:
    """How a reconcile ended, without the words of an error: ``failed (InternalError), again in 0.02 s``"""
    if not result.startswith("error: "):
        return result
    return f"failed ({result.split(': ')[1]}), {result.rpartition('; ')[2]}"


def _later(sim: Simulation, p: Controller, timer: Timer, chosen: str | None) -> Data:
    error = p.errors.get(timer.key)
    return {
        "key": timer.key,
        "chosen": timer.key == chosen,
        "due": timer.due,
        "in": round(timer.due - sim.now, 3),
        "failures": p.queue.failures.get(timer.key, 0),
        "error": type(error).__name__ if error is not None else "",
    }
