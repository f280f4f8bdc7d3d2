"""How many objects there were, over time: several worlds in one picture."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from k8slearn.lab.palette import INK, PAPER, QUIET, room
from k8slearn.lab.picture import Picture
from k8slearn.sim import Simulation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOOKS = (("operator", "-", "o"), ("controllers", "--", "s"), ("apiserver", "-.", "^"), ("node", ":", "D"))
Points = list[tuple[float, int]]


def counts(sim: Simulation, resource: str = "pods") -> Points:
    """(virtual seconds, how many there were from then on), read off the store's log."""
    points: Points = [(0.0, 0)]
    present = 0
    for entry in sim.store.log:
        if entry.resource == resource and entry.type != "MODIFIED":
            present += 1 if entry.type == "ADDED" else -1
            step = sim.trace.writer.get(entry.revision)
            points.append((sim.trace[step].time if step else 0.0, present))
    return [*points, (sim.now, present)]


def chart(worlds: Mapping[str, Simulation], wanted: int | None = None, resource: str = "pods") -> Picture:
    """A line per world, labelled where it ends; the dotted line is what was asked for."""
    lines = [f"{name}: {_words(counts(sim, resource))}" for name, sim in worlds.items()]
    return Picture(_draw(worlds, wanted, resource), "\n".join(lines))


def _words(points: Points) -> str:
    """``3 until 20 s, 6 until 35 s, 5 in the end``"""
    lasting = [(n, end) for (start, n), (end, _) in pairwise(points) if end > start]
    ends = [list(group)[-1] for _, group in groupby(lasting, key=lambda run: run[0])]
    said = [f"{number} until {end:g} s" for number, end in ends[:-1]]
    return ", ".join([*said, f"{points[-1][1]} in the end"])


def _draw(worlds: Mapping[str, Simulation], wanted: int | None, resource: str) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(8.5, 3.4), facecolor=PAPER)
    axes = figure.add_axes((0.07, 0.16, 0.74, 0.78))
    last = max(sim.now for sim in worlds.values())
    ends: list[int] = []
    if wanted is not None:
        axes.plot([0, last], [wanted, wanted], color=QUIET, linewidth=1, linestyle=(0, (1, 3)))
    for (name, sim), (colour, style, marker) in zip(worlds.items(), LOOKS, strict=False):
        times, numbers = zip(*counts(sim, resource), strict=True)
        paint = room(colour).colour
        axes.step(times, numbers, where="post", color=paint, linestyle=style, linewidth=2.2)
        axes.plot(times[-1], numbers[-1], marker, color=paint)
        label, place = f"{name}: {numbers[-1]}", (8, -4 - 14 * ends.count(numbers[-1]))  # not over another's
        axes.annotate(label, (last, numbers[-1]), place, textcoords="offset points", color=INK)
        ends.append(numbers[-1])
    axes.set_xlabel("virtual seconds")
    axes.set_ylabel(resource)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure
