"""Who wrote what, and when: `chronicle(sim, since=100)`, counted from that second. Events and leases are left out."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterator

from k8slearn.api.objects import Object, dig, is_deleting, name_of
from k8slearn.lab.show import Shown
from k8slearn.sim import Simulation
from k8slearn.store.log import Entry

KINDS = ("nodes", "pods")


def chronicle(sim: Simulation, since: float = 0.0, kinds: Collection[str] = KINDS) -> Shown:
    """``+55 s  node-lifecycle-controller: node node-1 Ready Unknown``, a line for each change of a node or a pod."""
    text = "\n".join(dict.fromkeys(_lines(sim, since, kinds)))
    return Shown(text, f"<pre>{html.escape(text)}</pre>")


def _lines(sim: Simulation, since: float, kinds: Collection[str]) -> Iterator[str]:
    for entry in sim.store.log:
        step = sim.trace.writer.get(entry.revision)
        if entry.resource in kinds and step and sim.trace[step].time >= since:
            at = f"+{sim.trace[step].time - since:g} s".ljust(10)
            yield from (f"{at}{sim.trace[step].player}: {change}" for change in _changes(entry))


def _changes(entry: Entry) -> Iterator[str]:
    before, now = entry.previous, entry.object
    what = f"{now['kind'].lower()} {name_of(now)}"
    if before is None or entry.type == "DELETED":
        yield f"{what} is {'made' if before is None else 'gone'}"
        return
    known = set(_told(before))
    yield from (f"{what} {said}" for said in _told(now) if said not in known)


def _told(thing: Object) -> Iterator[str]:
    """What is so about it: conditions, taints, where it is, and whether it has to go."""
    if is_deleting(thing):
        yield "is to be deleted"
    if node := dig(thing, "spec", "nodeName"):
        yield f"is bound to {node}"
    for taint in dig(thing, "spec", "taints", default=[]):
        yield f"has the taint {taint['key'].rpartition('/')[2]}:{taint['effect']}"
    for c in dig(thing, "status", "conditions", default=[]):
        if c["type"] in ("Ready", "DisruptionTarget"):
            yield f"is {c['type']} {c['status']}"
    if (phase := dig(thing, "status", "phase")) and phase != "Pending":
        yield f"is {phase}" + (
            f" ({dig(thing, 'status', 'reason')})" if dig(thing, "status", "reason") else ""
        )
