"""What is left after shrinking is necessary, each single piece."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Schedule
from k8slearn.sim.schedules import Luck, troubles
from k8slearn.sim.shrink import shrink
from tests.sim.trials import NAIVE, NO_MORE


def wild(seed: int):
    """A long failing schedule, found by luck; None when this luck breaks nothing."""
    return Play(NAIVE, Schedule("storm"), Luck(seed, troubles(NAIVE))).run()


FAILING = [seed for seed in range(40) if wild(seed) is not None][:6]


@pytest.mark.parametrize("seed", FAILING)
def test_every_piece_of_the_result_is_necessary(seed):
    found = wild(seed)
    best = shrink(NAIVE, found)
    assert best.invariant == found.invariant == NO_MORE.name
    assert best.schedule.size <= found.schedule.size
    deviations, acts = best.schedule.deviations, best.schedule.acts or (0, 1)
    for i in range(len(deviations)):
        less = replace(best.schedule, deviations=deviations[:i] + deviations[i + 1 :])
        assert not breaks(less), f"{deviations[i]} was not needed"
    for act in acts:
        assert not breaks(replace(best.schedule, acts=tuple(a for a in acts if a != act)))


def breaks(schedule: Schedule) -> bool:
    failure = Play(NAIVE, schedule).run()
    return failure is not None and failure.invariant == NO_MORE.name


def test_shrinking_is_deterministic_and_its_result_replays():
    first, second = (shrink(NAIVE, wild(FAILING[0])) for _ in range(2))
    assert first.schedule == second.schedule
    again = Play(NAIVE, first.schedule).run()
    assert again.sim.trace.hash() == first.sim.trace.hash()
    assert again.message == first.message


def test_it_stops_when_its_runs_are_used_up():
    found = wild(FAILING[0])
    assert breaks(shrink(NAIVE, found, runs=0).schedule)
    assert breaks(shrink(NAIVE, found, runs=5).schedule)


def test_enough_seeds_fail_for_this_to_mean_something():
    assert len(FAILING) == 6
