"""Two ways to do a thing, or more, point by point: each point is tried in a cell, and all of them stand in one table.

point = Comparison("a definition", "a server of one's own")
point("the store", "2 objects", "none")      # shows this point
point                                        # shows them all
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any

from k8slearn.lab.asking import Answer
from k8slearn.lab.show import Shown

Point = tuple[str, ...]  # what is compared, and what was found on each side
CELL = "text-align:left;vertical-align:top;white-space:normal;max-width:26em;overflow-wrap:anywhere"


class Comparison:
    """`sides` are their names. A point that is tried again takes its old place."""

    def __init__(self, *sides: str) -> None:
        self.sides = sides
        self.points: dict[str, Point] = {}

    def __call__(self, what: str, *found: Any) -> Shown:
        """Note what was found on each side: answers, texts, or whatever prints well."""
        self.points[what] = what, *map(_said, found)
        return self._shown([self.points[what]])

    def _shown(self, points: Iterable[Point]) -> Shown:
        return Shown("\n".join(map(self._told, points := list(points))), self._table(points))

    def _told(self, point: Point) -> str:
        width = max(map(len, self.sides))
        sides = zip(self.sides, point[1:], strict=True)
        return "\n".join([point[0], *(f"  {side:<{width}}  {said}" for side, said in sides)])

    def _table(self, points: Iterable[Point]) -> str:
        rows = "".join(_row("td", point) for point in points)
        return f"<table class='k8s-compared'><thead>{_row('th', ('', *self.sides))}</thead>{rows}</table>"

    def __repr__(self) -> str:
        return repr(self._shown(self.points.values()))

    def _repr_html_(self) -> str:
        return self._shown(self.points.values())._repr_html_()


def _said(found: Any) -> str:
    return found.brief if isinstance(found, Answer) else str(found)


def _row(tag: str, texts: Iterable[str]) -> str:
    cells = "".join(f"<{tag} style='{CELL}'>{html.escape(text)}</{tag}>" for text in texts)
    return f"<tr>{cells}</tr>"
