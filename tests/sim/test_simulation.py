"""Driving: one step, until nothing is left, until something holds, for some time; and the user's own hand."""

from __future__ import annotations

from itertools import pairwise

import pytest

from k8slearn.api import errors
from k8slearn.api.objects import FrozenDict, edit
from k8slearn.machinery import Controller, Done, Move
from k8slearn.sim import DidNotSettle, Simulation
from tests.fakes import configmap, deployment, hollow, names, objects, pod, world


class Ticker(Controller):
    """Looks at each configmap every ten seconds: the first looks are awaited, the others housekeeping."""

    primary = "configmaps"

    def setup(self) -> None:
        self.looks: list[float] = []

    def reconcile(self, key):
        obj = self.cache.get("configmaps", key)
        if obj is None:
            return None
        self.looks.append(self.clock.now)
        awaited = int((obj.get("data") or {}).get("looks", 0))
        return Done(again_in=10, background=len(self.looks) > awaited)


def looks(sim: Simulation) -> list[float]:
    return sim.manager.players["ticker"].looks


# --- step, run, advance ----------------------------------------------------------------------


def test_nothing_happens_between_two_steps():
    sim = world()
    sim.create(pod())
    before = sim.state()
    assert sim.moves()
    assert sim.state() == before
    sim.step()
    assert sim.position == 2


def test_a_step_makes_one_move():
    sim = world()
    sim.create(pod())
    made = [sim.step() for _ in range(4)]
    assert [s.number for s in made] == [2, 3, 4, 5]
    assert [len(s.writes) <= 1 for s in made] == [True] * 4


def test_a_given_move_is_made():
    sim = world(Ticker)
    sim.create([configmap(), pod()])
    assert sim.step(Move("ticker", "deliver", "configmaps")).player == "ticker"


def test_none_when_everybody_is_waiting():
    sim = world(Ticker)
    assert sim.step() is None
    sim.create(configmap())
    assert sim.run()
    assert sim.step() is None, "housekeeping is not waited for"
    assert sim.now == 0


def test_run_waits_for_what_somebody_waits_for():
    sim = world(Ticker)
    sim.create(configmap(data={"looks": "3"}))
    sim.run()
    assert (looks(sim), sim.now) == ([0, 10, 20, 30], 30)


def test_run_until_goes_on_with_housekeeping():
    sim = world(Ticker)
    sim.create(configmap())
    assert sim.run(lambda s: s.now >= 50)
    assert looks(sim) == [0, 10, 20, 30, 40]


def test_run_until_what_never_holds_gives_up_after_a_while():
    sim = world(Ticker)
    sim.create(configmap())
    assert not sim.run(lambda s: False, seconds=100)
    assert sim.now <= 110


def test_run_until_what_holds_already_does_nothing():
    sim = world()
    sim.create(pod())
    assert sim.run(lambda s: True)
    assert sim.position == 1


def test_run_until_nothing_can_happen_any_more():
    sim = world()
    assert not sim.run(lambda s: False)


def test_advance_lets_exactly_that_much_time_pass_with_all_that_is_in_it():
    sim = world(Ticker)
    sim.create(configmap())
    sim.advance(25)
    assert (looks(sim), sim.now) == ([0, 10, 20], 25)
    sim.advance(5)
    assert (looks(sim), sim.now) == ([0, 10, 20, 30], 30)
    sim.advance(0.5)
    assert sim.now == 30.5


def test_when_so_much_happens_at_once_that_time_does_not_pass_this_is_told(monkeypatch):
    class Impatient(Controller):
        primary = "configmaps"

        def reconcile(self, key):
            return Done(again_in=0)

    sim = world(Impatient)
    sim.create(configmap())
    monkeypatch.setattr("k8slearn.sim.simulation.PATIENCE", 500)
    with pytest.raises(DidNotSettle, match=r"at t=0 s; .* impatient"):
        sim.advance(10)


def test_who_never_settles_is_told_by_name():
    class Restless(Controller):
        primary = "configmaps"

        def reconcile(self, key):
            n = int(self.client.get("configmaps", key)["data"]["n"])
            self.client.patch("configmaps", key, patch={"data": {"n": str(n + 1)}})

    sim = world(Restless)
    sim.create(configmap(data={"n": "0"}))
    with pytest.raises(DidNotSettle, match=r"still busy after 300 steps.*restless \(300\)|restless"):
        sim.run(steps=300)


def test_going_on_from_the_past_repeats_history_first():
    sim = world()
    sim.create(pod())
    sim.run()
    text = sim.trace.text()
    sim.back(5)
    sim.run()
    assert sim.trace.text() == text


# --- time ------------------------------------------------------------------------------------


def test_time_stands_still_while_anybody_can_move():
    sim = world(Ticker)
    sim.create([configmap(f"c{i}") for i in range(5)])
    sim.run()
    assert sim.now == 0


