"""The tree of owners at one step: who is there, who was, and what has changed in each since the step before, or since a
revision that the reader has picked; and the objects he looks at in full.

The tree follows from the owner references (`k8slearn.lab.owners`); what an object was before stands in the log. Objects
that are gone keep their place, so that nothing jumps while one walks through time; when the tree grows too long for
that, those that went first give way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from k8slearn.api.objects import Object, annotations_of, dig, key_of, name_of, namespace_of, uid_of
from k8slearn.lab import story
from k8slearn.lab.diff import Line, diff
from k8slearn.lab.notes import pod_note
from k8slearn.lab.owners import LEFT_OUT, Branch, branches, walk
from k8slearn.lab.text import pod_line
from k8slearn.sim import Simulation, Step
from k8slearn.store import Entry

ROWS, CHANGES, NAMESAKES = 40, 2, 2
REVISIONS = 12  # of one object, to choose from
LOOKED_BACK = 4000  # entries
COMPARE = "compare"  # the order that picks a revision
CONDITION = "- type: "
DEPLOYMENT = "deployment.kubernetes.io/"  # what its controller notes down
REVISION = f"{DEPLOYMENT}revision"
BOOKKEEPING = frozenset(
    "resourceVersion generation observedGeneration managedFields deletionGracePeriodSeconds lastTransitionTime"
    " lastUpdateTime lastProbeTime startTime startedAt".split()
)  # fields that change along with others, or say only when

Data = dict[str, Any]


def ownership(sim: Simulation, step: Step | None, chosen: str | None, since: int = 0) -> Data:
    """Everybody who lives in a namespace, those with a family first.

    chosen: a key; every object of that key is told in full, as it is selected in all panels.
    since: the store's revision to compare with. 0, or one that is yet to come: the one before this step.
    """
    picked = 0 < since < sim.store.revision
    past = _Past(sim, since if picked else _before(sim, step))
    roots = branches(past.objects())
    found = list(walk(sorted(roots, key=lambda branch: not branch.children)))
    looked_at = {b.uid: b.obj for _, b in found if b.obj is not None and key_of(b.obj) == chosen}
    return {
        "rows": [_row(twig, branch, past, chosen) for twig, branch in found[:ROWS]],
        "more": max(len(found) - ROWS, 0),
        "since": past.base,
        "until": sim.store.revision,
        "picked": picked,
        "chosen": [_in_full(sim, obj, past) for obj in list(looked_at.values())[:NAMESAKES]],
    }


def _before(sim: Simulation, step: Step | None) -> int:
    """The store's revision before this step."""
    written = [call.revision for call in step.calls if call.revision] if step is not None else []
    return min(written) - 1 if written else sim.store.revision


class _Past:
    """What is there, what was there at the revision `base`, and who is gone."""

    def __init__(self, sim: Simulation, base: int) -> None:
        self.base = base
        self.here = {uid_of(obj): obj for obj in _present(sim)}
        self.gone: dict[str, Object] = {}  # as they were last; those that went last come first
        self.born: dict[str, int] = {}  # the revision at which it was made, unless that is too long ago
        self.was: dict[str, Object | None] = {}  # of those that have changed since; None: it was not there
        for entry in reversed(sim.store.log[-LOOKED_BACK:]):
            if entry.resource not in LEFT_OUT and namespace_of(entry.object):
                self._note(entry)

    def _note(self, entry: Entry) -> None:
        uid = uid_of(entry.object)
        if entry.revision > self.base:
            self.was[uid] = entry.previous
        if entry.type == "ADDED":
            self.born[uid] = entry.revision
        elif entry.type == "DELETED":
            self.gone.setdefault(uid, entry.object)

    def objects(self) -> list[Object]:
        """In the order in which they were made."""
        kept = [*self.here.values(), *islice(self.gone.values(), max(ROWS - len(self.here), 0))]
        return sorted(kept, key=lambda obj: self.born.get(uid_of(obj), 0))

    def change(self, obj: Object) -> tuple[str, list[Line]]:
        """What has become of it since: "+" (new), "~" (changed), "-" (gone) or ""; and the lines that differ."""
        uid = uid_of(obj)
        if uid not in self.was:
            return "", []
        before, after = self.was[uid], self.here.get(uid)
        mark = "-" if after is None else "+" if before is None else "~"
        return mark, [] if before is after else diff(before, after)


