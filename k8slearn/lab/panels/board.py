"""Nodes and pods as a board: machines are trays with their size drawn, pods are small squares on them.

Kubernetes: what ``kubectl get pods -o wide`` and ``kubectl describe node`` tell in two tables. The browser's half is
`js/board.js`; the data is made in `lab/board.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..text import pod_line, section
from .panel import Frame, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EMPTY: Frame = {"nodes": [], "more": 0, "waiting": [], "waiting_count": 0, "chosen": None}
ROOMY, ON_PAPER = 8, 50  # up to so many nodes, pods are listed by name; and so many are drawn at all
LISTED = 4


def text(frame: Frame) -> str:
    """Who waits, then each node with its meters, signs and pods, then what is chosen."""
    told = frame.get("board") or EMPTY
    parts = [section("No node yet", _squares(told["waiting"], told["waiting_count"]))]
    for node in told["nodes"]:
        parts.append(section(title(node), _squares(node["pods"], node["count"]), "no pods"))
    parts += [f"+{told['more']} more nodes"] if told["more"] else []
    if chosen := told["chosen"]:
        parts.append(section(chosen["title"], chosen["lines"]))
    return "\n".join(parts)


def title(node: dict[str, Any]) -> str:
    """``node-0 (not ready): cpu 2 of 8, uses 0.5; memory 1 of 4Gi, uses 0.2; taint unreachable: NoExecute``"""
    health = "cut off" if node["cut_off"] else "ready" if node["ready"] else "not ready"
    return f"{node['name']} ({health}): {'; '.join([*map(meter_line, node['meters']), *node['signs']])}"


def meter_line(meter: dict[str, Any]) -> str:
    """``cpu 2 of 8, uses 0.5``"""
    return f"{meter['name']} {figures_of(meter)}, uses {meter['used']:g}{meter['unit']}"


def figures_of(meter: dict[str, Any]) -> str:
    return f"{meter['asked']:g} of {meter['has']:g}{meter['unit']}"


def _squares(pods: list[dict[str, Any]], count: int) -> Iterator[str]:
    for pod in pods:
        yield pod_line(pod) + (f", {pod['restarts']} restarts" if pod["restarts"] else "")
    if count > len(pods):
        yield f"+{count - len(pods)} more pods"


# --- on paper --------------------------------------------------------------------------------


def paint(axes: Axes, frame: Frame) -> None:
    """The waiting row, then the trays: large ones with names, or many small ones."""
    from .. import figures

    told = frame.get("board") or EMPTY
    look: Any = {"linestyle": "--", "facecolor": "#F6F7F8", "edgecolor": figures.QUIET}
    figures.box(axes, (20, 8, 960, 62), **look)
    figures.write(axes, (32, 23), "no node yet", size=8.5)
    _row(axes, (20, 8, 960, 62), 30, told["waiting"], told["waiting_count"])
    nodes = told["nodes"][:ON_PAPER]
    columns = min(max(len(nodes), 2), 4) if len(nodes) <= ROOMY else 8
    wide, high = 960 / columns, 215 if len(nodes) <= ROOMY else 71
    for i, node in enumerate(nodes):
        row, column = divmod(i, columns)
        place = (20 + column * wide, 84 + row * high, wide - 10, high - 9)
        _tray(axes, place, node, roomy=len(nodes) <= ROOMY)
    if told["more"]:
        figures.write(axes, (980, 592), f"+{told['more']} more nodes", color=figures.QUIET, ha="right")


def _tray(axes: Axes, place: tuple[float, float, float, float], node: dict[str, Any], *, roomy: bool) -> None:
    from .. import figures

    x, y, w, _ = place
    colour = figures.room("node").colour
    look: Any = {"facecolor": figures.tint(colour, 0.07), "linestyle": "-" if node["ready"] else "--"}
    figures.box(axes, place, edgecolor=colour, **look)
    name = node["name"] + (", cut off" if node["cut_off"] else "" if node["ready"] else ", not ready")
    figures.write(axes, (x + 10, y + 14), figures.short(name, int(w / 7)), size=8.5 if roomy else 7.5)
    for i, meter in enumerate(node["meters"]):
        _meter(axes, (x + 10, y + (32 + 17 * i if roomy else 24 + 7 * i), w - 20), meter, words=roomy)
    if not roomy:
        _row(axes, place, 38, node["pods"], node["count"])
        return
    signs = figures.short("; ".join(sign.partition(":")[0] for sign in node["signs"]), int((w - 20) / 6.2))
    figures.write(axes, (x + 10, y + 66), signs, size=7.5, weight="bold")
    for i, pod in enumerate(node["pods"][:LISTED]):
        figures.pod(axes, x + 10, y + 80 + i * 26, pod, size=18)
        words = pod["key"].split("/")[-1] + (f"  ↻{pod['restarts']}" if pod["restarts"] else "")
        told = f"{words}  {pod['reason']}"
        figures.write(axes, (x + 36, y + 89 + i * 26), figures.short(told, int((w - 44) / 5.8)), size=8)
    _more(axes, place, node["count"] - LISTED)


def _meter(axes: Axes, at: tuple[float, float, float], meter: dict[str, Any], *, words: bool) -> None:
    """A bar as long as what there is; filled as far as is requested, a tick where the use is."""
    from .. import figures

    x, y, w = at
    left, right = (x + 50, x + w - 66) if words else (x, x + w)
    room, colour = max(right - left, 10), figures.room("node").colour
    if words:
        figures.write(axes, (x, y), meter["name"], size=7.5)
        figures.write(axes, (x + w, y), figures_of(meter), size=7.5, ha="right")
    bar: Any = {"rounding": 1.5, "linewidth": 0.8, "zorder": 5}
    figures.box(axes, (left, y - 4, room, 8 if words else 5), **bar)
    filled = room * min(meter["asked"] / (meter["has"] or 1), 1)
    bar |= {"facecolor": figures.tint(colour, 0.6), "edgecolor": "none"}
    figures.box(axes, (left, y - 4, max(filled, 0.1), 8 if words else 5), **bar)
    tick = left + room * min(meter["used"] / (meter["has"] or 1), 1)
    axes.plot([tick, tick], [y - 6, y + (6 if words else 3)], color=figures.INK, linewidth=1.6, zorder=6)


def _row(axes: Axes, place: Any, top: float, pods: list[dict[str, Any]], count: int) -> None:
    from .. import figures

    x, y, w, _ = place
    room = int((w - 20) // 23)
    for i, pod in enumerate(pods[:room]):
        figures.pod(axes, x + 10 + i * 23, y + top, pod, size=17)
    _more(axes, place, count - room)


def _more(axes: Axes, place: Any, rest: int) -> None:
    from .. import figures

    if rest > 0:
        x, y, w, _ = place
        figures.write(axes, (x + w - 8, y + 14), f"+{rest}", size=7.5, color=figures.QUIET, ha="right")


BOARD = Panel("board", "Nodes and pods", (10, 6.1), paint, text, part="board")
