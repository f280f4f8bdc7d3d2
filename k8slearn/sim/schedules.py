"""Which schedules are tried: the calm one, one trouble at a time, any order, everything at once.

From simple to wild, so that the first one that fails is easy to explain. All of them follow from the trial
and the seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.machinery import Move
from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Deviation, Schedule
from k8slearn.sim.trial import Failure, Trial

TOTAL = 120  # schedules in a search
MOST = 12  # of one kind of trouble
STALE_FOR = (2, 6)  # turns that a watch stands still
REASONS = ("Conflict", "InternalError", "Timeout")

#: Kind of schedule -> how people call it, in the order in which they are tried.
KINDS = {
    "calm": "calm",
    "crash": "a crash after a write",
    "refused": "a refused write",
    "lost": "a lost answer",
    "outage": "a server that is away for a while",
    "dropped": "a lost watch",
    "doubled": "doubled events",
    "stale": "a stale cache",
    "shuffled": "any order",
    "storm": "everything at once",
}

Fault = tuple[Any, ...]


def kinds_of(trial: Trial) -> list[str]:
    """The kinds that are tried. Answers get lost where something lies outside: once more may cost money there."""
    outside = trial.make_sim().world
    return [kind for kind in KINDS if kind != "lost" or outside]


@dataclass
class Search:
    """What came of it: how many schedules of each kind were played, and the first failure."""

    played: dict[str, int] = field(default_factory=dict)
    failure: Failure | None = None
    calm: Play | None = None

    @property
    def total(self) -> int:
        return sum(self.played.values())


def search(trial: Trial, total: int = TOTAL) -> Search:
    """Play up to `total` schedules, until one fails."""
    found = Search(calm=Play(trial, Schedule()))
    assert found.calm is not None
    found.failure, found.played["calm"] = found.calm.run(), 1
    if found.failure is None:
        for play in _plays(trial, found.calm, total - 1):
            kind = play.schedule.name
            found.played[kind] = found.played.get(kind, 0) + 1
            found.failure = play.run()
            if found.failure is not None:
                break
    return found


def _plays(trial: Trial, calm: Play, count: int) -> Iterator[Play]:
    single = singles(trial, calm)[:count]
    for schedule in single:
        yield Play(trial, schedule)
    faults = troubles(trial)
    for seed in range(count - len(single)):
        wild = seed % 2 == 1
        yield Play(trial, Schedule("storm" if wild else "shuffled"), Luck(seed, faults if wild else ()))


def singles(trial: Trial, calm: Play) -> list[Schedule]:
    """One trouble each. `calm` has been played: its writes and turns say where trouble may strike."""
    writes = [(p, n) for p in trial.players for n in range(1, calm.sim.wires[p].writes + 1)]
    watches, turns = trial.watched(), range(1, calm.turn + 1)
    places = [(turn, *watch) for turn in turns for watch in watches]
    refusals = [(p, n, r) for p, n in writes for r in REASONS]
    unheard = writes if "lost" in kinds_of(trial) else []
    at = _spread
    return [
        *(_one("crash", 1, "crash_after", p, n) for p, n in at(writes)),
        *(_one("refused", 1, "refuse", p, n, reason) for p, n, reason in at(refusals)),
        *(_one("lost", 1, "lose", p, n) for p, n in at(unheard)),
        *(_outage(p, n) for p, n in at(writes)),
        *(_one("dropped", turn, "drop", p, r) for turn, p, r in at(places)),
        *(
            _one("doubled", turn, "resync", p)
            for turn, p in at([(t, p) for t in turns for p in trial.players])
        ),
        *(_held(turn, turns_long, p, r) for turns_long in STALE_FOR for turn, p, r in at(places)),
    ]


def _one(kind: str, turn: int, *fault: Any) -> Schedule:
    return Schedule(kind, (Deviation(turn, "fault", fault),))


def _outage(player: str, write: int) -> Schedule:
    """Three writes in a row are refused."""
    faults = [("refuse", player, n, "InternalError") for n in range(write, write + 3)]
    return Schedule("outage", tuple(Deviation(1, "fault", fault) for fault in faults))


def _held(turn: int, length: int, player: str, resource: str) -> Schedule:
    held = Deviation(turn, "fault", ("hold", player, resource))
    return Schedule("stale", (held, Deviation(turn + length, "fault", ("release", player, resource))))


def _spread(items: Sequence[Any], most: int = MOST) -> list[Any]:
    """At most `most` of the items, evenly spread."""
    if len(items) <= most:
        return list(items)
    return [items[i * len(items) // most] for i in range(most)]


def troubles(trial: Trial) -> tuple[Fault, ...]:
    """Every fault that may strike the players under test at any moment."""
    watches = [(name, *watch) for name in ("drop", "hold", "release") for watch in trial.watched()]
    others = [(name, p) for name in ("crash", "resync") for p in trial.players]
    writes = [("crash_after", p, 1) for p in trial.players]
    return (*watches, *others, *writes, *(("refuse", p, 1, r) for p in trial.players for r in REASONS))


class Luck:
    """Any possible move, by the luck of `seed`; sometimes the user does not wait; sometimes a fault
    strikes.
    """

    def __init__(self, seed: int, faults: Sequence[Fault] = ()) -> None:
        self.dice, self.faults = Dice(seed), faults

    def fault(self, turn: int) -> Fault | None:
        if not self.faults or self.dice.below(8, "strikes", turn):
            return None
        return self.faults[self.dice.below(len(self.faults), "fault", turn)]

    def pick(self, turn: int, moves: list[Move], acts_left: int) -> Move | None:
        if acts_left and self.dice.below(10, "acts", turn, acts_left) == 0:
            return None
        return moves[self.dice.below(len(moves), "move", turn, acts_left)]
