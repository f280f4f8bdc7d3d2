"""Everything that happened, one row per step, each with its cause.

The trace is the widgets' input, the golden tests' file and the notebook's table. Its text is the same,
byte for byte, for the same seed and the same inputs, on every Python and every system; `Trace.hash`
is what remains of it when you only want to know whether it is the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from k8slearn.api.objects import Key
from k8slearn.machinery.manager import Move
from k8slearn.sim.wire import Call


class Step(NamedTuple):
    """One move of one player."""

    number: int  # from 1
    time: float  # virtual seconds
    player: str
    action: str  # deliver, reconcile, timer; request (a user's), fault, wait
    resource: str
    key: Key
    before: int  # the store's revision before this step ...
    after: int  # ... and after it
    calls: tuple[Call, ...]
    causes: tuple[int, ...]  # the numbers of the steps that made this one necessary
    result: str  # in a word: ADDED, done, again in 5 s, error: ...
    move: Move
    payload: Any = None  # what has to be known to make a user's request or a fault again

    @property
    def writes(self) -> list[Call]:
        """The calls that changed something."""
        return [c for c in self.calls if c.revision]

    def line(self) -> str:
        """One line of text, for tables, golden files and the hash."""
        what = " ".join(w for w in (self.action, self.resource, self.key) if w)
        parts = [f"{self.number:>5} {self.time:>10.3f} {self.player:<24} {what}"]
        parts += [f"[{self.result}]"] if self.result else []
        calls = [str(c) for c in self.calls]
        parts += ["{" + "; ".join(calls) + "}"] if calls else []
        parts += ["<- " + ",".join(map(str, self.causes))] if self.causes else []
        return " ".join(parts)

    def __str__(self) -> str:
        return self.line()


class Trace:
    """The steps of one history, in order; step n stands at index n - 1."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.writer: dict[int, int] = {}  # revision -> the step that wrote it

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __getitem__(self, number: int) -> Step:
        """Step by its number, from 1 (negative: from the end)."""
        return self.steps[number - 1 if number > 0 else number]

    def add(self, step: Step) -> None:
        self.steps.append(step)
        for revision in range(step.before + 1, step.after + 1):
            self.writer[revision] = step.number

    def cut(self, length: int) -> None:
        """Forget what came after step `length`: history is being written anew from there."""
        for step in self.steps[length:]:
            for revision in range(step.before + 1, step.after + 1):
                self.writer.pop(revision, None)
        del self.steps[length:]

    def of(self, player: str, action: str = "") -> list[Step]:
        """The steps of one player (of one kind: deliver, reconcile, timer), in order."""
        return [s for s in self.steps if s.player == player and action in ("", s.action)]

    def why(self, number: int) -> list[Step]:
        """The steps that led to step `number`, oldest first, ending with the step itself."""
        chain: dict[int, Step] = {}
        todo = [number]
        while todo:
            at = todo.pop()
            if at not in chain and 1 <= at <= len(self.steps):
                chain[at] = self[at]
                todo += chain[at].causes
        return [chain[n] for n in sorted(chain)]

    def text(self, length: int | None = None) -> str:
        """The first `length` steps (default: all), a line each."""
        return "".join(step.line() + "\n" for step in self.steps[:length])

    def hash(self, length: int | None = None) -> str:
        """Sixteen letters that are the same exactly when the first `length` steps are."""
        return hashlib.sha256(self.text(length).encode()).hexdigest()[:16]
