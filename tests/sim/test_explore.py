"""Every interleaving, merged where only names differ."""

from __future__ import annotations

from k8slearn.controllers import ReplicaSetController
from k8slearn.sim.explore import explore
from k8slearn.sim.fingerprint import Fingerprints
from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Schedule
from tests.sim.trials import EXACT, NAIVE, NO_MORE, RIGHT, STORY, Naive, trial


def test_the_replicaset_controller_never_makes_a_pod_too_many_in_any_order():
    found = explore(RIGHT)
    assert found.complete
    assert found.failure is None
    assert found.ends >= 1
    assert 100 < found.states < 1000
    assert found.transitions > found.states


def test_nor_when_it_crashes_at_any_moment():
    found = explore(RIGHT, faults=[("crash", "replicaset-controller")])
    assert found.complete
    assert found.failure is None
    assert found.states > explore(RIGHT).states


def test_without_expectations_the_shortest_duplicate_is_found():
    found = explore(NAIVE)
    assert found.failure is not None
    assert not found.complete
    assert found.failure.invariant == NO_MORE.name
    assert found.failure.message == "5 pods were made"
    again = Play(NAIVE, found.failure.schedule).run()
    assert again.sim.trace.hash() == found.failure.sim.trace.hash()
    # nothing shorter: no schedule with fewer steps breaks the promise
    assert len(again.sim.trace) <= 6


def test_it_says_when_it_has_not_seen_everything():
    found = explore(RIGHT, max_states=20)
    assert not found.complete
    assert found.states >= 20
    assert "and there are more" in str(found)


def test_exploring_twice_gives_the_same():
    assert str(explore(RIGHT)) == str(explore(RIGHT))


def test_a_promise_at_rest_is_judged_at_every_end():
    class OneTooFew(Naive):
        def reconcile(self, key: str) -> None:
            if len(self.cache.list("pods")) < 1:
                super().reconcile(key)

    found = explore(trial(OneTooFew, EXACT))
    assert found.failure is not None
    assert "asks for" in found.failure.message


# --- fingerprints ------------------------------------------------------------------------------


def after(schedule: Schedule, controller=ReplicaSetController, seed: int = 0):
    play = Play(trial(controller, EXACT), schedule)
    play.sim.dice.seed = seed
    play.run()
    return play.sim


def test_names_uids_and_revisions_do_not_count():
    prints = Fingerprints()
    ends = [after(Schedule(acts=(0,)), seed=seed) for seed in range(12)]
    names = {pod["metadata"]["name"] for sim in ends for pod in sim.store.list("pods")}
    assert len(names) == 24
    assert (
        len({prints.of(sim) for sim in ends}) == 2
    )  # which of two pods comes first in the alphabet does count


def test_what_has_not_been_heard_counts():
    prints = Fingerprints()
    sim = RIGHT.make_sim()
    STORY[0].do(sim)
    unheard = prints.of(sim)
    sim.step()
    assert prints.of(sim) != unheard
    sim.back()
    assert prints.of(sim) == unheard


def test_more_or_fewer_objects_count():
    prints = Fingerprints()
    assert prints.of(after(Schedule())) != prints.of(after(Schedule(acts=(0,))))
