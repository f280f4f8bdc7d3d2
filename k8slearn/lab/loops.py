"""One reconcile, taken apart: what it observed, what it compared, how it acted.

Which fields are worth comparing differs from kind to kind; that is a table (`ACTUAL`). What is different
is not guessed: it is read off what the controller then did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from k8slearn.api.objects import Object, dig, edit, is_deleting, name_of
from k8slearn.lab import story
from k8slearn.lab.notes import note
from k8slearn.machinery import Controller
from k8slearn.sim import Simulation, Step

Pairs = list[list[Any]]
SEEN = 12  # objects listed under "observe"


def loop(sim: Simulation, step: Step | None, selected: str | None) -> dict[str, Any] | None:
    """The reconcile of this step; or the last one of the selected player; or None."""
    shown = step if step and step.action == "reconcile" and selected in (None, step.player) else None
    if shown is None and selected:
        past = sim.trace.steps[: sim.position]
        shown = next((s for s in reversed(past) if s.player == selected and s.action == "reconcile"), None)
    if shown is None or shown.player not in sim.manager.players:
        return None
    return _describe(sim.manager.players[shown.player], shown)


def _describe(player: Controller, step: Step) -> dict[str, Any]:
    resource, key = _subject(player, step.key)
    obj = player.cache.get(resource, key) if resource else None
    owned = _owned(player, obj)
    informers = player.informers.values()
    behind = sum(_waiting_before(i, step.before) for i in informers)
    return {
        "player": player.name,
        "key": key,
        "resource": resource,
        "step": step.number,
        "observe": {
            "revision": step.before if not behind else max((i.revision for i in informers), default=0),
            "store_revision": step.before,
            "lag": behind,
            "saw": _saw(resource, obj, owned),
        },
        "compare": {
            "desired": _desired(obj),
            "actual": ACTUAL[resource](obj, owned) if resource in ACTUAL else _counted(player, owned),
            "difference": difference(step),
        },
        "desired_yaml": _yaml(dig(obj or {}, "spec")),
        "actual_yaml": _yaml(dig(obj or {}, "status")),
        "act": _act(step),
        "result": step.result,
        "caused_by": list(step.causes),
    }


def _subject(player: Controller, key: str) -> tuple[str, str]:
    """The resource and key a queue entry speaks of (the garbage collector's name their resource)."""
    resource, _, rest = key.rpartition(" ")
    if resource:
        return resource, rest
    return (player.client.kinds.named(player.primary).name if player.primary else ""), key


def _waiting_before(informer: Any, revision: int) -> int:
    """Events that were already written, and not yet heard, when the reconcile began."""
    cursor = getattr(informer.watch, "cursor", None)
    if cursor is None:
        return 0
    waiting = cursor.topic.entries[len(cursor.topic.entries) - cursor.lag :]
    return sum(entry.revision <= revision for entry in waiting)


def _owned(player: Controller, obj: Object | None) -> list[tuple[str, Object]]:
    if obj is None:
        return []
    names = [player.client.kinds.named(r).name for r in player.owns]
    return [(r, o) for r in names for o in player.cache.owned_by(obj, r)]


def _saw(resource: str, obj: Object | None, owned: list[tuple[str, Object]]) -> list[str]:
    """What the cache showed: the object itself, and what it owns."""
    seen = ([(resource, obj)] if obj is not None else []) + owned[:SEEN]
    lines = [f"{story.plain(r)} {name_of(o)} {note(o)}".rstrip() for r, o in seen]
    more = len(owned) - SEEN
    return [*lines, f"and {more} more"] if more > 0 else lines


def _act(step: Step) -> list[dict[str, Any]]:
    """The calls, with the notes for people (Events) counted and not listed."""
    calls = [c for c in step.calls if c.resource != story.NOTES]
    acts = [{"verb": c.verb, "what": c.what, "ok": c.ok, "revision": c.revision} for c in calls]
    notes = [c for c in step.calls if c.resource == story.NOTES and c.ok]
    if notes:
        what = f"{len(notes)} Events, notes for people" if len(notes) > 1 else "an Event, a note for people"
        acts.append({"verb": "record", "what": what, "ok": True, "revision": notes[-1].revision})
    return acts


def _desired(obj: Object | None) -> Pairs:
    if obj is None:
        return [["the object", "gone"]]
    if is_deleting(obj):
        return [["the object", "to go"]]
    spec = obj.get("spec") or {}
    plain = [[k, v] for k, v in spec.items() if isinstance(v, (int, str)) and k in WORTH_TELLING]
    return plain or [[k, v] for k, v in spec.items() if isinstance(v, (int, str))][:4]


WORTH_TELLING = ("replicas", "nodeName", "restartPolicy", "schedulerName", "type", "clusterIP", "paused")


def _counted(player: Controller, owned: list[tuple[str, Object]]) -> Pairs:
    counts = {player.client.kinds.named(r).name: 0 for r in player.owns}
    for resource, child in owned:
        if not is_deleting(child) and dig(child, "status", "phase") not in ("Succeeded", "Failed"):
            counts[resource] += 1
    ready = sum(note(child) == "Ready" for _, child in owned)
    return [[resource, n] for resource, n in counts.items()] + ([["ready", ready]] if ready else [])


def _of_pod(obj: Object | None, owned: list[tuple[str, Object]]) -> Pairs:
    return [
        ["phase", dig(obj or {}, "status", "phase", default="-")],
        ["node", dig(obj or {}, "spec", "nodeName", default="none")],
    ]


def _of_deployment(obj: Object | None, owned: list[tuple[str, Object]]) -> Pairs:
    sets = [[f"{o['metadata']['name']}", dig(o, "spec", "replicas", default=0)] for _, o in owned]
    return sets or [["ReplicaSets", 0]]


#: What there is, where it is not simply the number of objects that the controller owns.
ACTUAL: dict[str, Callable[[Object | None, list[tuple[str, Object]]], Pairs]] = {
    "pods": _of_pod,
    "deployments": _of_deployment,
}


def difference(step: Step) -> str:
    """What was not as it should be, read off what the controller did about it; "" when nothing was."""
    made: dict[tuple[str, str], int] = {}
    for call in step.calls:
        if call.revision and call.resource != story.NOTES:
            made[call.verb, call.what.split(" ")[0]] = made.get((call.verb, call.what.split(" ")[0]), 0) + 1
    words = {"create": "missing", "delete": "too many", "update": "out of date", "patch": "out of date"}
    parts = [f"{_amount(n, what)} {words.get(verb, verb)}" for (verb, what), n in made.items()]
    parts = ["no node yet" if p.startswith("pods/binding") else p for p in parts]
    refused = [c for c in step.calls if not c.ok]
    if refused and not parts:
        return f"there is one, but the API server refused: {refused[0].note}"
    return ", ".join(parts)


def _amount(n: int, what: str) -> str:
    """``2 pods``, ``1 pod``, ``status``"""
    resource, _, subresource = what.partition("/")
    if subresource == "status":
        return "status"
    if subresource:
        return what
    return f"{n} {resource if n > 1 else resource.removesuffix('s')}"


def _yaml(part: Any) -> str:
    return yaml.safe_dump(edit(part), sort_keys=False) if part else ""
