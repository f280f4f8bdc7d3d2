"""Watches side by side: what each asks for, what it was told, how far it is behind, and what it believes now.

Kubernetes: the watchers of one resource, as the API server's watch cache serves them.
The browser's half is `js/watches.js`; the data is made in `lab/desk.py` and, of a simulation, in `lab/streams.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..text import section
from .panel import Frame, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NONE = "Nobody is behind: every watcher has heard of everything."
LEVELS = {"level": "", "old": "out of date", "gone": "gone, and it does not know"}
ON_PAPER, LINES, BELIEFS = 4, 9, 5


def text(frame: Frame) -> str:
    """Every watcher in words."""
    told = frame.get("watches") or {}
    there = [each["words"] for each in told.get("objects", [])]
    parts = [section("Notes that are there", there)] if there else []
    parts += [_in_words(each) for each in told.get("watchers", [])]
    if told.get("more"):
        parts.append(f"+{told['more']} more watchers")
    return "\n".join(parts) or NONE


def _in_words(watcher: dict[str, Any]) -> str:
    lines = [f"({watcher['before']} earlier)"] if watcher["before"] else []
    lines += [" ".join(line) for line in watcher["told"]]
    title = f"{watcher['label']} ({watcher['asks']}): {stand(watcher)}"
    believes = [belief_line(each) for each in watcher["believes"]]
    unknown = [f"{name} (never heard of)" for name in watcher["unknown"]]
    return "\n".join(
        [
            section(title, lines, "was told nothing"),
            *(f"  believes: {each}" for each in [*believes, *unknown]),
        ]
    )


def stand(watcher: dict[str, Any]) -> str:
    """``connected, remembers @9, 2 behind``"""
    version = f"remembers @{watcher['version']}" if watcher["version"] else "remembers no version"
    return ", ".join([watcher["words"], version, *([f"{watcher['lag']} behind"] if watcher["lag"] else [])])


def belief_line(belief: dict[str, Any]) -> str:
    remark = LEVELS[belief["level"]]
    return belief["words"] + (f" ({remark})" if remark else "")


def paint(axes: Axes, frame: Frame) -> None:
    """A column for each watcher: its stand, what it was told (oldest first), what it believes."""
    from .. import figures

    told = frame.get("watches") or {}
    watchers = told.get("watchers", [])[:ON_PAPER]
    if not watchers:
        figures.write(axes, (20, 40), NONE, color=figures.QUIET)
        return
    there = "   ".join(each["words"] for each in told["objects"])
    if there:
        figures.write(axes, (20, 14), figures.short(f"there now:  {there}", 130), size=8.5)
    width = 960 / len(watchers)
    for i, each in enumerate(watchers):
        _column(axes, 20 + i * width, width - 14, each)


def _column(axes: Axes, x: float, width: float, watcher: dict[str, Any]) -> None:
    from .. import figures

    colour, most = figures.room(watcher["room"]).colour, int(width / 6.6)
    bad = watcher["state"] in ("expired", "cut", "held")
    look = {"linestyle": "--" if bad else "-", "facecolor": figures.tint(colour, 0.06)}
    figures.box(axes, (x, 32, width, 52), edgecolor=colour, **look)
    head = f"{watcher['label']}  ({watcher['asks']})"
    figures.write(axes, (x + 12, 48), figures.short(head, most), size=9, weight="bold")
    figures.write(axes, (x + 12, 68), figures.short(stand(watcher), most + 4), size=7.8, color=figures.QUIET)
    for row, line in enumerate(watcher["told"][-LINES:]):
        words = figures.short(" ".join(line), most + 2)
        figures.write(axes, (x + 12, 102 + row * 17), words, size=7.5, family="monospace")
    figures.write(axes, (x + 12, 264), "believes", size=8, color=figures.QUIET)
    believed = [belief_line(each) for each in watcher["believes"]]
    believed += [f"{name} (never heard of)" for name in watcher["unknown"]]
    for row, words in enumerate(believed[:BELIEFS]):
        figures.write(axes, (x + 12, 282 + row * 17), figures.short(words, most), size=8)


WATCHES = Panel("watches", "Watches", (10, 3.8), paint, text, part="watches")
