"""Traffic: people, routers and endpoints, with the requests of the second that is over as streams between them.

The browser's half is `js/traffic.js`; the data is made in `lab/flows.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..text import section
from .panel import Frame, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NONE = "Nobody asks anything in this world."
ON_PAPER = 16
LEFT, MIDDLE, RIGHT = (20, 150), (300, 100), (560, 24)  # where a column begins, and how wide it is
TOP, LINE, BOTTOM = 70, 24, 490
THICK = 26.0  # points of a line: all requests in one stream


def text(frame: Frame) -> str:
    """The second in figures, who sent what to whom, and every endpoint as it is and as it is believed to be."""
    told = frame.get("traffic")
    if not told:
        return NONE
    names = {each["id"]: name(each) for each in told["endpoints"]}
    streams = [
        f"{s['from']} → {s['via']} → {names.get(s['to'], s['to'])}: {ended(s)}" for s in told["streams"]
    ]
    ends = [f"{name(e)}: {words(e)}" for e in told["endpoints"]]
    ends += [f"+{told['more']} more"] if told["more"] else []
    return "\n".join([headline(told), section("requests", streams), section("endpoints", ends)])


def headline(told: dict[str, Any]) -> str:
    """``second 22: 90 requests, 88 answered, 2 lost; half within 42 ms, 99 % within 80 ms``"""
    total = told["total"]
    if not total["sent"]:
        return f"second {told['second']}: nobody has asked"
    took = f"; half within {_ms(total['p50'])}, 99 % within {_ms(total['p99'])}" if total["ok"] else ""
    counted = f"{total['sent']} requests, {total['ok']} answered, {total['lost']} lost"
    return f"second {told['second']}: {counted}{took}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def ended(stream: dict[str, Any]) -> str:
    """``10 answered, 2 refused, 1 under way``"""
    said = [(stream["ok"], "answered"), *((n, how) for how, n in stream["why"].items())]
    said.append((stream["waiting"], "under way"))
    return ", ".join(f"{count} {how}" for count, how in said if count) or "nothing"


def words(endpoint: dict[str, Any]) -> str:
    """``gone, but 2 of 3 routers send there: 4 refused``"""
    sent, count = endpoint["sent_by"], endpoint["routers"]
    believed = f"{sent} of {count} routers send there"
    but = "but " if sent and endpoint["truth"] in ("gone", "terminating", "not ready") else ""
    return f"{endpoint['truth']}, {but}{believed}: {ended(endpoint)}"


def name(endpoint: dict[str, Any]) -> str:
    """Of the pod; or, if nobody knows whose it was, its address."""
    return str(endpoint["key"].split("/")[-1] or endpoint["address"] or "nobody")


# --- on paper --------------------------------------------------------------------------------


def paint(axes: Axes, frame: Frame) -> None:
    """People on the left, routers in the middle, endpoints on the right; below, how it has gone since the beginning."""
    from .. import figures

    told = frame.get("traffic")
    if not told:
        figures.write(axes, (20, 40), NONE, color=figures.QUIET)
        return
    figures.write(axes, (20, 22), headline(told), size=10, weight="bold")
    ends = told["endpoints"][:ON_PAPER]
    places: dict[str, dict[str, float]] = {
        "from": _column([c["name"] for c in told["crowds"]]),
        "via": _column([r["name"] for r in told["routers"]]),
        "to": {e["id"]: TOP + i * LINE for i, e in enumerate(ends)},
    }
    _streams(axes, told["streams"], places)
    _boxes(axes, LEFT, places["from"], "client")
    _boxes(axes, MIDDLE, places["via"], "node")
    for end in ends:
        _endpoint(axes, places["to"][end["id"]], end)
    rest = len(told["endpoints"]) - len(ends) + told["more"]
    if rest:
        figures.write(axes, (RIGHT[0], TOP + ON_PAPER * LINE), f"+{rest} more", size=8, color=figures.QUIET)
    _history(axes, told["history"])


def _column(names: list[str]) -> dict[str, float]:
    """Evenly over the height."""
    step = min((BOTTOM - TOP) / max(len(names), 1), 90)
    return {each: TOP + (i + 0.5) * step for i, each in enumerate(names)}


def _boxes(axes: Axes, column: tuple[int, int], places: dict[str, float], in_room: str) -> None:
    from .. import figures

    for each, y in places.items():
        figures.player(axes, (column[0], y - 16, column[1], 32), figures.short(each, 20), in_room)


def _streams(axes: Axes, streams: list[dict[str, Any]], places: dict[str, dict[str, float]]) -> None:
    """First what was answered, then over it, dashed, what was lost."""
    total = sum(s["ok"] + s["lost"] + s["waiting"] for s in streams) or 1
    ways = (("from", LEFT[0] + LEFT[1], "via", MIDDLE[0]), ("via", MIDDLE[0] + MIDDLE[1], "to", RIGHT[0] - 6))
    for a, start, b, end in ways:
        for good in (True, False):
            for (one, other), count in _summed(streams, a, b, good=good).items():
                if one in places[a] and other in places[b]:
                    line = (start, places[a][one]), (end, places[b][other])
                    _stream(axes, *line, THICK * count / total, good=good)


def _summed(streams: list[dict[str, Any]], a: str, b: str, *, good: bool) -> dict[tuple[str, str], int]:
    """How many went from here to there, and were answered (or are under way), or lost."""
    found: dict[tuple[str, str], int] = {}
    for stream in streams:
        count = stream["ok"] + stream["waiting"] if good else stream["lost"]
        if count:
            found[stream[a], stream[b]] = found.get((stream[a], stream[b]), 0) + count
    return found


def _stream(axes: Axes, start: Any, end: Any, width: float, *, good: bool) -> None:
    from .. import figures

    colour = figures.room("controllers" if good else "operator").colour
    look: dict[str, Any] = {"alpha": 0.55} if good else {"linestyle": (0, (2, 1)), "zorder": 3}
    figures.curve(axes, start, end, across=True, edgecolor=colour, linewidth=max(width, 0.8), **look)


def _endpoint(axes: Axes, y: float, end: dict[str, Any]) -> None:
    from .. import figures

    states = {"ready": (True, False), "terminating": (False, True)}
    ready, deleting = states.get(end["truth"], (False, False))
    phase = "Running" if end["truth"] != "gone" else "Unknown"
    figures.pod(axes, RIGHT[0], y - 8, {"phase": phase, "ready": ready, "deleting": deleting}, 16)
    lost, good = end["lost"], end["ok"] + end["waiting"]
    columns: tuple[tuple[int, str, dict[str, Any]], ...] = (
        (24, figures.short(name(end), 22), {}),
        (190, end["truth"], {}),
        (274, f"{end['sent_by']}/{end['routers']} routers", {"color": figures.QUIET}),
        (380, f"{good}/s" if good else "", {"ha": "right"}),
        (386, f"{lost} ×" if lost else "", {"weight": "bold"}),
    )
    for x, said, look in columns:
        figures.write(axes, (RIGHT[0] + x, y), said, size=8.5, **look)


def _history(axes: Axes, history: list[list[int]]) -> None:
    """A bar for each second: how many asked, and on a line of its own a cross where some were lost."""
    from .. import figures

    base, high, wide = BOTTOM + 66, 44.0, 900.0
    most = max((sent for _, sent, _ in history), default=1) or 1
    step = wide / max(len(history), 30)
    for i, (_, sent, lost) in enumerate(history):
        x = 20 + i * step
        for count, colour, z in ((sent, "controllers", 3), (lost, "operator", 4)):
            height = high * count / most
            if count:
                axes.fill_between(
                    [x, x + step * 0.8], base - height, base, color=figures.room(colour).colour, zorder=z
                )
        if lost:
            figures.write(axes, (x + step * 0.4, base + 9), "×", size=8, ha="center")
    seconds = f"since second {history[0][0]}, at most {most} at once" if history else ""
    figures.write(axes, (20, base + 22), seconds, size=8, color=figures.QUIET)


TRAFFIC = Panel("traffic", "Traffic", (10, 6), paint, text, part="traffic")
