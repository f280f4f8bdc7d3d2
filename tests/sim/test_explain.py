"""The story names the player, the object and what was not known."""

from __future__ import annotations

from k8slearn.sim.explain import LONGEST, explain, story
from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Deviation, Schedule
from tests.sim.trials import EXACT, NAIVE, Naive, trial


def failing(*deviations: Deviation):
    failure = Play(NAIVE, Schedule("test", deviations)).run()
    assert failure is not None
    return failure


def test_a_reconcile_before_the_news_says_what_had_not_been_heard():
    asked_early = (
        Deviation(3, "act", (1,)),
        Deviation(3, "move", ("naive", "deliver", "replicasets")),
        Deviation(4, "move", ("naive", "reconcile", "")),
    )
    text = explain(NAIVE, failing(*asked_early))
    assert "you: ask for two" in text
    assert "you do not wait until everybody is at rest" in text
    assert "naive is asked to reconcile default/web before it has heard that pods default/web-" in text
    assert "its cache is 2 events behind" in text
    assert text.endswith("so        5 pods were made")


def test_faults_are_told_with_what_they_mean():
    text = explain(NAIVE, failing(Deviation(3, "fault", ("hold", "naive", "pods"))))
    assert "from here on naive hears nothing of pods: its news is late" in text
    assert "naive reconciles default/web: creates pods default/web-" in text


def test_explaining_leaves_the_simulation_where_it_was():
    failure = failing(Deviation(3, "fault", ("hold", "naive", "pods")))
    before = failure.sim.trace.hash()
    explain(NAIVE, failure)
    assert (failure.sim.position, failure.sim.trace.hash()) == (failure.step, before)


class Busy(Naive):
    def reconcile(self, key: str) -> None:
        pods = len(self.cache.list("pods"))
        super().reconcile(key)
        self.client.patch(
            "replicasets", key, patch={"metadata": {"labels": {"turn": str(self.clock.step), "n": str(pods)}}}
        )


def test_a_long_story_keeps_its_ends_and_tells_repetitions_once():
    busy = trial(Busy, EXACT)
    failure = Play(busy, Schedule()).run()
    lines = story(busy, failure)
    assert len(failure.sim.trace) > 200
    assert len(lines) <= LONGEST + 1
    assert lines[0].text == "you: ask for two"
    assert any("times in all" in line.text for line in lines)
