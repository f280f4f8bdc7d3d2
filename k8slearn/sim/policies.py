"""Who moves next. In a real cluster the network and the operating system decide; here, a policy.

All of them are *allowed*: whatever order a policy picks could happen in a real cluster. A controller that
is right is right under each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from k8slearn.api.clock import Dice
from k8slearn.machinery import Manager, Move


class Policy(Protocol):
    def choose(self, manager: Manager, step: int) -> Move | None:
        """One of the moves that are possible, or None when there is none."""


class Prompt:
    """News travels at once: everybody hears everything before anybody acts. The easiest to follow."""

    def choose(self, manager: Manager, step: int) -> Move | None:
        return manager.first(prompt=True)


class Fair:
    """First come, first served: whoever has been able to move for longest does."""

    def choose(self, manager: Manager, step: int) -> Move | None:
        return manager.first(prompt=False)


class Shuffled:
    """Any move at all, by the luck of `seed`: news may come late, and to some later than to others."""

    def __init__(self, seed: int = 0) -> None:
        self.dice = Dice(seed)

    def choose(self, manager: Manager, step: int) -> Move | None:
        moves = manager.moves()
        return moves[self.dice.below(len(moves), "move", step)] if moves else None


class ByHand:
    """You choose: `pick` is given the possible moves and returns one of them."""

    def __init__(self, pick: Callable[[list[Move]], Move]) -> None:
        self.pick = pick

    def choose(self, manager: Manager, step: int) -> Move | None:
        moves = manager.moves()
        if not moves:
            return None
        move = self.pick(moves)
        if move not in moves:
            raise ValueError(f"{move} is not possible now; possible are: {', '.join(map(str, moves))}")
        return move


def policy(name: str | Policy, seed: int = 0) -> Policy:
    """A policy by name: "prompt", "fair" or "shuffled"."""
    if not isinstance(name, str):
        return name
    named: dict[str, Policy] = {"prompt": Prompt(), "fair": Fair(), "shuffled": Shuffled(seed)}
    if name not in named:
        raise ValueError(f'no policy "{name}": choose one of {", ".join(named)}')
    return named[name]
