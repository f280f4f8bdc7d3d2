"""Two replicas, one that works: who leads, who takes over and when, and that it is never two."""

from __future__ import annotations

import pytest

from k8slearn.api.objects import edit, owner_reference
from k8slearn.cluster import Cluster
from k8slearn.machinery import Controller, LeaderElected, Replica
from k8slearn.machinery.leaderelection import LEASE_DURATION, RENEW_DEADLINE, RETRY_PERIOD
from k8slearn.sim import Simulation
from tests.fakes import configmap, objects

LEASE = "kube-system/copier"


class Copies(Controller):
    """Makes a Secret for each ConfigMap, under a name that the server chooses: whoever works twice makes two."""

    name, primary, owns = "copier", "configmaps", ("secrets",)

    def reconcile(self, key):
        obj = self.cache.get("configmaps", key)
        if obj is not None and not self.cache.owned_by(obj, "secrets"):
            metadata = {"generateName": "copy-", "namespace": "default"}
            metadata["ownerReferences"] = [owner_reference(obj)]
            self.client.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})


class ElectedCopies(LeaderElected, Copies):
    lease = LEASE


A, B = "copier-a", "copier-b"
REPLICAS = (Replica(ElectedCopies, "a"), Replica(ElectedCopies, "b"))


@pytest.fixture
def sim() -> Simulation:
    return Simulation(Cluster(0, components=(), adding=REPLICAS))


def leaders(sim: Simulation) -> list[str]:
    return [name for name, player in sim.manager.players.items() if player.leads]


def lease(sim: Simulation) -> dict:
    return edit(sim.store.get("leases", LEASE))["spec"]


def run_and_watch(sim: Simulation, seconds: float) -> list[tuple[float, str]]:
    """Let time pass; (when, who) of each change of leader. Never two at once."""
    seen, end = [], sim.now + seconds
    while sim.now < end and (sim.step() or sim.next_timer(background=True, deadline=end)):
        now = leaders(sim)
        assert len(now) <= 1
        if now and (not seen or seen[-1][1] != now[0]):
            seen.append((sim.now, now[0]))
    return seen


# --- one leads ------------------------------------------------------------------------------------


def test_only_the_leader_works(sim):
    sim.create([configmap("one"), configmap("two")])
    sim.run()
    assert leaders(sim) == [A]
    assert len(objects(sim, "secrets")) == 2
    assert {s.result for s in sim.trace.of(B, "reconcile")} == {"waits: another one leads"}


def test_without_an_election_both_work():
    adding = [Replica(Copies, "a"), Replica(Copies, "b")]
    sim = Simulation(Cluster(0, components=(), adding=adding), policy="fair")
    sim.fault("hold", B, "secrets")
    sim.create(configmap("one"))
    sim.run()
    assert len(objects(sim, "secrets")) == 2


def test_the_lease_says_who_and_for_how_long(sim):
    first = lease(sim)
    assert first["holderIdentity"].startswith(f"{A}_")
    assert first["leaseDurationSeconds"] == LEASE_DURATION
    assert first["leaseTransitions"] == 0
    sim.advance(RETRY_PERIOD)
    later = lease(sim)
    assert later["renewTime"] > first["renewTime"]
    assert {**later, "renewTime": ""} == {**first, "renewTime": ""}


def test_an_idle_cluster_is_idle_though_the_lease_is_renewed(sim):
    sim.create(configmap("one"))
    assert sim.run()
    assert sim.now == 0


# --- another takes over ---------------------------------------------------------------------------


def test_when_the_leader_dies_another_takes_over_after_the_lease_has_run_out(sim):
    sim.advance(5)
    sim.crash(A)
    sim.create(configmap("one"))
    assert leaders(sim) == []
    ((when, who),) = run_and_watch(sim, 30)
    assert who == B
    assert LEASE_DURATION <= when - 4 <= LEASE_DURATION + 2 * RETRY_PERIOD  # it was last renewed at 4 s
    assert lease(sim)["leaseTransitions"] == 1
    assert len(objects(sim, "secrets")) == 1


def test_a_process_that_starts_again_is_somebody_else(sim):
    before = lease(sim)["holderIdentity"]
    sim.crash(A)
    sim.crash(B)
    run_and_watch(sim, 30)
    assert lease(sim)["holderIdentity"] != before


def test_a_leader_that_is_asked_to_stop_gives_the_lease_back(sim):
    sim.create(configmap("one"))
    sim.advance(3)
    sim.fault("hold", A)  # it does not come back by itself
    step = sim.fault("stop", A)
    sim.fault("hold", A)
    assert "update leases kube-system/copier" in step.result
    assert "holderIdentity" not in lease(sim)
    sim.create(configmap("two"))
    ((when, who),) = run_and_watch(sim, 10)
    assert who == B
    assert when <= 3 + RETRY_PERIOD
    assert len(objects(sim, "secrets")) == 2


def test_a_leader_that_is_cut_off_stops_before_another_starts(sim):
    sim.advance(5)
    sim.fault("cut_off", A)
    sim.create(configmap("one"))
    sim.advance(RENEW_DEADLINE)
    assert leaders(sim) == []  # renewed at 4 s, and believes in it until 14 s
    ((when, who),) = run_and_watch(sim, 20)
    assert who == B
    assert when >= 4 + LEASE_DURATION
    sim.fault("heal", A)
    run_and_watch(sim, 30)
    assert leaders(sim) == [B]
    assert len(objects(sim, "secrets")) == 1


def test_a_short_trouble_changes_nothing(sim):
    sim.advance(5)
    for write in (1, 2):
        sim.fault("refuse", A, write, "InternalError")
    assert [who for _, who in run_and_watch(sim, 20)] == [A]
    assert lease(sim)["leaseTransitions"] == 0


def test_an_answer_that_is_lost_does_not_cost_the_lead(sim):
    sim.fault("lose", A, 1)
    sim.advance(30)
    assert leaders(sim) == [A]


def test_whoever_takes_over_looks_at_what_happened_while_nobody_led(sim):
    sim.advance(1)
    sim.fault("cut_off", A)
    sim.advance(RENEW_DEADLINE)
    sim.create([configmap("one"), configmap("two")])
    assert objects(sim, "secrets") == []
    sim.advance(10)
    assert leaders(sim) == [B]
    assert len(objects(sim, "secrets")) == 2


@pytest.mark.parametrize("seed", range(20))
def test_never_two_in_any_order(seed):
    sim = Simulation(Cluster(0, components=(), adding=REPLICAS), policy="shuffled", seed=seed)
    for second in range(30):
        fault = ("crash", "cut_off", "heal", "stop", "none")[sim.dice.below(5, "fault", second)]
        player = (A, B)[sim.dice.below(2, "player", second)]
        if fault != "none":
            sim.fault(fault, player)
        if second % 5 == 0:
            sim.create(configmap(f"c-{second}"))
        run_and_watch(sim, 4)
    sim.fault("heal", A)
    sim.fault("heal", B)
    sim.advance(3 * LEASE_DURATION + 1000)
    assert len(leaders(sim)) == 1
    assert len(objects(sim, "secrets")) == 6


def test_it_can_be_rewound(sim):
    sim.advance(5)
    sim.crash(A)
    sim.advance(30)
    text, number = sim.trace.text(), len(sim.trace)
    sim.goto(8)
    assert leaders(sim) == [A]
    sim.goto(number)
    assert leaders(sim) == [B]
    assert sim.trace.text() == text
