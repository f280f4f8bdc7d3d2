"""A request on its way through the API server: its stations, and what each has changed.

Kubernetes: the handler chain, the registry's strategies, admission and the storage of one kube-apiserver.
The browser's half is `js/pipeline.js`; the data is made in `lab/journey.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .panel import Frame, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NONE = "There is no request to follow."
ON_PAPER, LINES = 20, 3  # stations, and lines of each


def text(frame: Frame) -> str:
    """Every station in words, with all that it changed."""
    told = frame.get("journey")
    if not told:
        return NONE
    parts = [f"{told['line']}   by {told['who']}"]
    for each in told["stations"]:
        lines = ["  ".join(["", *_words(line)]).rstrip() for line in each["diff"]]
        parts.append("\n".join([station_line(each), *lines]))
    return "\n".join(parts)


def station_line(station: dict[str, Any]) -> str:
    """``✓ fill_defaults  +7``"""
    mark = {"passed": "✓", "refused": "✗", "ahead": "·"}[station["state"]]
    told = [station["counted"], station["remark"]]
    return "  ".join([f"{mark} {station['name']}", *filter(None, told)])


def _words(line: list[str]) -> list[str]:
    mark, words, before = line
    return [mark, words, *([f"(was {before})"] if mark == "~" else [])]


def paint(axes: Axes, frame: Frame) -> None:
    """All stations from left to right, then down; under each the first lines of what it changed."""
    from .. import figures

    told = frame.get("journey")
    if not told:
        figures.write(axes, (20, 40), NONE, color=figures.QUIET)
        return
    figures.write(
        axes, (20, 16), figures.short(f"{told['line']}   by {told['who']}", 110), size=10, family="monospace"
    )
    for i, station in enumerate(told["stations"][:ON_PAPER]):
        row, column = divmod(i, 5)
        _station(axes, 20 + column * 194, 36 + row * 106, station, i)


def _station(axes: Axes, x: float, y: float, station: dict[str, Any], number: int) -> None:
    from .. import figures

    refused, ahead = station["state"] == "refused", station["state"] == "ahead"
    colour = figures.room(
        "operator" if refused else "store" if station["name"] == "store" else "apiserver"
    ).colour
    look = {"linestyle": ":" if ahead else "-", "linewidth": 2 if refused else 1.2}
    figures.box(axes, (x, y, 186, 96), edgecolor=colour, facecolor=figures.tint(colour, 0.05), **look)
    mark = {"passed": "✓", "refused": "✗", "ahead": "not reached"}[station["state"]]
    head = f"{number}  {station['name']}"
    figures.write(
        axes, (x + 10, y + 15), head, size=8.2, weight="bold", color=figures.QUIET if ahead else figures.INK
    )
    figures.write(axes, (x + 178, y + 15), f"{station['counted']}  {mark}", size=8, ha="right")
    changed = [line for line in station["diff"] if line[0] != " "]
    lines = [" ".join([line[0], line[1].strip()]) for line in changed] or [
        line[1] for line in station["diff"]
    ]
    said = [station["remark"]] if station["remark"] else []
    for row, line in enumerate([*said, *lines][: LINES + 1]):
        figures.write(
            axes, (x + 10, y + 36 + row * 17), figures.short(line, 33), size=6.5, family="monospace"
        )


PIPELINE = Panel("pipeline", "The way of a request", (10, 4.7), paint, text, part="journey")
