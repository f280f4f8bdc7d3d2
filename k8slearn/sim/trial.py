"""What is put to the test, and what must hold: a cluster, a user's story, and promises.

A `Trial` says nothing about order or faults: that is what a `Schedule` is for (read it next). Whatever the
schedule, a right controller keeps every promise of its trial.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from k8slearn.sim.simulation import Simulation

if TYPE_CHECKING:
    from k8slearn.sim.schedule import Deviation, Schedule

When = Literal["always", "at rest", "at the end", "again"]

#: Promises that every controller makes.
SETTLES = "it comes to rest"
ENDS = "each of its moves comes to an end"
RAISES = "its code does not break"
RECOVERS = "it gets over every error"
IDEMPOTENT = "it leaves alone what is right"


@dataclass(frozen=True)
class Act:
    """One thing that the user does. `do` may look at the cluster, and writes through sim.client."""

    text: str  # "asks for three pods instead of two"
    do: Callable[[Simulation], object]


@dataclass(frozen=True)
class Invariant:
    """A promise. `check` returns None while it holds, else a sentence: which object breaks which rule.

    when: "always" after every step; "at rest" whenever nobody can move and nothing is held back, before the
    user goes on and at the end; "at the end" only then; "again" at the very end, when every player under test
    has been shown its whole cache once more.
    """

    name: str
    check: Callable[[Simulation], str | None]
    when: When = "at rest"


@dataclass(frozen=True)
class Trial:
    """`make_sim` builds a fresh cluster; `players` are under test: faults are theirs, their code must not
    raise.
    """

    make_sim: Callable[[], Simulation]
    story: Sequence[Act]
    invariants: Sequence[Invariant]
    players: tuple[str, ...] = ()
    patience: int = 1000  # steps after which a cluster that is still busy has failed to come to rest

    def watched(self) -> list[tuple[str, str]]:
        """(player, resource) of every watch under test."""
        players = self.make_sim().manager.players
        return [(name, resource) for name in self.players for resource in players[name].informers]


@dataclass(frozen=True)
class Failure:
    """A broken promise, and how it came to that. `sim` stands right after step number `step`."""

    invariant: str  # the name of the promise
    message: str  # which object, which rule
    schedule: Schedule
    step: int
    sim: Simulation
    came_true: dict[Deviation, int]  # where the schedule really differed -> at which step
    acts: dict[int, int]  # number of an act of the story -> the step it came after
    error: BaseException | None = None  # what the learner's code raised, if that was it


def settled_after_resync(players: Sequence[str]) -> Invariant:
    """Idempotence: shown again what it knows, a controller at rest sends no write, not even an empty one."""
    return Invariant(IDEMPOTENT, _NoWrites(tuple(players)), "again")


@dataclass(frozen=True)
class _NoWrites:
    players: tuple[str, ...]

    def __call__(self, sim: Simulation) -> str | None:
        for step in reversed(sim.trace.steps):
            if step.player == "fault":
                return None
            if step.player in self.players:
                for call in step.calls:
                    if call.verb not in ("get", "list", "watch"):
                        return f"everything was right, yet {step.player} sent: {call}"
        return None
