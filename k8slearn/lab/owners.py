"""Who belongs to whom: `owner_tree(sim)`, with what is to be deleted and by whom it is still held.

The tree follows from the owner references alone, by uid. An owner that is named and not there is drawn all the
same, as what it is: gone.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from k8slearn.api.objects import Object, is_deleting, meta, name_of, namespace_of, owners_of, uid_of
from k8slearn.lab.palette import HIGHLIGHT, INK, ROOMS
from k8slearn.lab.show import CODE, Shown
from k8slearn.sim import Simulation

LEFT_OUT = frozenset(["events", "leases"])  # nobody owns them
GONE = "is not there"


class Branch(NamedTuple):
    """One object, what has to be said about it, and what belongs to it. `obj`: None of an owner that is only named."""

    kind: str
    name: str
    uid: str
    marks: tuple[str, ...]
    children: tuple[Branch, ...]
    obj: Object | None = None


def owner_tree(sim: Simulation, *resources: str) -> Shown:
    """All objects that live in a namespace, or those of some resources: ``owner_tree(sim, "pods")``."""
    chosen = {sim.client.kinds.named(r).name for r in resources}
    kept = [
        obj
        for resource, objects in sim.state().items()
        for obj in objects.values()
        if namespace_of(obj) and (resource in chosen if chosen else resource not in LEFT_OUT)
    ]
    lines = [_parts(twig, branch) for twig, branch in walk(branches(kept))]
    text = "\n".join("".join(part for part, _ in line) for line in lines)
    body = "\n".join("".join(_painted(part, role) for part, role in line) for line in lines)
    return Shown(text or "nothing", f"<pre class='k8s-owners' style='{CODE}'>{body or 'nothing'}</pre>")


def branches(objects: Iterable[Object]) -> list[Branch]:
    """The roots: who has no owner, owners that are not there, and of those who own each other in a ring, the first."""
    family = _Family(objects)
    roots = [family.branch(obj) for obj in family.by_uid.values() if not owners_of(obj)]
    roots += [family.absent(reference) for reference in family.named_only()]
    roots += [family.branch(obj) for uid, obj in family.by_uid.items() if uid not in family.drawn]
    return roots


class _Family:
    def __init__(self, objects: Iterable[Object]) -> None:
        self.by_uid = {uid_of(obj): obj for obj in objects}
        self.drawn: set[str] = set()
        self.children: dict[str, list[tuple[Object, Object]]] = {}  # uid of an owner -> (reference, child)
        for obj in self.by_uid.values():
            for reference in owners_of(obj):
                self.children.setdefault(reference["uid"], []).append((reference, obj))

    def named_only(self) -> list[Object]:
        """One reference to each owner that is not there."""
        return [pairs[0][0] for uid, pairs in self.children.items() if uid not in self.by_uid]

    def absent(self, reference: Object) -> Branch:
        uid = reference["uid"]
        return Branch(reference["kind"], reference["name"], uid, (GONE,), self._below(uid, ()))

    def branch(self, obj: Object, reference: Object | None = None, above: tuple[str, ...] = ()) -> Branch:
        uid = uid_of(obj)
        self.drawn.add(uid)
        marks = tuple(_marks(obj, reference))
        return Branch(obj["kind"], name_of(obj), uid, marks, self._below(uid, above), obj)

    def _below(self, uid: str, above: tuple[str, ...]) -> tuple[Branch, ...]:
        if uid in above:  # a ring of owners: once round is enough
            return ()
        return tuple(self.branch(child, ref, (*above, uid)) for ref, child in self.children.get(uid, ()))


def _marks(obj: Object, reference: Object | None) -> Iterator[str]:
    if reference is not None and not reference.get("controller"):
        yield "belongs, but is not controlled"
    finalizers = ", ".join(meta(obj).get("finalizers") or ())
    grace = meta(obj).get("deletionGracePeriodSeconds")
    if is_deleting(obj):
        yield "to be deleted" + f", has {grace} s to end" * bool(grace)
    if finalizers:
        yield f"held by {finalizers}" if is_deleting(obj) else f"finalizers: {finalizers}"


def walk(found: Iterable[Branch], indent: str | None = None) -> Iterator[tuple[str, Branch]]:
    """Every branch from above to below, with its twig. `indent` is None for roots: they stand at the margin."""
    found = list(found)
    for number, branch in enumerate(found):
        last = number == len(found) - 1
        yield "" if indent is None else indent + ("└─ " if last else "├─ "), branch
        yield from walk(branch.children, "" if indent is None else indent + ("   " if last else "│  "))


Part = tuple[str, str]  # text, and what it is


def _parts(twig: str, branch: Branch) -> list[Part]:
    marks = [part for mark in branch.marks for part in (("  ", "gap"), (f"[{mark}]", "mark"))]
    return [(twig, "twig"), (branch.kind, "kind"), (f" {branch.name}", "name"), *marks]


STYLES = {
    "twig": "opacity:.5",
    "kind": f"background:{ROOMS['client'].colour};color:{ROOMS['client'].ink};padding:0 .3em;border-radius:.3em",
    "mark": f"background:{HIGHLIGHT};color:{INK}",
}


def _painted(part: str, role: str) -> str:
    text = html.escape(part)
    return f"<span style='{STYLES[role]}'>{text}</span>" if part and role in STYLES else text
