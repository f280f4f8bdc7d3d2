"""Going back: every moment of a history can be returned to, gone on from, and written anew."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slearn.api.objects import edit
from k8slearn.controllers import DeploymentController, GarbageCollector, ReplicaSetController
from k8slearn.machinery import Controller
from k8slearn.sim import Simulation
from k8slearn.sim import checkpoints as checkpoints_module
from tests.fakes import configmap, deployment, hollow, objects, world
from tests.sim.worlds import picture, rollout, several, troubled

HISTORIES = {
    "a rollout, prompt": rollout,
    "a rollout, shuffled": lambda: rollout("shuffled", 5),
    "with every fault": troubled,
}


@pytest.fixture(params=[7, 400], ids=["many checkpoints", "few checkpoints"])
def _often(request, monkeypatch):
    monkeypatch.setattr(checkpoints_module, "CHECKPOINT_EVERY", request.param)
    monkeypatch.setattr(checkpoints_module, "COPIED_A_STEP", 10_000)


def walked(sim: Simulation) -> list[dict]:
    """A picture after each step, going forward from the beginning."""
    sim.goto(0)
    pictures = [picture(sim)]
    while sim.position < len(sim.trace):
        repeated, recorded = sim.step(), sim.trace[sim.position]
        assert repeated.line() == recorded.line()
        pictures.append(picture(sim))
    return pictures


@pytest.mark.usefixtures("_often")
@pytest.mark.parametrize("make", HISTORIES.values(), ids=HISTORIES.keys())
def test_every_step_can_be_returned_to_and_gone_on_from(make):
    sim = make()
    text, last = sim.trace.text(), picture(sim)
    moments = walked(sim)
    assert moments[-1] == last
    for number in range(len(moments) - 1, -1, -1):
        sim.goto(number)
        assert picture(sim) == moments[number], f"going back to step {number}"
    sim.goto(len(moments) - 1)
    assert picture(sim) == last
    assert sim.trace.text() == text


@settings(max_examples=25)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_jumping_about_ends_where_walking_does(jumps):
    sim = JUMPING
    for share in jumps:
        sim.goto(int(share * len(sim.trace)))
    assert picture(sim) == MOMENTS[sim.position]


JUMPING = troubled(seed=8)
MOMENTS = walked(JUMPING)


# --- repeating what a policy chose -----------------------------------------------------------


@pytest.mark.usefixtures("_often")
@pytest.mark.parametrize("make", HISTORIES.values(), ids=HISTORIES.keys())
def test_history_cut_off_at_any_step_would_have_gone_on_the_same_way(make):
    """Not repeated from the trace, but chosen again by the policy: nothing depends on having gone back."""
    sim = make()
    chosen = [s for s in sim.trace if s.player not in ("client", "fault")]
    for number in range(0, len(sim.trace), 11):
        fork = sim.fork()
        fork.goto(number)
        upto = next(
            (s.number for s in sim.trace.steps[number:] if s.player in ("client", "fault")),
            len(sim.trace) + 1,
        )
        fork.trace.cut(number), fork.checkpoints.cut(number)
        several(fork, upto - 1 - number)
        assert fork.trace.text() == sim.trace.text(upto - 1)
    assert chosen


# --- new history -----------------------------------------------------------------------------


def test_a_new_move_in_the_past_rewrites_what_followed():
    sim = rollout()
    before, kept = sim.trace.text(), sim.trace.text(30)
    sim.goto(30)
    sim.client.create(configmap("new"))
    assert len(sim.trace) == 31
    assert sim.trace.text(30) == kept
    several(sim, 20)
    assert sim.trace.text() != before
    assert objects(sim, "configmaps")
    sim.goto(30)
    assert not objects(sim, "configmaps")
    with pytest.raises(IndexError):
        sim.goto(1000)


def test_a_fault_in_the_past_rewrites_too():
    sim = rollout()
    sim.goto(20)
    sim.crash("replicaset-controller")
    assert (len(sim.trace), sim.trace[21].action) == (21, "crash")
    sim.run(steps=500)
    web = objects(sim, "deployments")[0]
    assert web["status"]["readyReplicas"] == 2


def test_looking_back_rewrites_nothing():
    sim = rollout()
    text = sim.trace.text()
    sim.back(10)
    sim.client.get("deployments", "default/web")
    sim.client.create(configmap(), dryRun="All")
    sim.step()
    assert sim.trace.text() == text


def test_revisions_of_a_rewritten_history_have_their_new_writers():
    sim = rollout()
    sim.goto(10)
    sim.client.create(configmap("new"))
    assert sim.trace.writer[sim.store.revision] == 11
    assert max(sim.trace.writer) == sim.store.revision


# --- who enters later ------------------------------------------------------------------------


def joined() -> Simulation:
    """Two who are missed come in one after the other; then one of them leaves, and comes back."""
    sim = world(DeploymentController)
    sim.create(deployment(replicas=2))
    sim.run(steps=200)
    for component in (GarbageCollector, ReplicaSetController):
        sim.enter(component)
        sim.run(steps=200)
    sim.leave("replicaset-controller")
    sim.client.patch("deployments", "default/web", patch={"spec": {"replicas": 4}})
    sim.run(steps=200)
    assert len(objects(sim, "pods")) == 2
    sim.enter("replicaset-controller")
    sim.run(steps=200)
    return sim


@pytest.mark.usefixtures("_often")
def test_who_has_entered_is_there_again_however_one_comes_by():
    sim = joined()
    text, last = sim.trace.text(), picture(sim)
    moments = walked(sim)
    assert moments[-1] == last
    for number in [*range(len(moments) - 1, -1, -1), len(moments) - 1]:
        sim.goto(number)
        assert picture(sim)["state"] == moments[number]["state"]
        fork = sim.fork()
        fork.run(steps=200)
        assert fork.trace.text(number) == sim.trace.text(number)
    assert sim.trace.text() == text
    assert len(objects(sim, "pods")) == 4


def test_only_who_is_there_can_leave():
    with pytest.raises(ValueError, match='no player "drummer": there are deployment-controller'):
        joined().leave("drummer")


def test_who_enters_in_the_past_rewrites_what_followed():
    sim = joined()
    sim.goto(3)
    sim.enter(ReplicaSetController)
    assert len(sim.trace) == 3
    sim.run(steps=200)
    assert len(objects(sim, "pods")) == 2
    assert "garbage-collector-controller" not in sim.manager.players


# --- fork ------------------------------------------------------------------------------------


def test_what_happens_in_a_fork_does_not_happen_here():
    sim = rollout()
    here, text = picture(sim), sim.trace.text()
    fork = sim.fork()
    assert picture(fork) == here
    fork.client.delete("deployments", "default/web")
    fork.run(steps=2000)
    assert not objects(fork, "pods")
    assert picture(sim) == here
    assert sim.trace.text() == text


def test_what_happens_here_does_not_happen_in_a_fork():
    sim = rollout()
    fork = sim.fork()
    there = picture(fork)
    sim.client.delete("deployments", "default/web")
    sim.run(steps=2000)
    assert picture(fork) == there


def test_a_fork_in_the_past_has_that_past_only():
    sim = rollout()
    sim.goto(25)
    fork = sim.fork()
    assert (len(fork.trace), fork.trace.text()) == (25, sim.trace.text(25))
    fork.goto(3)
    sim.goto(3)
    assert picture(fork) == picture(sim)


def test_a_fork_may_take_another_way():
    sim = world(policy="shuffled", seed=1)
    hashes = set()
    for seed in range(6):
        fork = hollow(2, policy="shuffled", seed=1)
        fork = fork.fork(seed=seed)
        fork.create(deployment(replicas=3))
        fork.run(steps=2000)
        hashes.add(fork.trace.hash())
    assert len(hashes) > 3
    assert len(sim.trace) == 0


def test_a_fork_while_a_machine_is_cut_off():
    sim = hollow(2)
    sim.create(deployment(replicas=2))
    sim.run(steps=500)
    sim.fault("cut_off", "kubelet/node-0")
    sim.advance(5)
    assert picture(sim.fork()) == picture(sim)


def test_going_back_to_when_a_machine_was_cut_off_and_its_watch_still_open():
    sim = hollow(2)
    sim.fault("cut_off", "kubelet/node-0")
    sim.checkpoints.take()
    moment = picture(sim)
    sim.fault("drop", "kubelet/node-0")
    sim.goto(1)
    assert picture(sim) == moment


def test_the_larger_the_cluster_the_rarer_are_its_checkpoints(monkeypatch):
    """To copy it must not cost more than the steps in between; and one can go anywhere all the same."""
    monkeypatch.setattr(checkpoints_module, "CHECKPOINT_EVERY", 5)
    gaps = []
    for nodes in (1, 20):
        sim = hollow(nodes)
        sim.create(deployment(replicas=20))
        sim.run()
        gaps.append(min(b - a for a, b in pairwise(sim.checkpoints.taken)))
    assert 5 <= gaps[0] < gaps[1]
    moment = picture(sim)
    sim.goto(3)
    sim.goto(len(sim.trace))
    assert picture(sim) == moment


# --- soft state ------------------------------------------------------------------------------


class Counting(Controller):
    """Keeps a list of what it has done: exactly the kind of state that a careless copy would share."""

    primary = "configmaps"

    def setup(self):
        self.done = []

    def reconcile(self, key):
        self.done.append(key)


def test_soft_state_goes_back_with_its_player(monkeypatch):
    monkeypatch.setattr(checkpoints_module, "CHECKPOINT_EVERY", 2)
    sim = world(Counting, minded=False)
    for name in "abc":
        sim.create(configmap(name))
        sim.run()
    lengths = dict.fromkeys(range(len(sim.trace) + 1))
    for number in lengths:
        sim.goto(number)
        lengths[number] = len(sim.manager.players["counting"].done)
    assert sorted(lengths.values()) == list(lengths.values())
    assert list(lengths.values())[-1] == 3
    sim.goto(0)
    assert sim.manager.players["counting"].done == []


def test_generators_in_a_component_are_refused_when_a_checkpoint_is_taken():
    class Lazy(Counting):
        def setup(self):
            self.todo = (n for n in range(3))

    with pytest.raises(TypeError, match="a component may keep data between moves, but not a generator"):
        world(Lazy, minded=False)


def test_objects_of_the_past_are_not_changed_by_what_came_later():
    sim = rollout()
    sim.goto(20)
    then = edit(sim.state())
    sim.goto(len(sim.trace))
    sim.goto(20)
    assert sim.state() == then
