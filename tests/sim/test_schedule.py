"""A schedule is data, and playing it is always the same history."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k8slearn.controllers import ReplicaSetController
from k8slearn.machinery import Controller, Done
from k8slearn.sim import Simulation
from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Deviation, Schedule
from k8slearn.sim.schedules import KINDS, Luck, kinds_of, search, singles, troubles
from k8slearn.sim.trial import IDEMPOTENT, RAISES, RECOVERS, SETTLES, Act, Invariant, settled_after_resync
from tests.sim.trials import EXACT, KEY, NAIVE, NO_MORE, RIGHT, STORY, Naive, as_many_as_asked, scale, trial

RS = "replicaset-controller"
HOLD = Deviation(3, "fault", ("hold", "naive", "pods"))


def history(some_trial, schedule: Schedule) -> str:
    play = Play(some_trial, schedule)
    play.run()
    return play.sim.trace.text()


@pytest.mark.parametrize("seed", range(6))
def test_what_luck_made_up_is_replayed_to_the_byte_from_its_record(seed):
    lucky = Play(RIGHT, Schedule("storm"), Luck(seed, troubles(RIGHT)))
    lucky.run()
    assert lucky.made.deviations
    again = Play(RIGHT, Schedule.from_json(lucky.made.to_json()))
    again.run()
    assert again.sim.trace.hash() == lucky.sim.trace.hash()
    assert set(again.came_true) == set(lucky.made.deviations)


def test_a_schedule_survives_being_saved(tmp_path):
    schedule = Schedule("storm", (HOLD, Deviation(4, "move", ("naive", "deliver", "pods"))), (0,))
    schedule.save(tmp_path / "found.json")
    assert Schedule.load(tmp_path / "found.json") == schedule


def test_the_calm_schedule_is_the_prompt_history_with_a_patient_user():
    play = Play(RIGHT, Schedule())
    assert play.run() is None
    sim = RIGHT.make_sim()
    for act in STORY:
        act.do(sim)
        sim.run()
    assert play.sim.trace.text() == sim.trace.text()


def test_a_deviation_that_cannot_happen_is_passed_over():
    impossible = Deviation(2, "move", (RS, "deliver", "pods"))
    play = Play(RIGHT, Schedule("odd", (impossible, Deviation(99, "fault", ("crash", RS)))))
    assert play.run() is None
    assert play.came_true == {}
    assert play.sim.trace.text() == history(RIGHT, Schedule())


def test_an_act_may_come_early_and_is_not_repeated():
    play = Play(RIGHT, Schedule("hurry", (Deviation(2, "act", (1,)),)))
    assert play.run() is None
    requests = [s for s in play.sim.trace if s.player == "client"]
    assert [s.number for s in requests] == [1, 3]
    assert len(play.acts) == 2


def test_held_news_arrives_in_the_end():
    play = Play(RIGHT, Schedule("stale", (Deviation(1, "fault", ("hold", RS)),)))
    assert play.run() is None
    assert [s.action for s in play.sim.trace if s.player == "fault"] == ["hold", "heal"]
    assert as_many_as_asked(play.sim) is None


def test_promises_at_rest_are_not_judged_while_news_is_held_back():
    held = Schedule("stale", (Deviation(1, "fault", ("hold", RS)),), (0,))
    assert Play(trial(ReplicaSetController, EXACT), held).run() is None


def test_a_refused_write_without_an_answer_is_tried_again_before_promises_are_due():
    refused = Schedule("refused", (Deviation(1, "fault", ("refuse", "naive", 1, "Timeout")),))
    play = Play(trial(Naive, EXACT), refused)
    assert play.run() is None
    assert any("Timeout" in step.result for step in play.sim.trace)


def test_the_right_one_is_right_and_the_naive_one_is_not():
    assert search(RIGHT).failure is None
    failure = search(NAIVE).failure
    assert failure is not None
    assert failure.invariant == NO_MORE.name
    assert "pods were made" in failure.message


def test_a_search_plays_as_many_schedules_as_it_is_told_to():
    found = search(trial(Naive, EXACT), total=70)
    assert found.failure is None
    assert found.total == 70
    assert set(found.played) == set(kinds_of(trial(Naive, EXACT))) == set(KINDS) - {"lost"}


class Nothing:
    """A system outside of the cluster of which nobody wants anything."""


def test_answers_get_lost_where_something_lies_outside_of_the_cluster():
    alone = trial(Naive, EXACT)
    beside = replace(
        alone, make_sim=lambda: Simulation(alone.make_sim().recipe, world={"nothing": Nothing()})
    )
    calm = Play(beside, Schedule())
    calm.run()
    lost = [s for s in singles(beside, calm) if s.name == "lost"]
    assert len(lost) == calm.sim.wires["naive"].writes == 3
    assert kinds_of(beside) == list(KINDS)


class NotYet(Controller):
    """Fails until it has been called often enough."""

    primary, enough = "replicasets", 0

    def setup(self):
        self.tries = 0

    def reconcile(self, key):
        self.tries += 1
        if self.tries < self.enough:
            raise RuntimeError("not yet")


@pytest.mark.parametrize(("enough", "broken"), [(13, None), (16, None), (25, RECOVERS)])
def test_who_comes_back_late_after_many_failures_is_waited_for_a_few_times(enough, broken):
    patient = trial(type("NotYet", (NotYet,), {"enough": enough}))
    failure = Play(replace(patient, story=STORY[:1]), Schedule()).run()
    assert (failure and failure.invariant) == broken


def test_every_write_of_the_calm_day_is_followed_by_a_crash_once():
    calm = Play(NAIVE, Schedule())
    calm.run()
    crashes = [s for s in singles(NAIVE, calm) if s.name == "crash"]
    assert len(crashes) == calm.sim.wires["naive"].writes == 3
    for schedule in crashes:
        play = Play(trial(Naive, EXACT), schedule)
        assert play.run() is None
        assert any("crashed after" in step.result for step in play.sim.trace)


# --- promises that every controller makes ------------------------------------------------------


class Busy(Naive):
    """Writes something new each time it is called."""

    def reconcile(self, key: str) -> None:
        seen = len(self.cache.get("replicasets", key)["metadata"].get("annotations") or {})
        annotations = {f"seen-{seen}": "yes"}
        self.client.patch("replicasets", key, patch={"metadata": {"annotations": annotations}})


class Slip(Naive):
    def reconcile(self, key: str) -> None:
        self.cache.get("replicasets", key)["spec"]["replica"]


class Stubborn(Naive):
    """Creates the same pod again and again."""

    def reconcile(self, key: str) -> None:
        meta = {"name": "one", "namespace": "default"}
        spec = {"containers": [{"name": "app", "image": "registry.example/app:1"}]}
        self.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})


class Chatty(Naive):
    """Right, but sends an empty write each time."""

    def reconcile(self, key: str) -> None:
        super().reconcile(key)
        self.client.patch("replicasets", key, patch={})


class Handler(Naive):
    def on_change(self, change) -> None:
        raise RuntimeError("no second try")


@pytest.mark.parametrize(
    ("controller", "promise"),
    [(Busy, SETTLES), (Slip, RAISES), (Stubborn, RECOVERS), (Chatty, IDEMPOTENT), (Handler, RAISES)],
)
def test_each_promise_can_be_broken(controller, promise):
    silent = settled_after_resync([controller().full_name])
    failure = Play(trial(controller, silent), Schedule()).run()
    assert failure is not None
    assert failure.invariant == promise
    failure.sim.goto(0)  # the history can be walked through, even if its last step broke off
    failure.sim.goto(failure.step)


class Poller(Naive):
    def reconcile(self, key: str) -> Done:
        super().reconcile(key)
        return Done(again_in=10)


class Later(Naive):
    """Gives up for now, and says so with an error of its own."""

    def reconcile(self, key: str) -> None:
        if self.clock.now < 1:
            raise RuntimeError("not yet")
        super().reconcile(key)


@pytest.mark.parametrize("controller", [Poller, Later])
def test_polling_and_raising_on_purpose_are_allowed(controller):
    assert Play(trial(controller, EXACT), Schedule()).run() is None


def test_acts_that_are_refused_do_not_end_the_story():
    early = (Act("ask for three", scale), *STORY)
    assert Play(trial(Naive, EXACT, story=early), Schedule()).run() is None


def test_always_means_after_every_step():
    quiet = Invariant(
        "never", lambda sim: f"pods at step {sim.position}" if sim.store.count("pods") else None, "always"
    )
    failure = Play(trial(Naive, quiet), Schedule()).run()
    assert failure is not None
    assert failure.sim.trace[failure.step].key == KEY
    assert failure.message == f"pods at step {failure.step}"


def test_the_players_of_a_trial_are_controllers():
    assert all(isinstance(p, Controller) for p in RIGHT.make_sim().manager.players.values())
