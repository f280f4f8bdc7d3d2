"""A schedule: where one history differs from the calm one. Plain data: to be kept, cut down and replayed.

In the calm history news travels at once, nothing goes wrong, and the user waits until everybody is at rest
before doing the next thing. A `Deviation` says "before turn 5, this fault" or "at turn 5, this move instead".
A turn is a move of a player; deviations are counted in turns, not in steps of the trace, so that taking one
away moves the others as little as possible. One that cannot happen at its turn is passed over.

Read next: `play` (how a schedule is played), `schedules` (which ones are tried), `shrink`, `explain`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple


class Deviation(NamedTuple):
    """`kind` and `what`: fault (name, arguments ...), move (player, action, resource), act (its number)."""

    turn: int
    kind: str
    what: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Schedule:
    """`name` says which kind it is; `acts` are the numbers of the story's acts that are kept (None: all)."""

    name: str = "calm"
    deviations: tuple[Deviation, ...] = ()
    acts: tuple[int, ...] | None = None

    @property
    def size(self) -> int:
        return len(self.deviations)

    def to_json(self) -> str:
        acts = list(self.acts) if self.acts is not None else None
        return json.dumps({"name": self.name, "deviations": self.deviations, "acts": acts})

    @classmethod
    def from_json(cls, text: str) -> Schedule:
        data = json.loads(text)
        deviations = tuple(Deviation(turn, kind, tuple(what)) for turn, kind, what in data["deviations"])
        return cls(data["name"], deviations, tuple(data["acts"]) if data["acts"] is not None else None)

    def save(self, path: str | Path) -> None:
        Path(path).write_text(self.to_json() + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Schedule:
        return cls.from_json(Path(path).read_text(encoding="utf-8"))
