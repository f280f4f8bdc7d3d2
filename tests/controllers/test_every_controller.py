"""Whatever goes wrong for a controller, the cluster ends as on a calm day. The suite tries some of the schedules that
`K8SLEARN_SCHEDULES=300` tries of each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from k8slearn.cluster import EVERYBODY
from k8slearn.sim import Simulation
from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Schedule
from k8slearn.sim.schedules import Luck, singles, troubles
from k8slearn.sim.trial import RECOVERS, SETTLES, Trial
from tests.canonical import Picture, difference, picture
from tests.controllers.stories import STORIES, Story, world

pytestmark = pytest.mark.slow

SCHEDULES = int(os.environ.get("K8SLEARN_SCHEDULES", "6"))
PATIENCE = 4000  # steps
PATIENT = 1300.0  # seconds: backoff ends at 1,000, expectations at 300


def calm(story: Story) -> tuple[Trial, Play]:
    trial = Trial(world, story.acts, (), (story.player,), PATIENCE)
    play = Play(trial, Schedule())
    assert play.run() is None
    return trial, play


def played(play: Play) -> Simulation:
    """To the end of all trouble."""
    failure = play.run()
    assert failure is None or failure.invariant in (RECOVERS, SETTLES), told(play, failure.message)
    for player in play.sim.manager.players:
        play.sim.fault("heal", player)
    return play.sim


def plays(trial: Trial, on_a_calm_day: Play, count: int) -> Iterator[Play]:
    """Half of them have one trouble, a quarter any order, and a quarter everything at once."""
    found = singles(trial, on_a_calm_day)
    some = (
        found
        if len(found) <= count // 2
        else [found[i * len(found) // (count // 2)] for i in range(count // 2)]
    )
    yield from (Play(trial, schedule) for schedule in some)
    for seed in range(count - len(some)):
        faults = troubles(trial) if seed % 2 else ()
        yield Play(trial, Schedule("storm" if seed % 2 else "shuffled"), Luck(seed, faults))


def told(play: Play, problem: str) -> str:
    faults = [d.what for d in play.made.deviations if d.kind != "move"]
    return f"{play.made.name}, {len(faults)} faults, the first {faults[:8]}:\n{problem[:3000]}"


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.player)
def test_it_ends_as_on_a_calm_day(story: Story) -> None:
    looks_at = story.looks_at.split()
    trial, on_a_calm_day = calm(story)
    expected = picture(on_a_calm_day.sim, looks_at)
    for play in plays(trial, on_a_calm_day, SCHEDULES):
        sim = played(play)
        end = sim.now + PATIENT
        while (problem := different(sim, story, expected)) and sim.now < end:
            sim.advance(50)
        assert not problem, told(play, problem)


def different(sim: Simulation, story: Story, expected: Picture) -> str:
    error = sim.errors().get(story.player)
    return difference(expected, picture(sim, story.looks_at.split())) or (
        f"still fails: {error}" if error else ""
    )


def test_everybody_has_a_story() -> None:
    assert {story.player for story in STORIES} >= {make().full_name for make in EVERYBODY}
