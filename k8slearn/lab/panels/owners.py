"""Owners: who belongs to whom, what this step has changed, and one object in two of its revisions.

The browser's half is `js/owners.js`; the data is made in `lab/ownership.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..text import section
from .panel import Frame, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NONE = "Nothing lives in a namespace yet."
LINE, TOP, ON_PAPER = 21, 24, 17  # hundredths of an inch, and lines
TREE, DIFF = 20, 560


def text(frame: Frame) -> str:
    """The tree, a line for each object, and below it what two revisions differ in."""
    told = frame.get("owners") or {}
    lines = [line(row) for row in told.get("rows", [])]
    lines += [f"- {name} is gone" for name in told.get("gone", [])]
    lines += [f"+{told['more']} more"] if told.get("more") else []
    compared = told.get("diff")
    below = ["", section(headline(compared), _changes(compared))] if compared else []
    return "\n".join([*(lines or [NONE]), *below])


def line(row: dict[str, Any]) -> str:
    """``  └─ Pod shop-x  Ready  [~3]``"""
    changed = {"+": "new", "~": f"changed: {row['counted']}"}.get(row["mark"], "")
    said = [f"[{mark}]" for mark in filter(None, [*row["marks"], changed])]
    return "  ".join(filter(None, [f"{row['twig']}{row['kind']} {row['name']}", row["words"], *said]))


def headline(compared: dict[str, Any]) -> str:
    """``Pod default/shop-x: @12 -> @15, by kubelet/node-0``"""
    since = f"@{compared['since']}" if compared["since"] else "not there"
    until = "gone" if compared["ends"] else f"@{compared['until']}"
    return f"{compared['object']}: {since} → {until}, by {compared['by']}"


def _changes(compared: dict[str, Any]) -> list[str]:
    return [" ".join(filter(None, [*line[:2], line[2] and f"(was {line[2]})"])) for line in compared["lines"]]


def paint(axes: Axes, frame: Frame) -> None:
    """The tree on the left, on the right what has changed."""
    from .. import figures

    told = frame.get("owners") or {}
    rows = told.get("rows", [])
    if not rows:
        figures.write(axes, (TREE, 40), NONE, color=figures.QUIET)
    for number, row in enumerate(rows[:ON_PAPER]):
        _row(axes, TOP + number * LINE, row)
    rest = len(rows[ON_PAPER:]) + told.get("more", 0)
    notes = [f"- {name} is gone" for name in told.get("gone", [])] + ([f"+{rest} more"] if rest else [])
    figures.write(
        axes,
        (TREE, TOP + min(len(rows), ON_PAPER) * LINE + 4),
        "   ".join(notes),
        size=8,
        color=figures.QUIET,
    )
    if told.get("diff"):
        _compared(axes, told["diff"])


def _row(axes: Axes, y: float, row: dict[str, Any]) -> None:
    from .. import figures

    words = figures.short(line({**row, "mark": ""}), 66)
    marked = {"+": "+ new", "~": f"~ {row['counted']}"}.get(row["mark"], "")
    look: dict[str, Any] = {"weight": "bold"} if row["chosen"] else {}
    figures.write(axes, (TREE, y), words, size=8.5, family="monospace", **look)
    if marked:
        bbox = {"facecolor": figures.HIGHLIGHT, "edgecolor": "none", "boxstyle": "round,pad=0.2"}
        figures.write(axes, (DIFF - 40, y), marked, size=7.5, family="monospace", bbox=bbox, ha="right")


def _compared(axes: Axes, compared: dict[str, Any]) -> None:
    from .. import figures

    figures.write(axes, (DIFF, TOP), figures.short(headline(compared), 50), size=9, weight="bold")
    for number, words in enumerate(_changes(compared)[: ON_PAPER - 1]):
        figures.write(
            axes, (DIFF, TOP + (number + 1) * LINE), figures.short(words, 58), size=8, family="monospace"
        )


OWNERS = Panel("owners", "Owners", (10, 4.1), paint, text, part="owners")