def test_timers_of_all_players_fire_in_order_of_time():
    sim = Simulation(nodes=2)
    sim.create(pod())
    sim.advance(60)
    times = [s.time for s in sim.trace if s.action == "timer"]
    assert times == sorted(times)
    assert len(times) > 5


# --- the user's hand -------------------------------------------------------------------------


def test_a_write_is_a_step_and_a_read_is_not():
    sim = world()
    sim.client.create(configmap())
    sim.client.get("configmaps", "default/settings")
    sim.client.list("configmaps")
    sim.client.create(configmap("b"), dryRun="All")
    assert [s.line().split()[3] for s in sim.trace] == ["request"]


def test_a_refused_write_is_a_step_too_and_raises():
    sim = world()
    sim.client.create(configmap())
    with pytest.raises(errors.AlreadyExists):
        sim.client.create(configmap())
    assert sim.trace[-1].result == "refused: AlreadyExists"
    assert (sim.trace[-1].writes, len(sim.trace)) == ([], 2)


def test_a_refused_write_is_refused_again_when_it_is_repeated():
    sim = world()
    sim.client.create(configmap())
    with pytest.raises(errors.AlreadyExists):
        sim.client.create(configmap())
    text = sim.trace.text()
    sim.goto(0)
    sim.goto(2)
    assert sim.trace.text() == text


def test_what_a_user_is_given_may_be_edited():
    sim = world()
    made = sim.client.create(configmap(data={"a": "1"}))
    made["data"]["a"] = "2"
    assert not isinstance(made, FrozenDict)
    assert sim.state()["configmaps"]["default/settings"]["data"] == {"a": "1"}


def test_what_a_user_sends_may_be_edited_afterwards_and_history_does_not_change():
    sim, mine = world(), configmap(data={"a": "1"})
    sim.client.create(mine)
    mine["data"]["a"] = "2"
    sim.goto(0)
    sim.goto(1)
    assert sim.state()["configmaps"]["default/settings"]["data"] == {"a": "1"}


def test_a_file_is_created_whole_or_not_at_all():
    sim = world()
    with pytest.raises(errors.Invalid):
        sim.create([configmap("a"), deployment(replicas=-1)])
    assert (objects(sim, "configmaps"), len(sim.trace)) == ([], 0)
    sim.create([configmap("a"), configmap("b")])
    assert (names(objects(sim, "configmaps")), len(sim.trace)) == (["a", "b"], 2)


def test_apply_twice_is_as_good_as_once():
    sim = world()
    sim.apply([configmap("a", data={"n": "1"}), deployment()])
    before = edit(sim.state())
    sim.apply([configmap("a", data={"n": "1"}), deployment()])
    assert sim.state() == before


# --- errors ----------------------------------------------------------------------------------


class Broken(Controller):
    primary = "configmaps"

    def reconcile(self, key):
        obj = self.cache.get("configmaps", key)
        if obj and (obj.get("data") or {}).get("broken"):
            raise ZeroDivisionError("oops")


def test_a_failing_reconcile_is_seen_retried_and_forgotten_when_it_succeeds():
    sim = world(Broken)
    sim.create(configmap(data={"broken": "yes"}))
    sim.run(seconds=1)
    assert {p: {k: type(e) for k, e in found.items()} for p, found in sim.errors().items()} == {
        "broken": {"default/settings": ZeroDivisionError}
    }
    tries = [s.time for s in sim.trace if s.player == "broken" and s.action == "reconcile"]
    gaps = [round(b - a, 3) for a, b in pairwise(tries)]
    assert gaps[:5] == [0.005, 0.01, 0.02, 0.04, 0.08]
    sim.client.patch("configmaps", "default/settings", patch={"data": {"broken": None}})
    sim.run()
    assert sim.errors() == {}


def test_an_error_in_a_handler_is_raised_and_the_failed_step_leaves_no_trace():
    """keys_for is the component's own code, and nobody can say what it has missed: this must be heard of."""

    class Typo(Controller):
        primary = "configmaps"

        def keys_for(self, change):
            return change.nonsense

    sim = world(Typo)
    sim.create(configmap())
    before = edit(sim.state())
    for _ in range(3):
        with pytest.raises(AttributeError, match="nonsense"):
            sim.run()
        assert sim.position == len(sim.trace)
    assert sim.state() == before
    sim.back()
    assert sim.position == len(sim.trace) - 1


# --- recipes ---------------------------------------------------------------------------------


def test_the_same_recipe_makes_equal_worlds_and_the_seed_names_everything():
    def uids(seed: int) -> list[str]:
        sim = hollow(1, seed=seed)
        sim.create(deployment())
        sim.run()
        return sorted(o["metadata"]["uid"] for o in objects(sim, "pods"))

    assert uids(1) == uids(1) != uids(2)


def test_history_begins_when_everybody_is_there():
    sim = Simulation(nodes=3)
    assert (sim.position, len(sim.trace)) == (0, 0)
    assert names(objects(sim, "nodes")) == ["node-0", "node-1", "node-2"]
    assert all(i.synced for p in sim.manager.players.values() for i in p.informers.values())
