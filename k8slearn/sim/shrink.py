"""From a failing schedule to the shortest one that breaks the same promise: delta debugging.

What is left out: parts of the deviations, halves first, then smaller parts, down to single ones; likewise
acts of the user's story. At the end every deviation and act is necessary: without any one of them the
promise holds (unless `runs` were used up before). Zeller and Hildebrandt, Simplifying and Isolating
Failure-Inducing Input, 2002.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Deviation
from k8slearn.sim.trial import Failure, Trial

RUNS = 400  # playings, at most

Piece = Deviation | int  # an int is the number of an act


@dataclass
class _Shrinking:
    trial: Trial
    best: Failure
    runs: int
    whole_story: bool = False

    @property
    def pieces(self) -> list[Piece]:
        schedule = self.best.schedule
        if self.whole_story:
            return list(schedule.deviations)
        acts = range(len(self.trial.story)) if schedule.acts is None else schedule.acts
        return [*schedule.deviations, *acts]

    def without(self, gone: Sequence[Piece]) -> bool:
        """Does it still fail without these? Then that is the best now."""
        kept = [p for p in self.pieces if p not in gone]
        deviations = [p for p in kept if isinstance(p, Deviation)]
        acts = tuple(p for p in kept if isinstance(p, int))
        first = min((d.turn for d in deviations), default=1)
        shorter = any(
            isinstance(p, int) for p in gone
        )  # fewer acts: what follows happens so many turns earlier
        return any(self._try(deviations, acts, shift) for shift in range(first if shorter else 1))

    def _try(self, deviations: list[Deviation], acts: tuple[int, ...] | None, shift: int) -> bool:
        if self.runs <= 0:
            return False
        self.runs -= 1
        if self.whole_story:
            acts = self.best.schedule.acts
        moved = tuple(d._replace(turn=d.turn - shift) for d in deviations)
        failure = Play(self.trial, replace(self.best.schedule, deviations=moved, acts=acts)).run()
        if failure is None or failure.invariant != self.best.invariant:
            return False
        self.best = _without_idle(failure)
        return True


def shrink(trial: Trial, failure: Failure, runs: int = RUNS, *, whole_story: bool = False) -> Failure:
    """The shortest way to the same broken promise that was found. Deterministic.

    `whole_story`: no act is left out, for promises that speak of what has been asked for in all.
    """
    shrinking = _Shrinking(trial, _without_idle(failure), runs, whole_story)
    while _pass(shrinking):
        pass
    return shrinking.best


def _without_idle(failure: Failure) -> Failure:
    """The same history, without the deviations that never came true in it."""
    schedule = failure.schedule
    kept = tuple(d for d in schedule.deviations if d in failure.came_true)
    return replace(failure, schedule=replace(schedule, deviations=kept))


def _pass(shrinking: _Shrinking) -> bool:
    """Try to leave out parts, halves first. True if anything went."""
    size, any_gone = max(len(shrinking.pieces) // 2, 1), False
    while size:
        start = 0
        while start < len(shrinking.pieces):
            if shrinking.without(shrinking.pieces[start : start + size]):
                any_gone = True
            else:
                start += size
        size //= 2
    return any_gone