def _present(sim: Simulation) -> Iterator[Object]:
    for resource, objects in sim.state().items():
        if resource not in LEFT_OUT:
            yield from (obj for obj in objects.values() if namespace_of(obj))


# --- a row -----------------------------------------------------------------------------------


def _row(twig: str, branch: Branch, past: _Past, chosen: str | None) -> Data:
    """One line of the tree. `there`: False of those that are gone, and of owners that are only named."""
    obj, there = branch.obj, branch.uid in past.here
    mark, lines = past.change(obj) if obj is not None else ("", [])
    changes = worth_telling(lines) if mark == "~" else []
    pod = pod_note(obj) if obj is not None and there and branch.kind == "Pod" else None
    return {
        "twig": twig,
        "kind": branch.kind,
        "name": branch.name,
        "uid": branch.uid,
        "marks": list(branch.marks) if there or obj is None else [],
        "key": key_of(obj) if obj is not None else "",
        "there": there,
        "words": in_words(obj) if obj is not None and there else "",
        "pod": pod,
        "mark": mark,
        "changes": changes[:CHANGES],
        "more": max(len(changes) - CHANGES, 0),
        "chosen": obj is not None and key_of(obj) == chosen,
    }


def worth_telling(lines: Iterable[Line]) -> list[str]:
    """What differs, in few words: ``spec.replicas 3 → 2``. What is wished comes before what is reported."""
    found, part, item = [], "", ""
    for line in lines:
        words = line.text.strip()
        part = words.partition(":")[0] if not line.text.startswith(" ") else part
        item = words.removeprefix(CONDITION) if words.startswith(CONDITION) else item
        field, _, value = words.partition(":")
        if line.mark != " " and value and field not in BOOKKEEPING and DEPLOYMENT not in words:
            found.append((part != "spec", _said(line, words, part, item)))
    return [said for _, said in sorted(found, key=lambda each: each[0])]


def _said(line: Line, words: str, part: str, item: str) -> str:
    """A field of spec or status says which of both it is of, and the status of a condition says which it is."""
    depth = len(line.text) - len(line.text.lstrip())
    if depth == 2 and part in ("spec", "status"):
        words = f"{part}.{words}"
    elif depth > 4 and item and words.startswith("status: "):
        words = words.replace("status", item, 1)
    if line.mark != "~":
        return f"{line.mark} {words}"
    field, _, value = words.partition(": ")
    return f"{field} {line.before} → {value}".replace("'", "")


def in_words(obj: Object) -> str:
    """How it is with it: ``revision 2: 3/5 ready``, ``Pending (ContainerCreating)``, or nothing."""
    status = obj.get("status") or {}
    wanted = dig(obj, "spec", "replicas")
    if wanted is not None:
        number = annotations_of(obj).get(REVISION)
        ready = f"{status.get('readyReplicas', 0)}/{wanted} ready"
        return f"revision {number}: {ready}" if number else ready
    if obj["kind"] == "DaemonSet":
        return f"{status.get('numberReady', 0)}/{status.get('desiredNumberScheduled', 0)} ready"
    if obj["kind"] == "Job":
        return f"{status.get('succeeded', 0)}/{dig(obj, 'spec', 'completions', default=1)} done"
    if obj["kind"] != "Pod":
        return str(status.get("phase", ""))
    return pod_line(pod_note(obj)).removeprefix(f"{key_of(obj)} ")


# --- one object in full ----------------------------------------------------------------------


def _in_full(sim: Simulation, obj: Object, past: _Past) -> Data:
    """What is different in it, and the revisions that one can compare with: (number, by whom), oldest first."""
    mark, lines = past.change(obj)
    mine = (e for e in reversed(sim.store.log[-LOOKED_BACK:]) if uid_of(e.object) == uid_of(obj))
    life = list(islice(mine, REVISIONS))[::-1]
    return {
        "object": f"{obj['kind']} {name_of(obj)}",
        "mark": mark,
        "by": _who(sim, life[-1]) if life else "",
        "revisions": [[entry.revision, _who(sim, entry)] for entry in life],
        "lines": [list(line) for line in lines],
    }


def _who(sim: Simulation, entry: Entry) -> str:
    """Whose hand it was: a player, or you."""
    number = sim.trace.writer.get(entry.revision)
    if number is None:
        return "somebody before the first step"
    step = sim.trace[number]
    return step.player if step.action == "reconcile" else story.title(step)
