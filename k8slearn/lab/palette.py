"""The one table of colours: a room has its colour in every view, in the browser and on paper.

The colours are those of Okabe and Ito (2008), chosen to stay apart for every kind of colour vision.
Colour is never the only sign: each shape also carries a label or a mark.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Room:
    """`label` stands on the room, `colour` paints it, `ink` is readable as text on that colour."""

    label: str
    colour: str
    ink: str


ROOMS: dict[str, Room] = {
    "client": Room("Clients", "#56B4E9", "#111111"),
    "apiserver": Room("API server", "#0072B2", "#FFFFFF"),
    "store": Room("Store", "#6B6B6B", "#FFFFFF"),
    "controllers": Room("Controllers", "#009E73", "#111111"),
    "scheduler": Room("Scheduler", "#E69F00", "#111111"),
    "node": Room("Nodes", "#CC79A7", "#111111"),
    "operator": Room("Operators", "#D55E00", "#111111"),
    "outside": Room("Outside", "#8A8A8A", "#111111"),
}
UNKNOWN = Room("Others", "#8A8A8A", "#111111")
HIGHLIGHT = "#F0E442"
INK, QUIET, PAPER = "#1F2328", "#6E7781", "#FFFFFF"


def room(name: str) -> Room:
    """The room called `name`; a neutral one for a name nobody has heard of."""
    return ROOMS.get(name, UNKNOWN)


def tint(colour: str, strength: float) -> tuple[float, ...]:
    """`colour` laid thinly over paper; `strength` 1 is the colour itself."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return tuple(1 - (1 - part) * strength for part in parts)


def css() -> str:
    """The table as custom properties, so that no colour is written down a second time."""
    rules = [_rule("", UNKNOWN), *(_rule(f'[data-room="{name}"]', each) for name, each in ROOMS.items())]
    named = " ".join(f"--room-{name}: {ROOMS[name].colour};" for name in ("client", "apiserver", "store"))
    single = f".k8s-studio {{ --highlight: {HIGHLIGHT}; {named} }}"
    return "\n".join([*rules, single])


def _rule(selector: str, each: Room) -> str:
    return f".k8s-studio {selector} {{ --room: {each.colour}; --on-room: {each.ink}; }}"
