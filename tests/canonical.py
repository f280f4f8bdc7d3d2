"""What a cluster looks like to somebody who does not care about names made up, addresses, machines, and times of day.

Two histories end alike if their pictures are equal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from k8slearn.api.objects import Object, is_deleting
from k8slearn.sim import Simulation

MADE_UP = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
ADDRESS = re.compile(r"\b(10|172)\.\d+\.\d+\.\d+\b")
UID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
NODE = re.compile(r"\bnode-\d+\b")
OURS_ALONE = ("resourceVersion", "uid", "managedFields", "generation", "resourceVersionMatch")
LUCK = {
    "observedGeneration",
    "resourceVersion",
    "containerID",
    "images",  # a node tells of them every five minutes
    "deployment.kubernetes.io/revision",  # who was not looking has skipped one
    "endpoints.kubernetes.io/last-change-trigger-time",
}


Picture = list[dict[str, Any]]


def picture(sim: Simulation, resources: Iterable[str]) -> Picture:
    """Every object of these resources, flat (path -> value); sorted."""
    state = sim.state()
    shown = [_shown(name, obj) for name in resources for obj in state.get(name, {}).values()]
    return sorted(shown, key=lambda flat: sorted(map(str, flat.items())))


def _shown(resource: str, obj: Object) -> dict[str, Any]:
    meta = {k: v for k, v in obj["metadata"].items() if k not in OURS_ALONE}
    seen = obj.get("status", {}).get("observedGeneration")
    behind = seen is not None and seen != obj["metadata"].get("generation", seen)
    flat: dict[str, Any] = {"resource": resource, "deleting": is_deleting(obj), "behind": behind}
    _flatten(_plain({**obj, "metadata": meta}), "", flat)
    return flat


def _flatten(value: Any, path: str, flat: dict[str, Any]) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _flatten(inner, f"{path}.{name}", flat)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            _flatten(inner, f"{path}[{i}]", flat)
    else:
        flat[path] = value


def _plain(value: Any) -> Any:
    """Luck is: the order of a list, what stands for nothing, whatever is made up."""
    if isinstance(value, dict):
        plain = {k: _plain(v) for k, v in value.items() if k not in LUCK}
        return {k: v for k, v in plain.items() if v not in (None, [], {})}
    if isinstance(value, (list, tuple)):
        return sorted((_plain(v) for v in value), key=lambda v: json.dumps(v, sort_keys=True))
    if isinstance(value, str):
        for pattern in (UID, TIME, ADDRESS, NODE, MADE_UP):
            value = pattern.sub("*", value)
    return value


def difference(expected: Picture, found: Picture) -> str:
    """What has changed, of the objects that are most alike; "" if they are equal."""
    more, less = [*found], []
    for one in expected:
        more.remove(one) if one in more else less.append(one)
    lines = []
    for one in less:
        alike = [o for o in more if o["resource"] == one["resource"]]
        other = min(alike, key=lambda o: len(one.items() ^ o.items()), default={})
        if other:
            more.remove(other)
        lines.append(_changes(one, other))
    return "\n".join([*lines, *(_changes({}, o) for o in more)])


def _changes(one: dict[str, Any], other: dict[str, Any]) -> str:
    what = one or other
    title = f"{what['resource']} {what.get('.metadata.name')}"
    if not one or not other:
        return f"{title} is {'missing' if one else 'too many'}"
    paths = sorted({k for k, _ in one.items() ^ other.items()})
    return f"{title}: " + "; ".join(f"{p[1:]} is {other.get(p)!r}, not {one.get(p)!r}" for p in paths)
