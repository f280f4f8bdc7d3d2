"""Shapes for the panels' matplotlib twins: one shape per noun, the same as in `js/kit.js`.

Figures are made without pyplot (no global state) and saved without a date or a version, so that the same
frame gives the same bytes. matplotlib is imported only here and only when a figure is wanted.
Units are hundredths of an inch, y downwards. `look` is what matplotlib's patches take.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, FancyBboxPatch, PathPatch
from matplotlib.path import Path

from .palette import HIGHLIGHT, INK, PAPER, QUIET, room, tint
from .text import heading, pod_state

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .panels.panel import Panel

__all__ = ["HIGHLIGHT", "INK", "PAPER", "QUIET", "room", "tint"]

Point = tuple[float, float]
Place = tuple[float, float, float, float]  # x, y, width, height
DPI = 100
HEADING = 0.85  # inches
RULE = "#D0D7DE"
HOLLOW = {"Pending", "ContainerCreating", "Terminating", "Unknown", "Failed", "Succeeded"}
MARKS = {"Ready": "check", "Succeeded": "check", "Failed": "cross", "Terminating": "strike", "Unknown": "?"}
STROKES: dict[str, tuple[Sequence[float], Sequence[float]]] = {
    "check": ((0.25, 0.45, 0.75), (0.52, 0.74, 0.28)),
    "cross": ((0.25, 0.75, 0.5, 0.25, 0.75), (0.25, 0.75, 0.5, 0.75, 0.25)),
    "strike": ((-0.12, 1.12), (1.12, -0.12)),
}


def sheet(panels: Sequence[Panel], frame: dict[str, Any]) -> Figure:
    """The panels one under the other, under one heading."""
    heights = [HEADING, *(panel.size[1] for panel in panels)]
    width = max(panel.size[0] for panel in panels)
    figure = Figure(figsize=(width, sum(heights)), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    paints = [_heading, *(panel.paint for panel in panels)]
    for i, paint in enumerate(paints):
        paint(_canvas(figure, sum(heights[i + 1 :]), heights[i]), frame)
    return figure


def _canvas(figure: Figure, bottom: float, height: float) -> Axes:
    """Axes over the full width, `height` inches high, `bottom` inches above the figure's lower edge."""
    width, total = figure.get_size_inches()
    axes = figure.add_axes((0, bottom / total, 1, height / total))
    axes.set(xlim=(0, width * DPI), ylim=(height * DPI, 0))
    axes.axis("off")
    return axes


def _heading(axes: Axes, frame: dict[str, Any]) -> None:
    where, title, text = [*heading(frame).split("\n"), "", ""][:3]
    write(axes, (980, 24), where, size=9, color=QUIET, ha="right")
    write(axes, (20, 28), short(title, 72), size=12.5, weight="bold")
    write(axes, (20, 56), short(text, 132), size=9.5, color=QUIET)


def png(figure: Figure) -> bytes:
    """The figure's bytes; the same figure gives the same bytes."""
    with io.BytesIO() as out:
        figure.savefig(out, format="png", metadata={"Software": None})
        return out.getvalue()


def short(words: str, most: int) -> str:
    """At most `most` characters; the middle goes, since names differ at the end."""
    if len(words) <= most:
        return words
    half = (most - 1) // 2
    return f"{words[: most - 1 - half]}…{words[-half:]}"


def write(axes: Axes, at: Point, words: str, size: float = 9, **look: Any) -> None:
    """Words with their left end, or what `ha` says, at a point; vertically centred on it."""
    axes.text(*at, words, fontsize=size, **{"color": INK, "va": "center", "zorder": 8, **look})


def box(axes: Axes, place: Place, **look: Any) -> None:
    """A rounded box. Its corners are round by `rounding`."""
    x, y, w, h = place
    shape = f"round,pad=0,rounding_size={look.pop('rounding', 8)}"
    style = {"facecolor": PAPER, "edgecolor": RULE, "linewidth": 1.4, "zorder": 4, **look}
    axes.add_patch(FancyBboxPatch((x, y), w, h, boxstyle=shape, **style))


