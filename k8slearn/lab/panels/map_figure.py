"""The architecture map drawn with matplotlib, at a fixed width of 1000. Read `map.py` first.

The same plan as `js/map_layout.js`: controllers above, the API server in the middle, the store at its side,
nodes below. Since nothing moves here, messages are numbered in the order in which they travelled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from .. import figures
from ..palette import room
from ..text import first, lag
from .panel import Frame

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes

Place = figures.Place
ABOVE = ("controllers", "operator", "scheduler")
API: Place = (330, 236, 168, 60)
STORE: Place = (566, 240, 92, 54)
NODES, PODS, PER_ROW, SHELF = 12, 12, 9, 3


def draw(axes: Axes, frame: Frame, roads: nx.DiGraph) -> None:
    """Roads first, then players, workloads and trays, then this step's messages on top."""
    where = places(frame)
    known = {each["id"]: each for each in frame.get("players", [])}
    _rooms(axes, frame, where)
    for start, end, calls in roads.edges(data="calls"):
        far = end if start == "apiserver" else start
        colour = figures.tint(room(known[far]["room"]).colour, 0.45) if far in known else figures.RULE
        _road(axes, where, (start, end), edgecolor=colour, linewidth=1.2 + min(calls, 40) / 16)
    for name in [name for name in where if name in known and not name.startswith("kubelet/")]:
        _player(axes, where[name], known[name], frame)
    _shelf(axes, frame.get("workloads", []))
    _trays(axes, frame, where, known)
    _messages(axes, frame.get("messages", []), where, known)


def _shelf(axes: Axes, workloads: list[dict[str, Any]]) -> None:
    """The workloads; those that stand alone first, as many as there is room for."""
    order = sorted(workloads, key=lambda each: bool(each.get("owner")))
    for i, workload in enumerate(order[:SHELF]):
        figures.workload(axes, 704 + (18 if workload.get("owner") else 0), 222 + i * 44, workload)
    if len(order) > SHELF:
        rest = f"and {len(order) - SHELF} more"
        figures.write(axes, (704, 222 + SHELF * 44), rest, size=9, color=figures.QUIET)


def places(frame: Frame) -> dict[str, Place]:
    """Where each player stands."""
    players = frame.get("players", [])
    found: dict[str, Place] = {"apiserver": API, "store": STORE}
    found |= _rows(_above(players))
    for i, player in enumerate(each for each in players if each["room"] == "client"):
        found[player["id"]] = (20, 246 + i * 52, 120, 40)
    nodes = [node["name"] for node in frame.get("nodes", [])[:NODES]]
    return found | {f"kubelet/{name}": _tray(i + 1, len(nodes) + 1) for i, name in enumerate(nodes)}


def _above(players: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Who stands above the API server: its callers, the scheduler last."""
    order = {name: i for i, name in enumerate(ABOVE)}
    elsewhere = ("client", "apiserver", "store", "node")
    return sorted((p for p in players if p["room"] not in elsewhere), key=lambda p: order.get(p["room"], 1))


def _rows(above: list[dict[str, Any]]) -> dict[str, Place]:
    """Rooms side by side. The controllers take as many rows as they need, the first ones lowest."""
    rooms = {
        name: [p for p in above if p["room"] == name] for name in dict.fromkeys(p["room"] for p in above)
    }
    most = max(1, PER_ROW - sum(name != "controllers" for name in rooms))
    columns = {
        name: min(len(members), most if name == "controllers" else 1) for name, members in rooms.items()
    }
    low = max((-(-len(members) // columns[name]) for name, members in rooms.items()), default=1) - 1
    pitch = min(136.0, (960 - 26 * len(rooms)) / max(1, sum(columns.values())))
    left = (1000 - sum(columns.values()) * pitch - 26 * (len(rooms) - 1)) / 2
    found: dict[str, Place] = {}
    for name, members in rooms.items():
        for i, player in enumerate(members):
            row, column = divmod(i, columns[name])
            found[player["id"]] = (left + column * pitch + 6, 44 + (low - row) * 56, pitch - 12, 40)
        left += columns[name] * pitch + 26
    return found


def _tray(index: int, count: int) -> Place:
    """The tray number `index` of `count`; number 0 is for the pods without a node."""
    columns = min(max(count, 4), 7)
    row, column = divmod(index, columns)
    width = 960 / columns
    return 20 + column * width + 6, 392 + row * 108, width - 12, 96 if count > columns else 140


def _rooms(axes: Axes, frame: Frame, where: dict[str, Place]) -> None:
    """A tinted ground under the players of one room, with the room's name."""
    for name in dict.fromkeys(player["room"] for player in _above(frame.get("players", []))):
        boxes = [where[each["id"]] for each in frame["players"] if each["room"] == name]
        left, right = min(b[0] for b in boxes) - 10, max(b[0] + b[2] for b in boxes) + 10
        low, top = max(b[1] + b[3] for b in boxes) + 14, min(b[1] for b in where.values()) - 30
        look = room(name)
        ground = {"facecolor": figures.tint(look.colour, 0.06), "edgecolor": "none", "zorder": 1}
        figures.box(axes, (left, top, right - left, low - top), rounding=14, **ground)
        figures.write(axes, (left + 14, top + 15), look.label, size=8.5, weight="bold", color=figures.QUIET)


def _player(axes: Axes, place: Place, player: dict[str, Any], frame: Frame) -> None:
    letters = int(place[2] / 7)
    label = player.get("label", player["id"]).removesuffix(" controller")
    moved, dead = frame.get("mover") == player["id"], not player.get("alive", True)
    if player["room"] == "store":
        figures.cylinder(axes, place, f"{label}\n@{frame.get('revision', 0)}")
        return
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label) if len(label) > letters else label
    lines = wrap(parted, letters, break_long_words=False)[:2] or [label]
    shown = "\n".join(figures.short(line, letters + 1) for line in lines)
    figures.player(axes, place, shown, player["room"], moved, dead)
    _badges(axes, place, player)


