"""Going back: a checkpoint every four hundred steps, and the moves made again from there.

A checkpoint is cheap, because the store's log only grows (a place in it is enough) and because players
that have not moved since the last checkpoint are shared with it. What it costs all the same are the caches of those
that have. So the larger the cluster, the rarer they are: to remember must not cost more than to live.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8slearn.machinery.state import clone
from k8slearn.sim.host import assemble
from k8slearn.sim.wire import Faults

if TYPE_CHECKING:
    from k8slearn.sim.simulation import Simulation

CHECKPOINT_EVERY = 400  # steps; what `goto` has to repeat at most, unless the cluster is large:
COPIED_A_STEP = 10  # so many of its objects a checkpoint may copy for each step since the last one

Saved = dict[str, Any]


class Checkpoints:
    """The states of one simulation that can be restored at once. Pairs: `save` and `load`."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.taken: dict[int, Saved] = {}

    def begin(self) -> None:
        self.taken = {0: self.save()}

    @property
    def is_due(self) -> bool:
        """Have enough steps been made since the last one?"""
        position = self.sim.position
        if position % CHECKPOINT_EVERY:
            return False
        return (position - next(reversed(self.taken))) * COPIED_A_STEP >= self.sim.manager.size

    def take(self) -> None:
        self.taken[self.sim.position] = self.save()

    def welcome(self) -> None:
        """Somebody has entered or left right here (`Simulation.enter`), which is no step: let it happen again."""
        saved = self.taken.get(self.sim.position)
        if saved is not None and [*saved["manager"]["players"]] != [*self.sim.manager.players]:
            self.load(saved)

    def cut(self, number: int) -> None:
        """Forget what lies after step `number`."""
        self.taken = {n: saved for n, saved in self.taken.items() if n <= number}

    def goto(self, number: int) -> None:
        """Load the nearest checkpoint before step `number`, unless we are nearer, and repeat the rest."""
        nearest = max(n for n in self.taken if n <= number)
        if not nearest <= self.sim.position <= number:
            self.load(self.taken[nearest])
        while self.sim.position < number:
            self.sim.repeat(self.sim.trace[self.sim.position + 1])

    def undo(self, number: int) -> None:
        """Be as right after step `number`, wherever a step that failed half-way has left us."""
        if self.taken:
            self.load(self.taken[max(n for n in self.taken if n <= number)])
            self.goto(number)

    def adopt(self, other: Checkpoints, number: int) -> None:
        """Begin at step `number` of another simulation of the same cluster."""
        self.taken = {n: saved for n, saved in other.taken.items() if n <= number}
        self.load(self.taken[max(self.taken)])
        self.goto(number)

    def save(self) -> Saved:
        sim = self.sim
        return {
            "clock": (sim.clock.now, sim.clock.step),
            "store": sim.store.mark(),
            "manager": sim.manager.save(),
            "world": clone(sim.world),
            "wires": {name: wire.save() for name, wire in sim.wires.items()},
        }

    def load(self, saved: Saved) -> None:
        sim = self.sim
        sim.clock.now, sim.clock.step = saved["clock"]
        sim.store.rewind(saved["store"])
        sim.world.clear()
        sim.world.update(clone(saved["world"]))
        for wire in sim.wires.values():
            wire.faults = Faults()  # a cut one could not give an informer its watch back
        if [*sim.manager.players] != [*saved["manager"]["players"]]:
            assemble(sim, saved["manager"]["players"])
        sim.manager.load(saved["manager"])
        for name, state in saved["wires"].items():
            sim.wires[name].load(state)
