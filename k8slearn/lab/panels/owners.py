"""Owners: who belongs to whom, what has changed in each of them, and one object in two of its revisions.

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
TREE, INDENT, CHANGE, DIFF = 20, 8, 480, 500


def text(frame: Frame) -> str:
    """The tree, a line for each object, and below it what two revisions differ in."""
    told = frame.get("owners") or {}
    lines = [compared(told)] if told.get("picked") else []
    lines += [line(row) for row in told.get("rows", [])]
    lines += [f"+{told['more']} more"] if told.get("more") else []
    below = [section(headline(each, told), _in_full(each)) for each in told.get("chosen", [])]
    return "\n".join([*(lines or [NONE]), *(f"\n{each}" for each in below)])


def compared(told: dict[str, Any]) -> str:
    """Over which time the tree tells what has changed."""
    return f"what has changed since @{told['since']}" if told["picked"] else "what has changed in this step"


def line(row: dict[str, Any]) -> str:
    """``  └─ ReplicaSet shop-x  revision 1: 2/2 ready  [spec.replicas 3 → 2]``"""
    said = [f"[{mark}]" for mark in filter(None, [*row["marks"], change(row)])]
    return "  ".join(filter(None, [f"{row['twig']}{row['kind']} {row['name']}", row["words"], *said]))


def change(row: dict[str, Any]) -> str:
    """What has become of it, in a few words. Who is gone is gone, whenever that was."""
    if row["mark"] != "~":
        return {"+": "new", "-": "gone now"}.get(
            row["mark"], "gone" if row["key"] and not row["there"] else ""
        )
    more = [f"+{row['more']} more"] if row["more"] else []
    return ", ".join([*row["changes"], *more]) or "written again"


def headline(each: dict[str, Any], told: dict[str, Any]) -> str:
    """``Pod shop-x: @12 → @15, last written by kubelet/node-0``"""
    by = f", last written by {each['by']}" if each["by"] else ""
    return f"{each['object']}: @{told['since']} → @{told['until']}{by}"


def _in_full(each: dict[str, Any]) -> list[str]:
    revisions = ", ".join(f"@{number} by {who}" for number, who in each["revisions"])
    return [*(_changes(each) or ["Nothing differs."]), f"its revisions: {revisions or 'none in the log'}"]


def _changes(each: dict[str, Any]) -> list[str]:
    return [" ".join(filter(None, [*line[:2], line[2] and f"(was {line[2]})"])) for line in each["lines"]]


def paint(axes: Axes, frame: Frame) -> None:
    """The tree on the left, on the right what has changed in each; or, of the chosen object, all that differs."""
    from .. import figures

    told = frame.get("owners") or {}
    rows, chosen = told.get("rows", []), told.get("chosen", [])
    if not rows:
        figures.write(axes, (TREE, 40), NONE, color=figures.QUIET)
        return
    for number, row in enumerate(rows[:ON_PAPER]):
        _row(axes, TOP + number * LINE, row, told=not chosen)
    rest = len(rows[ON_PAPER:]) + told.get("more", 0)
    if rest:
        figures.write(axes, (TREE, TOP + ON_PAPER * LINE), f"+{rest} more", size=8, color=figures.QUIET)
    if chosen:
        _compared(axes, chosen[0], told)


def _row(axes: Axes, y: float, row: dict[str, Any], *, told: bool) -> None:
    """`told`: is there room on the right for what has changed?"""
    from .. import figures

    x = TREE + INDENT * len(row["twig"])
    ink = figures.INK if row["there"] else figures.QUIET
    if row["twig"]:
        axes.plot([x - 18, x - 18, x - 5], [y - LINE / 2, y, y], color=figures.RULE, linewidth=1.2)
    if row["kind"] == "Pod":
        if row["pod"]:
            figures.pod(axes, x, y - 7.5, row["pod"], size=15)
        x += 22
    look = {"weight": "bold"} if row["chosen"] else {}
    words = "" if row["pod"] and row["pod"]["ready"] else row["words"]
    said = "  ".join(filter(None, [f"{row['kind']} {row['name']}", words, *row["marks"]]))
    figures.write(
        axes, (x, y), figures.short(said, int((CHANGE - 10 - x) / 5.6)), color=ink, size=8.5, **look
    )
    words = change(row)
    if not words:
        return
    if told:
        place, words, side = (CHANGE, y), figures.short(words, 76), "left"
    else:
        place, words, side = (DIFF - 16, y), row["mark"] or "-", "right"
    shade = {"bbox": {"facecolor": figures.HIGHLIGHT, "edgecolor": "none", "boxstyle": "round,pad=0.2"}}
    figures.write(axes, place, words, size=8, ha=side, **(shade if row["mark"] else {"color": figures.QUIET}))


def _compared(axes: Axes, each: dict[str, Any], told: dict[str, Any]) -> None:
    from .. import figures

    figures.write(axes, (DIFF, TOP), figures.short(headline(each, told), 66), size=8.5, weight="bold")
    for number, words in enumerate((_changes(each) or ["Nothing differs."])[: ON_PAPER - 1]):
        place = (DIFF, TOP + (number + 1) * LINE)
        figures.write(axes, place, figures.short(words, 74), size=8, family="monospace")


OWNERS = Panel("owners", "Owners", (10, 4.1), paint, text, part="owners")
