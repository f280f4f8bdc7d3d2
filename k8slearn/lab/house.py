"""The architecture of this package as a picture, drawn from the table that a test enforces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8slearn import rooms
from k8slearn.lab.palette import INK, PAPER, QUIET, room

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: (x, y) of each room: what stands higher may use what stands lower. Units: boxes.
PLACES = {
    "lab": (1.5, 5),
    "sim": (1.5, 4),
    "cluster": (1.5, 3),
    "controllers": (0, 2),
    "scheduler": (1, 2),
    "node": (2, 2),
    "machinery": (1, 1),
    "apiserver": (3.2, 1),
    "client": (1, 0),
    "store": (3.2, 0),
    "api": (2.1, -1),
}
COLOURS = {"machinery": "operator", "lab": "", "sim": "", "cluster": "", "api": ""}


def direct(name: str) -> list[str]:
    """The rooms that `name` may use and that none of the others it may use stands for."""
    allowed = {r for r in rooms.ROOMS[name].may_import if r in PLACES}
    implied = {r for other in allowed for r in rooms.ROOMS[other].may_import}
    return sorted(allowed - implied)


def house() -> Figure:
    """Rooms as boxes, "may use" as arrows; what follows from other arrows is left out."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6.2), facecolor=PAPER)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for name in PLACES:
        for below in direct(name):
            _arrow(axes, name, below)
    for name, (x, y) in PLACES.items():
        _box(axes, name, x, y)
    axes.set_xlim(-0.6, 3.9)
    axes.set_ylim(-1.6, 5.5)
    return figure


def _box(axes: Any, name: str, x: float, y: float) -> None:
    colour = room(COLOURS.get(name, name)).colour
    style = {"boxstyle": "round,pad=0.55", "facecolor": PAPER, "edgecolor": colour, "linewidth": 2}
    axes.text(x, y, name, ha="center", va="center", fontsize=12, color=INK, bbox=style, zorder=3)


def _arrow(axes: Any, above: str, below: str) -> None:
    (x0, y0), (x1, y1) = PLACES[above], PLACES[below]
    look = {"arrowstyle": "-|>", "color": QUIET, "shrinkA": 20, "shrinkB": 20, "linewidth": 1.1}
    axes.annotate("", (x1, y1), (x0, y0), arrowprops=look, zorder=1)
