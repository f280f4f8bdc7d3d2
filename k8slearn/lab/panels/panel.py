"""What a panel is: one view of a frame, with a picture and a text that say the same.

To add one: write `panels/NAME.py` with a `Panel`, list it in `panels/__init__.py`, and write `js/NAME.js`
that exports `draw(host, act)`. Nothing else knows how many panels there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Frame = dict[str, Any]


@dataclass(frozen=True)
class Panel:
    """`name` is also its JavaScript file. `size` of the figure is in inches at 100 dots an inch.

    `paint(axes, frame)` draws on axes whose units are hundredths of an inch, y downwards: (0, 0) is the
    top left corner. `text(frame)` returns lines joined by newlines, without one at the end.
    """

    name: str
    title: str
    size: tuple[float, float]
    paint: Callable[[Axes, Frame], None]
    text: Callable[[Frame], str]
    part: str = ""  # the part of a frame that only this panel draws, if there is one

    def figure(self, frame: Frame) -> Figure:
        """A matplotlib figure of this panel alone."""
        from ..figures import sheet

        return sheet([self], frame)
