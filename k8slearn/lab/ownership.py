"""The tree of owners at one step, what this step has changed in it, and how two revisions of one object differ.

The tree follows from the owner references (`k8slearn.lab.owners`); what an object was before stands in the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from k8slearn.api.objects import Object, dig, is_deleting, key_of, name_of, namespace_of, uid_of
from k8slearn.lab import story
from k8slearn.lab.diff import counted, diff
from k8slearn.lab.owners import LEFT_OUT, branches, walk
from k8slearn.sim import Simulation, Step
from k8slearn.store import Entry

ROWS = 40
REVISIONS = 12  # of one object, to choose from

Data = dict[str, Any]


class Look(NamedTuple):
    """What the reader has chosen: an object, and from which of its revisions on (0: the one before the last)."""

    resource: str = ""
    key: str = ""
    since: int = 0


def turn(look: Look, verb: str, who: str, what: str) -> Look:
    """After a click: ``look pods default/web-x``, or ``since 12``."""
    if verb == "since":
        return look._replace(since=int(what))
    return Look() if look[:2] == (who, what) else Look(who, what)


ORDERS = ("look", "since")


def ownership(sim: Simulation, step: Step | None, look: Look) -> Data:
    """Everybody who lives in a namespace, those with a family first."""
    there = {
        uid_of(obj): (resource, obj)
        for resource, objects in sim.state().items()
        for obj in objects.values()
        if namespace_of(obj) and resource not in LEFT_OUT
    }
    written = {uid_of(entry.object): entry for entry in _written(sim, step)}
    roots = branches(obj for _, obj in there.values())
    found = list(walk(sorted(roots, key=lambda branch: not branch.children)))
    rows = [
        {
            "twig": twig,
            "kind": branch.kind,
            "name": branch.name,
            "marks": list(branch.marks),
            **_row(there.get(branch.uid), written.get(branch.uid), look),
        }
        for twig, branch in found[:ROWS]
    ]
    gone = [entry for uid, entry in written.items() if uid not in there and entry.type == "DELETED"]
    return {
        "rows": rows,
        "more": max(len(found) - ROWS, 0),
        "gone": [f"{entry.object['kind']} {name_of(entry.object)}" for entry in gone],
        "diff": _compared(sim, look) if look.key else None,
    }


def _written(sim: Simulation, step: Step | None) -> Iterator[Entry]:
    """What this step has written, the oldest first; of those that nobody draws, nothing."""
    if step is None:
        return
    writer = sim.trace.writer
    first = sim.store.revision
    while first > 0 and writer.get(first) == step.number:
        first -= 1
    yield from (e for e in _until_now(sim)[first:] if e.resource not in LEFT_OUT)


def _until_now(sim: Simulation) -> list[Entry]:
    return list(sim.store.log[: sim.store.revision])


def _row(found: tuple[str, Object] | None, entry: Entry | None, look: Look) -> Data:
    if found is None:  # an owner that is named, and is not there
        return {"resource": "", "key": "", "words": "", "mark": "", "counted": "", "chosen": False}
    resource, obj = found
    mark = {"ADDED": "+", "MODIFIED": "~"}.get(entry.type, "") if entry else ""
    lines = diff(entry.previous, entry.object) if entry and mark == "~" else []
    return {
        "resource": resource,
        "key": key_of(obj),
        "words": in_words(obj),
        "mark": mark,
        "counted": counted(lines),
        "chosen": (resource, key_of(obj)) == (look.resource, look.key),
    }


def in_words(obj: Object) -> str:
    """How it is with it: ``3 of 5 ready``, ``Running, not ready``; "" if there is nothing to say in two words."""
    status = obj.get("status") or {}
    wanted = dig(obj, "spec", "replicas")
    if wanted is not None:
        return f"{status.get('readyReplicas', 0)} of {wanted} ready"
    if obj["kind"] == "DaemonSet":
        return f"{status.get('numberReady', 0)} of {status.get('desiredNumberScheduled', 0)} ready"
    if obj["kind"] == "Job":
        return f"{status.get('succeeded', 0)} of {dig(obj, 'spec', 'completions', default=1)} done"
    if obj["kind"] != "Pod":
        return str(status.get("phase", ""))
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", ()))
    if is_deleting(obj):
        return "Terminating"
    return "Ready" if ready else f"{status.get('phase', 'Pending')}, not ready"


# --- two revisions ---------------------------------------------------------------------------


def _compared(sim: Simulation, look: Look) -> Data | None:
    """The chosen object as it is, against one of its revisions."""
    life = [e for e in _until_now(sim) if e.resource == look.resource and e.key == look.key]
    if not life:
        return None
    last, earlier = life[-1], life[:-1]
    before = next((e for e in earlier if e.revision == look.since), earlier[-1] if earlier else None)
    after = None if last.type == "DELETED" else last.object
    lines = diff(before.object if before and before.type != "DELETED" else None, after)
    return {
        "object": f"{last.object['kind']} {last.key}",
        "since": before.revision if before else 0,
        "until": last.revision,
        "ends": last.type == "DELETED",
        "revisions": [[e.revision, _who(sim, e)] for e in earlier[-REVISIONS:]],
        "by": _who(sim, last),
        "lines": [list(line) for line in lines],
    }


def _who(sim: Simulation, entry: Entry) -> str:
    """Whose hand it was: a player, or you."""
    number = sim.trace.writer.get(entry.revision)
    if number is None:
        return "before the first step"
    step = sim.trace[number]
    return step.player if step.action == "reconcile" else story.title(step)
