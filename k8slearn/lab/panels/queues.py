"""Queues and caches: how far behind a player's picture is, which keys want work, and why.

Kubernetes: client-go's informers (tools/cache) and work queue (util/workqueue) of one controller.
The browser's half is `js/queues.js`; the data is made in `lab/queues.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..text import section
from .panel import Frame, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NONE = "Every cache is level with the store, and every queue is empty."
ON_PAPER = 2
HIGH, GAP, HEAD, LINE = 340, 12, 58, 21  # on paper: of all players, between two, of a title, of a line
Line = tuple[str, dict[str, Any]]  # words, and how they look
NOTE: dict[str, Any] = {"quiet": True}


def text(frame: Frame) -> str:
    """Every player in words: caches, then keys."""
    told = frame.get("queues") or {}
    parts = [_in_words(each) for each in told.get("players", [])]
    if told.get("more"):
        parts.append(f"+{told['more']} more players")
    return "\n".join(parts) or NONE


def _in_words(player: dict[str, Any]) -> str:
    lines = [line for cache in player["caches"] for line in cache_lines(cache)]
    lines += [f"ready: {key_line(each)}" for each in player["ready"]] or ["ready: nothing"]
    lines += _more(player["more_ready"], "ready")
    lines += [f"worked on: {work_line(each)}" for each in player["working"]]
    lines += [f"waiting: {later_line(each)}" for each in player["waiting"]]
    lines += _more(player["more_waiting"], "waiting")
    return section(player["name"], lines)


def cache_lines(cache: dict[str, Any]) -> list[str]:
    """``cache of pods: 3 objects @17, 2 behind the store @19``, and a line for each event that is missing."""
    count = f"{cache['objects']} object{'s' * (cache['objects'] != 1)}"
    head = f"cache of {cache['resource']}: {count} @{cache['revision']}, {stand(cache)}"
    events = [f"  not heard yet: {each['mark']} {each['words']}" for each in cache["behind"]]
    events += [f"  believes: {cache['belief']}"] if cache["belief"] else []
    return [head, *events, *(f"  {line}" for line in _more(cache["more"], "not heard yet"))]


def stand(cache: dict[str, Any]) -> str:
    """How a cache stands to the store."""
    if cache["lag"]:
        state = f"{cache['lag']} behind the store @{cache['store']}"
    else:
        state = "nothing to hear"
    return ", ".join(filter(None, [cache["state"], state]))


def key_line(entry: dict[str, Any]) -> str:
    """``default/shop, because of step 4 (pods shop-x ADDED)``"""
    causes = [f"step {each['step']} ({each['words']})" for each in entry["because"] if each["step"]]
    before = ["what was there before"] * (len(causes) < len(entry["because"]))
    told = ", ".join([*before, *causes, *_more(entry["more"], "causes")])
    return ", ".join(filter(None, [entry["key"], told and f"because of {told}", _failed(entry)]))


def work_line(entry: dict[str, Any]) -> str:
    return f"{entry['key']} ({entry['result']})" if entry["result"] else entry["key"]


def later_line(entry: dict[str, Any]) -> str:
    """``default/shop again in 0.01 s, at t=0.015 s (failed twice: Conflict)``"""
    told = f"{entry['key']} again in {entry['in']:g} s, at t={entry['due']:g} s"
    failed = ": ".join(filter(None, [_failed(entry), entry["error"]]))
    return f"{told} ({failed})" if failed else told


def _failed(entry: dict[str, Any]) -> str:
    times = {0: "", 1: "failed once", 2: "failed twice"}
    return times.get(entry["failures"], f"failed {entry['failures']} times")


def _more(count: int, noun: str) -> list[str]:
    return [f"+{count} more {noun}"] if count else []


def paint(axes: Axes, frame: Frame) -> None:
    """A band for each player: its caches on the left, its queue in the middle, what waits on the right."""
    from .. import figures

    players = (frame.get("queues") or {}).get("players", [])[:ON_PAPER]
    if not players:
        figures.write(axes, (20, 40), NONE, color=figures.QUIET)
        return
    rows = int((HIGH - GAP * (len(players) - 1)) / len(players) - HEAD) // LINE
    top = 6.0
    for each in players:
        top += _band(axes, top, each, rows) + GAP


def _band(axes: Axes, y: float, player: dict[str, Any], rows: int) -> float:
    """One player, with at most so many rows. Returns how high it is."""
    from .. import figures

    columns = _columns(player)
    high = HEAD + LINE * min(rows, max(3, *(len(lines) for _, _, lines in columns)))
    colour = figures.room(player["room"]).colour
    figures.box(axes, (16, y, 968, high), edgecolor=colour, facecolor=figures.tint(colour, 0.05))
    figures.write(axes, (30, y + 18), figures.short(player["name"], 60), size=10, weight="bold")
    for title, x, lines in columns:
        figures.write(axes, (x, y + 42), title, size=8, color=figures.QUIET)
        for row, (words, look) in enumerate((lines or [("nothing", NOTE)])[:rows]):
            _line(axes, (x, y + 66 + row * LINE), words, {**look, "edge": colour})
    return high


def _columns(player: dict[str, Any]) -> list[tuple[str, float, list[Line]]]:
    """(title, where it begins, its lines)"""
    caches = [line for each in player["caches"] for line in _of_cache(each)]
    ready = [line for each in player["ready"] for line in _of_key(each)]
    ready += [line for each in player["working"] for line in _of_work(each)]
    later = [line for each in player["waiting"] for line in _of_timer(each)]
    return [("hears of, and believes", 30, caches), ("has to look at", 390, ready), ("later", 730, later)]


def _short(words: str, most: int) -> str:
    from .. import figures

    return figures.short(words, most)


def _of_cache(cache: dict[str, Any]) -> list[Line]:
    head = cache_lines({**cache, "behind": [], "more": 0, "belief": ""})[0].removeprefix("cache of ")
    events = [f"○ {each['mark']} {each['words']}" for each in cache["behind"]]
    told = [*events, *_more(cache["more"], "not heard yet"), *filter(None, [cache["belief"]])]
    return [(_short(head, 56), {}), *((_short(words, 56), NOTE) for words in told)]


def _of_key(each: dict[str, Any]) -> list[Line]:
    why = ", ".join(cause["words"] for cause in each["because"])
    return [(each["key"], {"ticket": "-", "chosen": each["chosen"]}), (_short(why, 54), NOTE)]


def _of_work(each: dict[str, Any]) -> list[Line]:
    ending = _short(f"has looked at it: {each['result']}" if each["result"] else "is looking at it", 54)
    return [(each["key"], {"ticket": "--", "chosen": each["chosen"]}), (ending, NOTE)]


def _of_timer(each: dict[str, Any]) -> list[Line]:
    when = f"in {each['in']:g} s, at t={each['due']:g} s"
    failed = [(_short(": ".join(filter(None, [_failed(each), each["error"]])), 40), NOTE)]
    ticket: Line = (each["key"], {"ticket": "--", "chosen": each["chosen"]})
    return [ticket, (when, NOTE), *(failed if each["failures"] else [])]


def _line(axes: Axes, at: Any, words: str, look: dict[str, Any]) -> None:
    """A line of words, a quiet one, or a key: a ticket with its name on it."""
    from .. import figures

    if "ticket" in look:
        fill = figures.HIGHLIGHT if look["chosen"] else figures.PAPER
        ticket = {"facecolor": fill, "edgecolor": look["edge"], "linestyle": look["ticket"]}
        face = {"family": "monospace", "bbox": {**ticket, "boxstyle": "round,pad=0.25"}}
        figures.write(axes, at, figures.short(words, 34), size=8.5, weight="bold", **face)
    elif look.get("quiet"):
        figures.write(axes, (at[0] + 10, at[1]), words, size=7.5, color=figures.QUIET)
    else:
        figures.write(axes, at, words, size=8.5)


QUEUES = Panel("queues", "Queues and caches", (10, 3.6), paint, text, part="queues")
