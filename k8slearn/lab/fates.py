"""What became of whom: `fates({"Orphan": sim, ...}, since=10)`, deletions of several worlds side by side.

Read off the store's log: who was marked, who was let go by whom, who went.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest

from k8slearn.api.objects import Object, is_deleting, meta, owners_of
from k8slearn.lab.show import Shown
from k8slearn.sim import Simulation
from k8slearn.store.log import Entry


def fates(worlds: Mapping[str, Simulation], since: float = 0.0) -> Shown:
    """A column for each world, a line for each object whose fate changed, from `since` virtual seconds on."""
    columns = {title: list(told(sim, since)) for title, sim in worlds.items()}
    text = "\n\n".join("\n  ".join([title, *lines]) for title, lines in columns.items())
    rows = [_row("th", columns), *(_row("td", row) for row in zip_longest(*columns.values(), fillvalue=""))]
    return Shown(text, f"<table class='k8s-fates'>{''.join(rows)}</table>")


def told(sim: Simulation, since: float) -> Iterator[str]:
    """``10 s  client: Deployment shop is to be deleted, held by foregroundDeletion``"""
    for entry in sim.store.log:
        step = sim.trace.writer.get(entry.revision)
        fate = _fate(entry)
        if fate and step and sim.trace[step].time >= since:
            kind, name = entry.object["kind"], meta(entry.object)["name"]
            yield f"{sim.trace[step].time:g} s  {sim.trace[step].player}: {kind} {name} {fate}"


def _fate(entry: Entry) -> str:
    """What this write means for the object's life, or ""."""
    before, now = entry.previous, entry.object
    if entry.type == "DELETED":
        return "is gone"
    if before is None:
        return ""
    if is_deleting(now) and not is_deleting(before):
        return "is to be deleted" + _held(now)
    if len(owners_of(now)) < len(owners_of(before)):
        return "belongs to nobody now" if not owners_of(now) else "has one owner less"
    return ""


def _held(obj: Object) -> str:
    held = ", ".join(meta(obj).get("finalizers") or ())
    grace = meta(obj).get("deletionGracePeriodSeconds")
    return f", held by {held}" * bool(held) + f", has {grace} s to end" * bool(grace)


def _row(tag: str, values: Iterable[str]) -> str:
    style = "text-align:left;vertical-align:top;white-space:normal"
    inner = "".join(f"<{tag} style='{style}'>{html.escape(value)}</{tag}>" for value in values)
    return f"<tr>{inner}</tr>"