def player(
    axes: Axes, place: Place, label: str, in_room: str, moved: bool = False, dead: bool = False
) -> None:
    """A player's box; yellow around the one that moved, dashed when it is down, solid for the API server."""
    x, y, w, h = place
    look, solid = room(in_room), in_room == "apiserver"
    if moved:
        box(axes, (x - 5, y - 5, w + 10, h + 10), facecolor=HIGHLIGHT, edgecolor="none", rounding=12)
    fill = look.colour if solid else tint(look.colour, 0.15)
    box(axes, place, facecolor=fill, edgecolor=look.colour, linestyle="--" if dead else "-")
    style = {"color": look.ink, "weight": "bold", "size": 10.5} if solid else {"size": 8.5}
    write(axes, (x + w / 2, y + h / 2), label, ha="center", linespacing=1.25, **style)


def cylinder(axes: Axes, place: Place, label: str) -> None:
    """The store."""
    x, y, w, h = place
    colour = room("store").colour
    look: dict[str, Any] = {"facecolor": tint(colour, 0.15), "edgecolor": colour, "linewidth": 1.4}
    look["zorder"] = 4
    codes = [Path.MOVETO, Path.LINETO, *[Path.CURVE4] * 3, Path.LINETO]
    corners = [(x, y), (x, y + h), (x, y + h + 12), (x + w, y + h + 12), (x + w, y + h), (x + w, y)]
    axes.add_patch(PathPatch(Path(corners, codes), **look))
    axes.add_patch(Ellipse((x + w / 2, y), w, 18, **look))
    write(axes, (x + w / 2, y + h / 2 + 7), label, ha="center", weight="bold")


def chip(axes: Axes, at: Point, words: str, **look: Any) -> None:
    """A small label in a box, its middle at a point."""
    frame = {"facecolor": PAPER, "edgecolor": INK, "linewidth": 1, "boxstyle": "round,pad=0.35", **look}
    colour = frame.pop("ink", INK)
    write(axes, at, words, size=7.5, ha="center", color=colour, bbox=frame, zorder=10)


def pod(axes: Axes, x: float, y: float, data: dict[str, Any], size: float = 18) -> None:
    """A pod: a small rounded square, its state told by fill and by mark."""
    state, colour = pod_state(data), room("node").colour
    fill = PAPER if state in HOLLOW else colour if state == "Ready" else tint(colour, 0.5)
    edge = INK if state in ("Failed", "Unknown") else colour
    dashes: Any = (0, (2.5, 1.5)) if state == "ContainerCreating" else "-"
    box(axes, (x, y, size, size), facecolor=fill, edgecolor=edge, linestyle=dashes, rounding=4.5, zorder=7)
    mark = MARKS.get(state, "")
    if mark in STROKES:
        xs, ys = STROKES[mark]
        axes.plot([x + size * u for u in xs], [y + size * v for v in ys], color=INK, linewidth=1.6, zorder=8)
    elif mark:
        write(axes, (x + size / 2, y + size / 2), mark, ha="center")


def workload(axes: Axes, x: float, y: float, data: dict[str, Any]) -> None:
    """A workload: a stack of cards with `actual/desired`, its name, kind and how many are ready."""
    colour = room("controllers").colour
    for shift in (8, 4, 0):
        place = (x + shift, y + 8 - shift, 38, 26)
        box(axes, place, edgecolor=colour, facecolor=tint(colour, 0.12), rounding=5)
    count = f"{data.get('actual', 0)}/{data.get('desired', 0)}"
    write(axes, (x + 19, y + 21), count, ha="center", weight="bold", size=8.5)
    write(axes, (x + 56, y + 10), short(data["key"].split("/")[-1], 24), size=8.5)
    write(axes, (x + 56, y + 26), f"{data['kind']}, {data.get('ready', 0)} ready", size=8, color=QUIET)


def curve(axes: Axes, start: Point, end: Point, *, across: bool = False, **look: Any) -> None:
    """A road between two players: straight when level, else leaving and arriving upright; `across`: always level."""
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    bends = [start, end] if abs(start[1] - end[1]) <= 20 else [(start[0], y), (end[0], y)]
    bends = [(x, start[1]), (x, end[1])] if across else bends
    codes = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
    style = {"facecolor": "none", "capstyle": "round", "zorder": 2, **look}
    axes.add_patch(PathPatch(Path([start, *bends, end], codes), **style))
