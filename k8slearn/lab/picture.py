"""A figure that shows itself in any notebook, and says in words what it shows."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESOLUTION = 110  # dots per inch


class Picture:
    """A matplotlib figure without pyplot, and its twin in words: for printed pages, screen readers and tests."""

    def __init__(self, figure: Figure, text: str) -> None:
        self.figure = figure
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/plain": self.text, "image/png": self.png()}

    def png(self) -> bytes:
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", dpi=RESOLUTION)
        return buffer.getvalue()
