"""What the controller under test has just written: for promises that are asked after every step."""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.lab.exercises.hearing import under_test
from k8slearn.sim import Simulation, Step
from k8slearn.store.log import Entry

RECENT = 3  # steps: a fault may have been noted since the last look


def writes_of_late(sim: Simulation, resource: str) -> Iterator[tuple[Step, Entry]]:
    """The last reconciles of the only player, with what each of them has written of a resource."""
    for step in sim.trace.steps[-RECENT:]:
        if step.player == under_test(sim) and step.action == "reconcile":
            for entry in sim.store.log[step.before : step.after]:
                if entry.resource == resource:
                    yield step, entry
