"""Words shared by the panels' text twins: what a screen reader, a terminal or a printed page gets.

Everything here turns a part of a frame into a line. Nothing here draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Data = dict[str, Any]


def readout(frame: Data) -> str:
    """Where we are, in one line."""
    where = f"step {frame.get('step', 0)} of {frame.get('last', 0)}"
    time = frame.get("time", 0)
    when = "" if time is None else f" · t={time:g} s"
    return f"{where}{when} · revision {frame.get('revision', 0)}"


def heading(frame: Data) -> str:
    """Where we are, what happened, and why: up to three lines."""
    return "\n".join(line for line in (readout(frame), frame.get("title"), frame.get("text")) if line)


def section(title: str, lines: Iterable[str], empty: str = "none") -> str:
    """A title with indented lines under it."""
    return "\n".join([title, *(f"  {line}" for line in list(lines) or [empty])])


def first(items: Sequence[Any], most: int, noun: str) -> tuple[Sequence[Any], list[str]]:
    """The first `most` items, and a line (or none) that counts the others."""
    rest = len(items) - most
    return items[:most], [f"+{rest} more {noun}"] if rest > 0 else []


def pod_state(pod: Data) -> str:
    """The one state of a pod that a glyph shows. Deletion beats phase; readiness refines Running."""
    phase = pod.get("phase") or "Unknown"
    if pod.get("deleting"):
        return "Terminating"
    if phase == "Running" and pod.get("ready"):
        return "Ready"
    if phase == "Pending" and pod.get("reason") == "ContainerCreating":
        return "ContainerCreating"
    return phase


def pod_line(pod: Data) -> str:
    """A pod and its state; the reason too when it says more than the state does."""
    state, reason = pod_state(pod), pod.get("reason")
    return f"{pod['key']} {state}" + (f" ({reason})" if reason and reason != state else "")


def lag(player: Data) -> int:
    """How many revisions the furthest-behind cache of a player is behind the store."""
    return max((cache.get("lag", 0) for cache in player.get("caches", [])), default=0)


def player_line(player: Data) -> str:
    """A player with all that its badges show."""
    queue, waiting, behind = player.get("queue", []), player.get("waiting", []), lag(player)
    notes = [
        "" if player.get("alive", True) else "down",
        "cut off" if player.get("cut_off") else "",
        f"queue: {', '.join(queue)}" if queue else "",
        ", ".join(f"{timer['key']} again in {timer['in']:g} s" for timer in waiting),
        f"cache {behind} behind" if behind else "",
        "held: " + ", ".join(held) if (held := _held(player)) else "",
    ]
    told = "; ".join(note for note in notes if note)
    return player.get("label") or player["id"] if not told else f"{player.get('label')} ({told})"


def _held(player: Data) -> list[str]:
    return [cache["resource"] for cache in player.get("caches", []) if cache.get("held")]
