"""The architecture of this package as a picture, drawn from the table that a test enforces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8slearn import rooms
from k8slearn.lab.palette import INK, PAPER, QUIET, room
from k8slearn.lab.picture import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: (x, y) of each room: what stands higher may use what stands lower. Units: boxes.
PLACES = {
    "lab": (1.5, 5),
    "sim": (1, 4),
    "live": (2, 4),
    "traffic": (2.7, 2.55),
    "cluster": (1.5, 3),
    "clouds": (-1, 2),
    "controllers": (0, 2),
    "scheduler": (1, 2),
    "node": (2, 2),
    "machinery": (1, 1),
    "extension": (3.8, 3),
    "apiserver": (3.8, 2),
    "client": (1, 0),
    "store": (3.8, 1),
    "api": (2.1, -1),
}
COLOURS = {
    "machinery": "operator",
    "lab": "",
    "sim": "",
    "live": "",
    "traffic": "node",
    "clouds": "outside",
    "cluster": "",
    "extension": "",
    "api": "",
}


def direct(name: str) -> list[str]:
    """The rooms that `name` may use and that none of the others it may use stands for."""
    allowed = {r for r in rooms.ROOMS[name].may_import if r in PLACES}
    implied = {r for other in allowed for r in rooms.ROOMS[other].may_import}
    return sorted(allowed - implied)


def house() -> Picture:
    """Rooms as boxes, "may use" as arrows; what follows from other arrows is left out."""
    lines = [f"{name} uses {', '.join(direct(name)) or 'nothing'}" for name in PLACES]
    return Picture(_draw(), "\n".join(lines))


def _draw() -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.2), facecolor=PAPER)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    boxes = {name: _box(axes, name, x, y) for name, (x, y) in PLACES.items()}
    for name in PLACES:
        for below in direct(name):
            _arrow(axes, boxes, name, below)
    axes.set_xlim(-1.5, 4.3)
    axes.set_ylim(-1.6, 5.5)
    return figure


def _box(axes: Any, name: str, x: float, y: float) -> Any:
    from matplotlib.patches import FancyBboxPatch

    colour = room(COLOURS.get(name, name)).colour
    corner, style = (x - 0.36, y - 0.24), "round,pad=0,rounding_size=0.1"
    box = FancyBboxPatch(corner, 0.72, 0.48, style, facecolor=PAPER, edgecolor=colour, linewidth=2, zorder=2)
    axes.add_patch(box)
    axes.text(x, y, name, ha="center", va="center", fontsize=12, color=INK, zorder=3)
    return box


def _arrow(axes: Any, boxes: dict[str, Any], above: str, below: str) -> None:
    look = {"arrowstyle": "-|>", "color": QUIET, "linewidth": 1.1, "shrinkA": 2, "shrinkB": 2}
    ends = {"patchA": boxes[above], "patchB": boxes[below]}
    axes.annotate("", PLACES[below], PLACES[above], arrowprops={**look, **ends}, zorder=1)
