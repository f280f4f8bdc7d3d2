"""The panels of the studio. Duty: say what there is, as a picture and as text. Never: hold state, or move.

Read `panel.py` first. The table below is the only list of panels; the browser's half of each is `js/NAME.js`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..text import heading
from .board import BOARD
from .log import LOG
from .loop import LOOP
from .map import MAP
from .owners import OWNERS
from .panel import Frame, Panel
from .pipeline import PIPELINE
from .queues import QUEUES
from .scheduler import SCHEDULER
from .traffic import TRAFFIC
from .watches import WATCHES

EVERY = (MAP, LOOP, LOG, PIPELINE, WATCHES, QUEUES, SCHEDULER, OWNERS, BOARD, TRAFFIC)
PANELS: dict[str, Panel] = {panel.name: panel for panel in EVERY}

__all__ = ["PANELS", "Panel", "drawn", "panel", "sheet_png", "sheet_text"]


def panel(name: str) -> Panel:
    """The panel called `name`. ValueError names those there are."""
    if name not in PANELS:
        raise ValueError(f"no panel called {name!r}; there are: {', '.join(PANELS)}")
    return PANELS[name]


def drawn(names: Sequence[str], frame: Frame) -> Frame:
    """The frame without the parts that none of these panels draws: a notebook keeps one for each widget."""
    idle = {each.part for each in PANELS.values() if each.name not in names}
    return {part: value for part, value in frame.items() if part not in idle}


def sheet_text(names: Sequence[str], frame: Frame) -> str:
    """The panels called `names` in words, under one heading."""
    return "\n\n".join([heading(frame), *(panel(name).text(frame) for name in names)])


def sheet_png(names: Sequence[str], frame: Frame) -> bytes:
    """The panels called `names` as one PNG, the same bytes for the same frame."""
    from ..figures import png, sheet

    return png(sheet([panel(name) for name in names], frame))
