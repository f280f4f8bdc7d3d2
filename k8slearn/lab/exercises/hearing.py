"""What the exercises of lesson 06 have in common: one controller, and news of pods that does not reach it."""

from __future__ import annotations

from k8slearn.sim import Simulation, Step


def under_test(sim: Simulation) -> str:
    """The only player there is."""
    return next(iter(sim.manager.players))


def fault(sim: Simulation, *names: str) -> None:
    """These things happen to its watch of pods, one after the other."""
    for name in names:
        sim.fault(name, under_test(sim), "pods")


def heard_of_a_pod(step: Step) -> bool:
    return step.action == "deliver" and step.resource == "pods"
