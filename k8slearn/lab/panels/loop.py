"""The reconcile loop: observe (a cache, perhaps stale), compare (desired with actual), act (API calls).

Kubernetes: every controller's `Reconcile(request)`; the cache is client-go's shared informer.
The browser's half is `js/loop.js`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..text import section
from .panel import Frame, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOTHING_YET = "No reconcile yet: step until a player takes a key from its queue."
COUNTED = 12


def text(frame: Frame) -> str:
    """The loop in words, stage by stage."""
    loop = frame.get("loop")
    if not loop:
        return section("Reconcile loop", [NOTHING_YET])
    title = f"Reconcile loop of {loop['player']}: {loop.get('resource', '')} {loop['key']}"
    causes = ", ".join(str(step) for step in loop.get("caused_by", []))
    stages = [
        *(["caused by step " + causes] if causes else []),
        *_observed(loop.get("observe", {})),
        *_compared(loop.get("compare", {})),
        *(f"act: {call_line(call)}" for call in loop.get("act", [])),
        f"result: {loop.get('result', '')}",
    ]
    return section(title, stages)


def _observed(observe: dict[str, Any]) -> list[str]:
    return [f"observe: {staleness(observe)}", *(f"observe: saw {line}" for line in observe.get("saw", []))]


def _compared(compare: dict[str, Any]) -> list[str]:
    sides = [f"{side} {_facts(compare.get(side, []))}" for side in ("desired", "actual") if compare.get(side)]
    return [f"compare: {'; '.join([*sides, compare.get('difference') or 'no difference'])}"]


def _facts(pairs: list[list[Any]]) -> str:
    return ", ".join(f"{name} {value}" for name, value in pairs)


def staleness(observe: dict[str, Any]) -> str:
    """Which past the reconcile looked at."""
    behind = observe.get("lag", 0)
    far = f"{behind} behind the store @{observe.get('store_revision')}" if behind else "level with the store"
    return f"cache @{observe.get('revision')}, {far}"


def call_line(call: dict[str, Any]) -> str:
    """One API call and what came of it."""
    outcome = f"@{call['revision']}" if call.get("ok") and call.get("revision") else "ok"
    return f"{call['verb']} {call['what']} → {outcome if call.get('ok') else 'refused'}"


def paint(axes: Axes, frame: Frame) -> None:
    """Three stages side by side, joined to a ring."""
    from .. import figures

    loop = frame.get("loop")
    if not loop:
        figures.write(axes, (20, 40), NOTHING_YET, color=figures.QUIET, size=9.5)
        return
    title = f"{loop['player']}   {loop.get('resource', '')} {loop['key']}"
    figures.write(axes, (20, 24), figures.short(title, 90), size=10.5, weight="bold")
    in_room = next((p["room"] for p in frame.get("players", []) if p["id"] == loop["player"]), "")
    colour = figures.room(in_room).colour
    _ring(axes, colour)
    observe, calls = loop.get("observe", {}), loop.get("act", [])
    saw = [(line, 8.5) for line in observe.get("saw", [])]
    _stage(axes, 0, "observe", colour, [(staleness(observe), 8.5), *saw])
    _stage(axes, 1, "compare", colour, [])
    _sides(axes, loop.get("compare", {}))
    acts = [(call_line(call), 8.5) for call in calls[:7]]
    _stage(axes, 2, "act", colour, [*acts, (f"result: {loop.get('result', '')}", 9)])


def _ring(axes: Axes, colour: str) -> None:
    from .. import figures

    look = {"facecolor": "none", "edgecolor": figures.tint(colour, 0.5), "linewidth": 2, "zorder": 1}
    figures.box(axes, (20, 66, 960, 270), rounding=28, **look)
    ground = {"facecolor": figures.PAPER, "edgecolor": "none"}
    said = "◀  watch events bring the change back into the cache"
    figures.write(axes, (500, 336), said, ha="center", size=8.5, color=figures.QUIET, bbox=ground)


def _stage(axes: Axes, number: int, title: str, colour: str, lines: list[tuple[str, float]]) -> None:
    from .. import figures

    left = 40 + number * 312
    figures.box(axes, (left, 48, 296, 268), rounding=12)
    figures.chip(axes, (left + 22, 72), str(number + 1), facecolor=colour, edgecolor=colour)
    figures.write(axes, (left + 42, 72), title, size=10.5, weight="bold")
    for row, (line, size) in enumerate(lines[:9]):
        figures.write(axes, (left + 14, 104 + row * 22), figures.short(line, 41), size=size)


def _sides(axes: Axes, compare: dict[str, Any]) -> None:
    """Desired above actual: small counts are drawn as pods, what is missing as a ghost."""
    from .. import figures

    desired, actual = compare.get("desired", []), compare.get("actual", [])
    rows = [("desired", pair, 0) for pair in desired[:2]]
    rows += [("actual", pair, _missing(desired, i, pair[1])) for i, pair in enumerate(actual[:2])]
    for row, (side, (name, value), ghosts) in enumerate(rows):
        top = 102 + row * 46
        figures.write(axes, (366, top), f"{side}   {name} {figures.short(str(value), 28)}", size=8.5)
        count = value if _countable(value) else 0
        for i in range(count + ghosts):
            phase = "Running" if side == "actual" and i < count else "Pending"
            ghost = {"reason": "ContainerCreating"} if i >= count else {}
            figures.pod(axes, 366 + i * 21, top + 11, {"phase": phase, **ghost}, size=16)
    difference = compare.get("difference") or "no difference"
    figures.write(axes, (366, 294), figures.short(difference, 40), size=9.5, weight="bold")


def _countable(value: Any) -> bool:
    return type(value) is int and 0 <= value <= COUNTED


def _missing(desired: list[list[Any]], index: int, value: Any) -> int:
    wanted = desired[index][1] if index < len(desired) else None
    return max(0, wanted - value) if _countable(wanted) and _countable(value) else 0


LOOP = Panel("loop", "The reconcile loop", (10, 3.6), paint, text)
