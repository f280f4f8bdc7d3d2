"""Every history of a small cluster: all orders of all moves, from the shortest to the longest.

A state is reached by many orders; it is looked into once. What is tried in each state: every move that is
possible, the user's next act, and, at most once each, the faults that are asked for. When nobody can move,
time, the user and the end of all trouble follow as in any `Play`. Breadth first: the first broken promise
that is met is one with the fewest steps. Promises kept "again" are not looked at here, and a controller
that calls itself again for ever has no end at which promises "at rest" could be.

The idea is that of TLC and of stateless model checkers such as Loom, applied to a controller as it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from k8slearn.machinery import Move
from k8slearn.sim.checkpoints import Saved
from k8slearn.sim.fingerprint import Fingerprints
from k8slearn.sim.play import Broken, Play
from k8slearn.sim.schedule import Deviation, Schedule
from k8slearn.sim.trace import Step, Trace
from k8slearn.sim.trial import Failure, Trial

MAX_STATES = 20_000

Fault = tuple[Any, ...]
Option = Move | Fault | None  # None: the user acts, or what follows when nobody can move


@dataclass(frozen=True)
class Explored:
    """`complete`: there is no other state. `ends`: states in which nobody has anything left to do."""

    states: int
    transitions: int
    ends: int
    complete: bool
    failure: Failure | None = None

    def __str__(self) -> str:
        seen = f"{self.states} states, {self.transitions} moves between them, {self.ends} ends"
        if self.failure is not None:
            return f"{seen}; broken: {self.failure.message}"
        return f"{seen}; {'every promise is kept in all of them' if self.complete else 'and there are more'}"


def explore(trial: Trial, *, faults: Sequence[Fault] = (), max_states: int = MAX_STATES) -> Explored:
    """Look into every state, up to `max_states`, or until a promise is broken."""
    return _Exploration(trial, faults, max_states).run()


class Node(NamedTuple):
    """One state, and how to be in it again."""

    sim: Saved
    steps: tuple[Step, ...]
    play: dict[str, Any]


class _Chosen:
    """The chooser that is told what to choose."""

    pick_this: Option = None

    def fault(self, turn: int) -> None:
        return None

    def pick(self, turn: int, moves: list[Move], acts_left: int) -> Move | None:
        return self.pick_this if isinstance(self.pick_this, Move) else None


class _Exploration:
    def __init__(self, trial: Trial, faults: Sequence[Fault], max_states: int) -> None:
        self.trial, self.faults, self.max_states = trial, faults, max_states
        self.chosen = _Chosen()
        self.play = Play(trial, Schedule("explored"), self.chosen)
        self.fingerprints = Fingerprints()
        self.seen: set[bytes] = set()
        self.todo: deque[Node] = deque()
        self.transitions = self.ends = 0

    def run(self) -> Explored:
        self._arrive()
        while self.todo and len(self.seen) < self.max_states:
            node = self.todo.popleft()
            self._restore(node)
            for number, option in enumerate(list(self._options())):
                if number:
                    self._restore(node)
                failure = self._try(option)
                if failure is not None:
                    return self._result(failure)
        return self._result(None)

    def _result(self, failure: Failure | None) -> Explored:
        if failure is not None:
            failure = Play(self.trial, failure.schedule).run() or failure  # with a history of its own
        complete = not self.todo and failure is None
        return Explored(len(self.seen), self.transitions, self.ends, complete, failure)

    def _options(self) -> Iterator[Option]:
        """Everything that could happen next."""
        moves = self.play.sim.moves()
        yield from moves
        if not moves or self.play.to_do:
            yield None
        yield from (fault for fault in self.faults if fault not in self._struck())

    def _struck(self) -> set[Fault]:
        return {d.what for d in self.play.recorded if d.kind == "fault"}

    def _try(self, option: Option) -> Failure | None:
        self.transitions += 1
        try:
            if isinstance(option, tuple) and not isinstance(option, Move):
                self.play.strike(Deviation(self.play.turn, "fault", option))
            elif not self._advance(option):
                self.ends += 1
                self.play.judge_end()
                return None
        except Broken as broken:
            return self.play.failure(broken)
        self._arrive()
        return None

    def _advance(self, option: Option) -> bool:
        self.chosen.pick_this = option
        return self.play.advance()

    # --- states ---

    def _arrive(self) -> None:
        """Put the present state on the list, unless it has been there."""
        play = self.play
        fingerprint = self.fingerprints.of(play.sim, play.to_do, sorted(map(str, self._struck())))
        if fingerprint not in self.seen:
            self.seen.add(fingerprint)
            self.todo.append(Node(play.sim.checkpoints.save(), tuple(play.sim.trace.steps), play.save()))

    def _restore(self, node: Node) -> None:
        sim = self.play.sim
        sim.checkpoints.load(node.sim)
        sim.trace = Trace()
        for step in node.steps:
            sim.trace.add(step)
        self.play.load(node.play)