def _badges(axes: Axes, place: Place, player: dict[str, Any]) -> None:
    x, y, w, h = place
    if queue := len(player.get("queue", [])):
        figures.chip(axes, (x + w - 6, y), str(queue), facecolor=figures.INK, ink=figures.PAPER)
    if note := "down" if not player.get("alive", True) else f"{lag(player)} behind" if lag(player) else "":
        figures.chip(axes, (x + w / 2, y + h + 4), note)


def _trays(axes: Axes, frame: Frame, where: dict[str, Place], known: dict[str, Any]) -> None:
    nodes, more = first(frame.get("nodes", []), NODES, "nodes")
    if nodes or frame.get("unscheduled"):
        place = _tray(0, len(nodes) + 1)
        figures.box(axes, place, linestyle="--", facecolor="#F6F7F8", edgecolor=figures.QUIET)
        _pods(axes, place, "no node yet", frame.get("unscheduled", []))
    colour = room("node").colour
    for node in nodes:
        name = f"kubelet/{node['name']}"
        x, y, w, h = place = where[name]
        if frame.get("mover") == name:
            halo = {"facecolor": figures.HIGHLIGHT, "edgecolor": "none", "rounding": 13}
            figures.box(axes, (x - 5, y - 5, w + 10, h + 10), **halo)
        look = {"facecolor": figures.tint(colour, 0.07), "linestyle": "-" if node.get("ready") else "--"}
        figures.box(axes, place, edgecolor=colour, **look)
        _pods(axes, place, node["name"] + ("" if node.get("ready") else ", not ready"), node.get("pods", []))
        _badges(axes, place, known.get(name, {}))
    for line in more:
        figures.write(axes, (980, 604), line, color=figures.QUIET, ha="right")


def _pods(axes: Axes, place: Place, title: str, pods: list[dict[str, Any]]) -> None:
    """A tray's name and its pods: with their names when there is room, else side by side."""
    x, y, w, _ = place
    figures.write(axes, (x + 12, y + 16), figures.short(title, int(w / 7)), size=8.5)
    named = w > 150 and len(pods) <= 4
    shown, more = first(pods, PODS, "pods")
    per_row = 1 if named else max(1, int((w - 20) // 23))
    for i, pod in enumerate(shown):
        row, column = divmod(i, per_row)
        figures.pod(axes, x + 12 + column * 23, y + 30 + row * 22.5, pod, size=17)
        if named:
            name = figures.short(pod["key"].split("/")[-1], int((w - 48) / 6.2))
            figures.write(axes, (x + 38, y + 38.5 + row * 22.5), name, size=8)
    for line in more:
        figures.write(axes, (x + w - 8, y + 16), line.split()[0], size=7.5, color=figures.QUIET, ha="right")


def _messages(axes: Axes, messages: list[dict[str, Any]], where: dict[str, Place], known: Any) -> None:
    """This step's roads drawn strong, with what travelled on each: `1 create ×3`."""
    order = {wave: i + 1 for i, wave in enumerate(sorted({each["wave"] for each in messages}))}
    told: dict[frozenset[str], dict[str, list[int]]] = {}
    for message in messages:
        pair = frozenset((message["from"], message["to"]))
        verb = message["verb"] if message.get("ok", True) else f"✕ {message['verb']}"
        told.setdefault(pair, {}).setdefault(verb, []).append(order[message["wave"]])
    for pair, verbs in told.items():
        far = next((name for name in sorted(pair) if name != "apiserver"), "apiserver")
        if pair <= where.keys():
            colour = room(known[far]["room"]).colour if far in known else figures.INK
            (near,) = pair - {far}
            at = _road(axes, where, (near, far), edgecolor=colour, linewidth=2.6, zorder=3)
            figures.chip(axes, at, "\n".join(_counted(verbs.items())), edgecolor=colour)


def _counted(verbs: Iterable[tuple[str, list[int]]]) -> list[str]:
    return [f"{waves[0]} {verb}" + (f" ×{len(waves)}" if len(waves) > 1 else "") for verb, waves in verbs]


def _road(axes: Axes, where: dict[str, Place], ends: tuple[str, str], **look: Any) -> figures.Point:
    """Draw the road between two players and return where a label stands on it, if both have a place."""
    if not where.keys() >= set(ends):
        return 0, 0
    near, far = sorted((where[end] for end in ends), key=lambda place: place is not API)
    x, y, w, h = near
    middle = far[0] + far[2] / 2
    if abs(far[1] - y) < 80:
        right = middle > x
        start, end = (x + w * right, y + h / 2), (far[0] + far[2] * (not right), y + h / 2)
        figures.curve(axes, start, end, **look)
        return (start[0] + end[0]) / 2, y + h / 2
    below = far[1] > y
    start = (x + 16 + (w - 32) * middle / 1000, y + h * below)
    end = (middle, far[1] + far[3] * (not below))
    figures.curve(axes, start, end, **look)
    return middle * 0.94 + start[0] * 0.06, end[1] + (start[1] - end[1]) * 0.3
