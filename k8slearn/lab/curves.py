"""What something costs, against the number of nodes: a line for each way to do it.

Both axes grow by factors of ten. There, a straight line that climbs one decade in each decade is a cost that grows
with the nodes, one that climbs two grows with their square, and a flat one does not grow at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from k8slearn.lab.palette import INK, PAPER, QUIET, room
from k8slearn.lab.picture import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOOKS = (("operator", "-", "o"), ("controllers", "--", "s"), ("apiserver", "-.", "^"), ("node", ":", "D"))
Line = Mapping[int, float]  # nodes -> cost


def curves(lines: Mapping[str, Line], what: str, *, measured: bool = False, across: str = "nodes") -> Picture:
    """`what` is counted, with its unit. What was `measured` is different each time, so the words leave it out."""
    told = [f"{what} against {across}"]
    for name, line in lines.items():
        told.append(f"  {name}" if measured else f"  {name}: {_words(line)}")
    return Picture(_draw(lines, what, across), "\n".join(told))


def _words(line: Line) -> str:
    """``500 at 10, 5,000 at 100``"""
    return ", ".join(
        f"{cost:,.4g} at {n:,}" if cost < 1000 else f"{cost:,.0f} at {n:,}" for n, cost in line.items()
    )


def _draw(lines: Mapping[str, Line], what: str, across: str) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    figure = Figure(figsize=(8.5, 3.4), facecolor=PAPER)
    axes = figure.add_axes((0.1, 0.16, 0.6, 0.78))
    for (name, line), (colour, style, marker) in zip(lines.items(), LOOKS, strict=False):
        numbers, costs = list(line), list(line.values())
        axes.plot(numbers, costs, marker + style, color=room(colour).colour, linewidth=2.2)
        end = numbers[-1], costs[-1]
        axes.annotate(name, end, (10, -4), textcoords="offset points", color=INK, annotation_clip=False)
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(across)
    axes.set_ylabel(what)
    axes.grid(visible=True, color=QUIET, alpha=0.25, linewidth=0.7)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure
