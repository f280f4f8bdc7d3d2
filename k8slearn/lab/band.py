"""Who writes what, who hears of what, and so: who listens to whom. All of it counted in a recorded history.

No player has ever spoken to another. `listening` shows who listens to whom all the same; every line in it leads through
a kind of objects, and through the API server.
"""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Iterable
from textwrap import fill
from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.lab.palette import INK, PAPER, QUIET, room, tint
from k8slearn.lab.picture import Picture
from k8slearn.lab.show import Shown
from k8slearn.sim import Simulation
from k8slearn.sim.trace import Step

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch

USER = "client"
BENT, ALONG = 0.13, 0.4  # how much an arrow is bent; where its label stands, from 0 to 1


class Heard(NamedTuple):
    """`listener` has heard of something that `writer` had written, an object of the kind `resource`."""

    writer: str
    resource: str
    listener: str


def part(player: str) -> str:
    """``kubelet/node-2`` plays the part of a kubelet."""
    return player.partition("/")[0]


def heard(steps: Iterable[Step]) -> Counter[Heard]:
    """How often each has heard of another's writes."""
    by_number = {step.number: step for step in steps}
    return Counter(
        Heard(part(by_number[cause].player), step.resource, part(step.player))
        for step in by_number.values()
        if step.action == "deliver"
        for cause in step.causes
    )


def wrote(steps: Iterable[Step]) -> Counter[tuple[str, str]]:
    """(player, kind) -> how many writes; a write to ``pods/status`` is one to pods."""
    return Counter((part(step.player), call.resource) for step in steps for call in step.writes)


def meetings(steps: Iterable[Step]) -> nx.Graph:
    """Players and kinds; a line where a player has written, or heard of, an object of that kind."""
    import networkx as nx

    steps, graph = list(steps), nx.Graph()
    graph.add_edges_from((player, kind) for player, kind in wrote(steps))
    for writer, kind, listener in heard(steps):
        graph.add_edges_from([(writer, kind), (kind, listener)])
    return graph


def matrix(sim: Simulation) -> Shown:
    """A row for each player, a column for each kind: w for writes, h for hears of."""
    writes, hears = wrote(sim.trace), {(h.listener, h.resource) for h in heard(sim.trace)}
    kinds = list(dict.fromkeys(kind for _, kind in [*writes, *sorted(hears)]))
    players = list(dict.fromkeys(player for player, _ in [*writes, *sorted(hears)]))
    rows = [
        [player, *("w" * ((player, kind) in writes) + "h" * ((player, kind) in hears) for kind in kinds)]
        for player in players
    ]
    return _table(["", *kinds], rows)


WORDS = {"": "", "w": "writes", "h": "hears", "wh": "writes, hears"}


def _table(head: list[str], rows: list[list[str]]) -> Shown:
    said = [[row[0], *(WORDS[cell] for cell in row[1:])] for row in rows]
    widths = [max(len(line[i]) for line in [head, *said]) for i in range(len(head))]
    text = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [head, *said]
    )
    top = "".join(f"<th style='text-align:left'>{html.escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(map(_cell, line))}</tr>" for line in said)
    return Shown(text, f"<table class='k8s-band'><tr>{top}</tr>{body}</table>")


def _cell(word: str) -> str:
    weight = "bold" if word.startswith("writes") else "normal"
    return f"<td style='text-align:left;font-weight:{weight}'>{html.escape(word)}</td>"


def listening(sim: Simulation, *, without: Iterable[str] = ()) -> Picture:
    """Who listens to whom: an arrow from who has written to who has heard of it. `without`: leave these players out."""
    left_out = set(without)
    pairs: dict[tuple[str, str], list[str]] = {}
    for writer, kind, listener in heard(sim.trace):
        if writer != listener and not left_out & {writer, listener}:
            pairs.setdefault((writer, listener), []).append(kind)
    lines = [
        f"{listener} listens to {writer}: {', '.join(kinds)}" for (writer, listener), kinds in pairs.items()
    ]
    return Picture(_draw(sim, pairs), "\n".join(sorted(lines)))


def _draw(sim: Simulation, pairs: dict[tuple[str, str], list[str]]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.6, 5.4), facecolor=PAPER)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-2.15, 2.15), ylim=(-1.35, 1.35))
    axes.set_axis_off()
    where = _circle(list(dict.fromkeys(name for pair in pairs for name in pair)))
    colours = _colours(sim)
    seats = {name: _seat(axes, at, name, colours.get(name, QUIET)) for name, at in where.items()}
    for (writer, listener), kinds in pairs.items():
        look: dict[str, Any] = {
            "arrowstyle": "-|>",
            "connectionstyle": f"arc3,rad={BENT}",
            "color": colours.get(writer, QUIET),
        }
        look |= {
            "patchA": seats[writer],
            "patchB": seats[listener],
            "shrinkA": 2,
            "shrinkB": 3,
            "linewidth": 1.8,
        }
        axes.annotate("", where[listener], where[writer], arrowprops=look, zorder=2)
        _label(axes, where[writer], where[listener], ", ".join(kinds))
    return figure


def _circle(names: list[str]) -> dict[str, tuple[float, float]]:
    angles = [math.pi / 2 - 2 * math.pi * i / len(names) for i in range(len(names))]
    return {name: (1.6 * math.cos(a), 1.1 * math.sin(a)) for name, a in zip(names, angles, strict=True)}


def _colours(sim: Simulation) -> dict[str, str]:
    rooms = {part(name): player.room for name, player in sim.manager.players.items()} | {USER: USER}
    return {name: room(where).colour for name, where in rooms.items()}


def _label(axes: Axes, start: tuple[float, float], end: tuple[float, float], words: str) -> None:
    """On the bent arrow, nearer to its beginning, so that those of two opposite arrows do not meet."""
    (x0, y0), (x1, y1) = start, end
    bend = 2 * ALONG * (1 - ALONG) * BENT
    x, y = x0 + ALONG * (x1 - x0) + bend * (y1 - y0), y0 + ALONG * (y1 - y0) - bend * (x1 - x0)
    back = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.0}
    axes.text(x, y, words, ha="center", va="center", fontsize=7.5, color=INK, bbox=back, zorder=3)


def _seat(axes: Axes, at: tuple[float, float], name: str, colour: str) -> FancyBboxPatch:
    from matplotlib.patches import FancyBboxPatch

    (x, y), (width, height) = at, (0.62, 0.3)
    look: dict[str, Any] = {
        "facecolor": tint(colour, 0.15),
        "edgecolor": colour,
        "linewidth": 1.6,
        "zorder": 4,
    }
    style = "round,pad=0,rounding_size=0.07"
    box = FancyBboxPatch((x - width / 2, y - height / 2), width, height, style, **look)
    axes.add_patch(box)
    words = name.replace("-controller", " controller").replace("-", " ").replace("default ", "")
    axes.text(x, y, fill(words, 14), ha="center", va="center", fontsize=9, color=INK, zorder=5)
    return box
