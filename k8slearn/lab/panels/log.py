"""The store's log as a tape: every write in order, and under it everybody who reads it, each at his own place.

Kubernetes: etcd's log of revisions; the readers are its watches, and the API server's watch cache.
The browser's half is `js/log.js`; the data is made in `lab/logs.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..text import section
from .panel import Frame, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EMPTY = "Nothing was ever written."
CELLS = {"read": "●", "waiting": "○", "lost": "✕", "": "·"}
ON_PAPER = 12  # entries
LINES = 9  # of a diff, on paper


def text(frame: Frame) -> str:
    """The tape, its readers and the chosen entry, in words."""
    log = frame.get("log") or {}
    entries = log.get("entries", [])
    left_out = [f"({log['before']} earlier entries)"] if log.get("before") else []
    lines = [*left_out, *(entry_line(entry) for entry in entries)]
    parts = [section("The store's log", lines, EMPTY)]
    if log.get("readers"):
        parts.append(section("Readers", [reader_line(each) for each in log["readers"]] + _more(log)))
    chosen = log.get("chosen")
    if chosen:
        parts.append(section(chosen["title"], [" ".join(_words(line)) for line in chosen["diff"]]))
        present = [f"{each['resource']} {each['key']} @{each['revision']}" for each in log["present"]]
        parts.append(section(f"There at @{chosen['revision']}", present, "nothing"))
    return "\n".join(parts)


def entry_line(entry: dict[str, Any]) -> str:
    """``@3 ~ configmaps default/tea   by you``"""
    notes = [f"by {entry['who']}" if entry.get("who") else "", "compacted" if entry["compacted"] else ""]
    told = ", ".join(filter(None, notes))
    return f"@{entry['revision']} {entry['mark']} {entry['resource']} {entry['key']}" + (
        f"  ({told})" if told else ""
    )


def reader_line(reader: dict[str, Any]) -> str:
    """``ada at @3, 2 behind  ●●●○○``"""
    cells = "".join(CELLS[cell] for cell in reader["cells"])
    return f"{reader['name']} at @{reader['revision']}, {state(reader)}  {cells}"


def state(reader: dict[str, Any]) -> str:
    """How a reader stands to the log."""
    if reader["cut"]:
        return "not connected"
    if reader["expired"]:
        return "expired: what comes next was compacted away"
    return f"{reader['lag']} behind" if reader["lag"] else "level with the log"


def _more(log: dict[str, Any]) -> list[str]:
    return [f"+{log['more']} more readers"] if log.get("more") else []


def _words(line: list[str]) -> list[str]:
    mark, words, before = line
    return [mark, words, *([f"  (was {before})"] if mark == "~" else [])]


def paint(axes: Axes, frame: Frame) -> None:
    """The tape above, readers below it, the chosen entry at the foot."""
    from .. import figures

    log = frame.get("log") or {}
    entries = log.get("entries", [])[-ON_PAPER:]
    if not entries:
        figures.write(axes, (20, 40), EMPTY, color=figures.QUIET)
        return
    width = min(810 / len(entries), 110)
    for i, entry in enumerate(entries):
        _card(axes, (164 + i * width, 14, width - 6, 64), entry, log.get("chosen"))
    for row, reader in enumerate(log["readers"]):
        _row(axes, 104 + row * 30, reader, len(entries), width)
    if log.get("chosen"):
        _foot(axes, 112 + 30 * len(log["readers"]), log["chosen"])


def _card(axes: Axes, place: Any, entry: dict[str, Any], chosen: dict[str, Any] | None) -> None:
    from .. import figures

    x, y, w, _ = place
    colour = figures.room("store").colour
    gone, here = entry["compacted"], chosen and chosen["revision"] == entry["revision"]
    fill = figures.HIGHLIGHT if here else figures.tint(colour, 0.04 if gone else 0.15)
    figures.box(axes, place, facecolor=fill, edgecolor=colour, linestyle=":" if gone else "-", rounding=5)
    ink = figures.QUIET if gone else figures.INK
    figures.write(axes, (x + 6, y + 14), f"@{entry['revision']}", size=8.5, weight="bold", color=ink)
    figures.write(axes, (x + w - 8, y + 14), entry["mark"], size=11, weight="bold", color=ink, ha="right")
    most = int((w - 10) / 5.6)
    figures.write(
        axes, (x + 6, y + 34), figures.short(entry["resource"], most), size=7.5, color=figures.QUIET
    )
    figures.write(
        axes, (x + 6, y + 50), figures.short(entry["key"].split("/")[-1], most), size=7.5, color=ink
    )


def _row(axes: Axes, y: float, reader: dict[str, Any], shown: int, width: float) -> None:
    from .. import figures

    colour = figures.room(reader["room"]).colour
    figures.write(axes, (20, y - 5), figures.short(reader["name"], 24), size=8.5, weight="bold")
    told = f"@{reader['revision']}, {state(reader).partition(':')[0]}"
    figures.write(axes, (20, y + 8), told, size=7, color=figures.QUIET)
    for i, cell in enumerate(reader["cells"][-shown:]):
        x = 164 + i * width + (width - 6) / 2
        if cell == "lost":
            figures.write(axes, (x, y), "✕", ha="center", size=9)
        elif cell:
            face = colour if cell == "read" else figures.PAPER
            axes.plot([x], [y], "o", markersize=8, markerfacecolor=face, markeredgecolor=colour, zorder=6)
        else:
            axes.plot([x - 4, x + 4], [y, y], color=figures.RULE, zorder=3)


def _foot(axes: Axes, top: float, chosen: dict[str, Any]) -> None:
    from .. import figures

    figures.write(axes, (20, top), chosen["title"], size=9, weight="bold")
    for row, line in enumerate(chosen["diff"][:LINES]):
        words = figures.short("  ".join(_words(line)).rstrip(), 120)
        figures.write(axes, (30, top + 20 + row * 15), words, size=8, family="monospace")


LOG = Panel("log", "The store's log", (10, 4.2), paint, text, part="log")
