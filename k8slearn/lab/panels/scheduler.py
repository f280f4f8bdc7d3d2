"""Every decision explained: nodes are rows, plugins are columns, and what each thinks of each is a cell.

Kubernetes only logs this, at verbosity 10. The browser's half is `js/scheduler.js`; the data is made in
`lab/decisions.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .panel import Frame, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NONE = "The scheduler has not decided anything yet."
MARKS = {"chosen": "★ chosen", "tied": "= as good", "fits": "✓ would do", "refused": "✕ refused"}
ON_PAPER = 8  # nodes
#: Names that are too long for a column.
SHORT = {"NodeResourcesBalancedAllocation": "BalancedAllocation"}


def text(frame: Frame) -> str:
    """The whole table in words: raw → normalised × weight for each plugin, or the reasons of a refusal."""
    told = frame.get("scheduler")
    if not told:
        return NONE
    lines = [told["remark"], *(_in_words(row, told["plugins"]) for row in told["rows"])]
    if told["nominated"]:
        lines.append(f"Others make room for it on {told['nominated']}. It is not bound to it.")
    if told["more"]:
        lines.append(f"+{told['more']} more nodes")
    turned = [k for k in told["knobs"] if k["value"] != k["decided"]]
    lines += [
        f"  turned: {k['name']} {k['value']}{k['unit']} (was {k['decided']}{k['unit']})" for k in turned
    ]
    return "\n".join(lines)


def _in_words(row: dict[str, Any], plugins: list[dict[str, Any]]) -> str:
    head = f"{row['node']:<10} {MARKS[row['mark']]:<11}"
    if row["mark"] == "refused":
        return f"{head} {row['plugin']}: {', '.join(row['reasons'])}"
    pairs = zip(plugins, row["scores"], strict=True)
    sums = [f"{short(p['name'])} {cell(score, p['weight'])}" for p, score in pairs if score]
    return f"{head} {row['total']:>4} = {'  +  '.join(sums)}"


def cell(score: list[int], weight: int) -> str:
    """``62`` or, where it was normalised or weighed, ``0→100×3``"""
    raw, normalized, _ = score
    return f"{raw}→{normalized}" * (raw != normalized) + f"{raw}" * (raw == normalized) + f"×{weight}"


def short(name: str) -> str:
    return SHORT.get(name, name)


def paint(axes: Axes, frame: Frame) -> None:
    """The table as a heat map: the better, the darker; and every number is written."""
    from .. import figures

    told = frame.get("scheduler")
    if not told:
        figures.write(axes, (20, 40), NONE, color=figures.QUIET)
        return
    figures.write(axes, (20, 16), figures.short(told["remark"], 130), size=9.5, weight="bold")
    plugins = told["plugins"]
    width = 650 / max(len(plugins), 1)
    for i, plugin in enumerate(plugins):
        _head(axes, 260 + i * width, width, plugin)
    figures.write(axes, (960, 56), "total", size=8.5, ha="right", weight="bold")
    for i, row in enumerate(told["rows"][:ON_PAPER]):
        _row(axes, 76 + i * 36, width, row)
    rest = told["more"] + max(len(told["rows"]) - ON_PAPER, 0)
    if rest:
        figures.write(axes, (20, 76 + ON_PAPER * 36), f"+{rest} more nodes", size=8.5, color=figures.QUIET)


def _head(axes: Axes, x: float, width: float, plugin: dict[str, Any]) -> None:
    from .. import figures

    words = "\n".join(_broken(short(plugin["name"]), int(width / 6.5)))
    figures.write(axes, (x + width / 2, 46), words, size=7.6, ha="center", linespacing=1.1)
    figures.write(
        axes, (x + width / 2, 67), f"× {plugin['weight']}", size=7.5, ha="center", color=figures.QUIET
    )


def _broken(name: str, most: int) -> list[str]:
    """A name in at most two lines, broken before a capital."""
    from .. import figures

    parts = re.findall(r"[A-Z]+[^A-Z]*|[^A-Z]+", name)
    if len(name) <= most or len(parts) < 2:
        return [figures.short(name, max(most, 3))]
    cut = next((i for i in range(len(parts) - 1, 0, -1) if len("".join(parts[:i])) <= most), 1)
    return [figures.short("".join(half), max(most, 3)) for half in (parts[:cut], parts[cut:])]


def _row(axes: Axes, y: float, width: float, row: dict[str, Any]) -> None:
    from .. import figures

    chosen, refused = row["mark"] == "chosen", row["mark"] == "refused"
    ink = figures.QUIET if refused else figures.INK
    look: Any = {"size": 9, "weight": "bold" if chosen else "normal", "color": ink}
    figures.write(axes, (20, y + 16), figures.short(row["node"], 16), **look)
    figures.write(axes, (150, y + 16), MARKS[row["mark"]], **look)
    if refused:
        words = f"{row['plugin']}: {', '.join(row['reasons'])}"
        figures.box(axes, (260, y + 2, 700, 30), rounding=5, linestyle="--")
        figures.write(axes, (274, y + 17), figures.short(words, 100), size=8.5)
        return
    colour = figures.room("scheduler").colour
    for i, score in enumerate(row["scores"]):
        fill = figures.tint(colour, 0.08 + 0.62 * score[1] / 100) if score else figures.PAPER
        figures.box(
            axes, (260 + i * width + 3, y + 2, width - 6, 30), rounding=5, facecolor=fill, linewidth=0.8
        )
        raw, normalized, weighted = score or (None, None, None)
        how = (
            ""
            if score is None
            else f"{weighted}"
            if raw == weighted
            else f"{weighted}   ({raw} → {normalized})"
        )
        figures.write(axes, (260 + (i + 0.5) * width, y + 17), how or "no say", size=7.5, ha="center")
    figures.write(
        axes, (960, y + 17), str(row["total"]), size=10, ha="right", weight="bold" if chosen else "normal"
    )


SCHEDULER = Panel("scheduler", "Every decision explained", (10, 4.0), paint, text, part="scheduler")
