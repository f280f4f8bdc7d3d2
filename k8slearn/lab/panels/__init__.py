"""The panels of the studio. Duty: say what there is, as a picture and as text. Never: hold state, or move.

Read `panel.py` first. The table below is the only list of panels; the browser's half of each is `js/NAME.js`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..text import heading
from .loop import LOOP
from .map import MAP
from .panel import Frame, Panel

PANELS: dict[str, Panel] = {panel.name: panel for panel in (MAP, LOOP)}

__all__ = ["PANELS", "Panel", "panel", "sheet_png", "sheet_text"]


def panel(name: str) -> Panel:
    """The panel called `name`. ValueError names those there are."""
    if name not in PANELS:
        raise ValueError(f"no panel called {name!r}; there are: {', '.join(PANELS)}")
    return PANELS[name]


def sheet_text(names: Sequence[str], frame: Frame) -> str:
    """The panels called `names` in words, under one heading."""
    return "\n\n".join([heading(frame), *(panel(name).text(frame) for name in names)])


def sheet_png(names: Sequence[str], frame: Frame) -> bytes:
    """The panels called `names` as one PNG, the same bytes for the same frame."""
    from ..figures import png, sheet

    return png(sheet([panel(name) for name in names], frame))
