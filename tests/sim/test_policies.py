"""Who moves next: each policy chooses among what is possible, and only that."""

from __future__ import annotations

import pytest

from k8slearn.machinery import Controller, Move
from k8slearn.sim import ByHand, Fair, Prompt, Shuffled, Simulation
from k8slearn.sim.policies import policy
from tests.fakes import configmap, deployment, hollow, objects, pod, world


class Recording:
    """Any policy, and what was possible when it chose."""

    def __init__(self, inner):
        self.inner, self.choices = inner, []

    def choose(self, manager, step):
        possible = manager.moves()
        move = self.inner.choose(manager, step)
        self.choices.append((possible, move))
        return move


@pytest.mark.parametrize("inner", [Prompt(), Fair(), Shuffled(1), Shuffled(2)])
def test_only_possible_moves_are_chosen_and_one_is_while_there_are_any(inner):
    recording = Recording(inner)
    sim = hollow(2, policy=recording)
    sim.create(deployment(replicas=3))
    sim.run()
    assert len(recording.choices) > 50
    assert all((move in possible) if possible else move is None for possible, move in recording.choices)
    assert objects(sim, "deployments")[0]["status"]["readyReplicas"] == 3


def test_prompt_hears_everything_before_anybody_acts():
    recording = Recording(Prompt())
    sim = hollow(2, policy=recording)
    sim.create(deployment(replicas=3))
    sim.run()
    for possible, move in recording.choices:
        if move is not None and move.action == "reconcile":
            assert not [m for m in possible if m.action == "deliver"]


def test_fair_takes_what_has_waited_longest():
    recording = Recording(Fair())
    sim = hollow(2, policy=recording)
    sim.create(deployment(replicas=3))
    sim.run()
    assert all(move == possible[0] for possible, move in recording.choices if possible)


def test_shuffled_is_decided_by_its_seed_alone():
    def run(seed: int) -> str:
        sim = hollow(2, policy="shuffled", seed=seed)
        sim.create(deployment(replicas=3))
        sim.run()
        return sim.trace.hash()

    assert run(1) == run(1)
    assert len({run(seed) for seed in range(8)}) == 8


def test_shuffled_chooses_every_move_some_time():
    sim = hollow(1)
    sim.create([pod(), configmap()])
    possible = sim.moves()
    assert len(possible) > 2
    chosen = {Shuffled(seed).choose(sim.manager, 0) for seed in range(200)}
    assert chosen == set(possible)


def test_by_hand_you_choose():
    asked = []

    def pick(moves):
        asked.append(moves)
        return moves[-1]

    sim = world(policy=ByHand(pick))
    sim.create(pod())
    step = sim.step()
    assert step.move == asked[0][-1]


def test_by_hand_only_what_is_possible():
    sim = world(policy=ByHand(lambda moves: Move("nobody", "deliver", "pods")))
    sim.create(pod())
    with pytest.raises(ValueError, match=r"is not possible now; possible are: .*minder"):
        sim.step()
    assert sim.position == 1


def test_by_hand_is_not_asked_when_there_is_nothing_to_choose():
    sim = world(policy=ByHand(lambda moves: moves[0]))
    assert sim.step() is None


def test_policies_by_name():
    assert isinstance(policy("prompt"), Prompt)
    assert isinstance(policy("fair"), Fair)
    assert policy("shuffled", 7).dice.seed == 7
    mine = Prompt()
    assert policy(mine) is mine
    with pytest.raises(ValueError, match='no policy "jazz": choose one of prompt, fair, shuffled'):
        Simulation(nodes=0, policy="jazz")


def test_controllers_cannot_tell_which_policy_is_at_work():
    """The end is the same under each; only the way differs."""
    ends = set()
    for chosen in (Prompt(), Fair(), Shuffled(3), ByHand(lambda moves: moves[-1])):
        sim = hollow(2, policy=chosen)
        sim.create(deployment(replicas=4))
        sim.run()
        (web,) = objects(sim, "deployments")
        ends.add(
            (web["status"]["readyReplicas"], len(objects(sim, "pods")), len(objects(sim, "replicasets")))
        )
    assert ends == {(4, 4, 1)}


class Noting(Controller):
    primary = "configmaps"

    def setup(self):
        self.seen = []

    def reconcile(self, key):
        self.seen.append(key)


def test_nobody_starves_under_fair():
    """One controller with a thousand keys does not keep another from its one."""
    sim = world(Noting, policy="fair")
    for i in range(100):
        sim.client.create(configmap(f"c{i}"))
    sim.client.create(pod())
    for _ in range(450):
        sim.step()
    assert objects(sim, "pods")[0]["status"]["phase"] == "Running"
