"""What is tried really happens: a crash after each write, a fault at each event, and each of them comes true."""

from __future__ import annotations

import pytest

from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Schedule
from k8slearn.sim.shrink import shrink
from k8slearn.testing import plans
from k8slearn.testing.promises import asked
from tests.testing.test_right_operators import RIGHT
from tests.testing.wrong.every_state import SCENARIO

TRIAL = RIGHT["mailboxes"].trial([])


@pytest.fixture
def calm() -> Play:
    play = Play(TRIAL, Schedule())
    assert play.run() is None
    return play


def test_each_write_is_followed_by_a_crash(calm):
    writes = calm.sim.wires["mailboxes"].writes
    once = [s for s in plans.crashes(TRIAL, calm) if s.size == 1]
    assert [s.deviations[0].what[2] for s in once] == list(range(1, writes + 1))
    for schedule in once:
        play = Play(TRIAL, schedule)
        play.run()
        assert any("crashed after" in step.result for step in play.sim.trace)


def test_each_event_is_lost_once_and_doubled_once(calm):
    heard = calm.sim.trace.of("mailboxes", "deliver")
    assert len(plans.dropped(TRIAL, calm)) == len(plans.doubled(TRIAL, calm)) == len(heard) > 5
    for schedule in (*plans.dropped(TRIAL, calm), *plans.stale(TRIAL, calm)):
        play = Play(TRIAL, schedule)
        play.run()
        assert schedule.deviations[0] in play.came_true, "it strikes"


def test_of_too_many_some_are_left_out_evenly():
    assert plans.spread(list(range(100)), 4) == [0, 25, 50, 75]
    assert plans.spread([1, 2], 4) == [1, 2]


def test_what_people_do_is_never_cut_away():
    """`then` may speak of everything that was asked for."""
    trial = SCENARIO.trial([])
    acts = Schedule("hurried", tuple(s.deviations[0] for s in plans.merged(trial, _calm(trial))[:4]))
    failure = Play(_with_then(), acts).run()
    assert failure is not None
    best = shrink(_with_then(), failure, whole_story=True)
    assert (best.schedule.acts, len(best.acts)) == (None, 3)
    assert best.schedule.size == 1


def _calm(trial) -> Play:
    play = Play(trial, Schedule())
    play.run()
    return play


def _with_then():
    return SCENARIO.trial([asked("migrated", SCENARIO.then)])
