"""The ReplicaSet controller: as many pods as were asked for, its own and only those, and no twins.

Facts recorded from Kubernetes v1.36: scenario replicaset-scale-down.
"""

from __future__ import annotations

import pytest

from k8slearn.api.objects import controller_of, edit
from k8slearn.controllers import GarbageCollector, ReplicaSetController
from k8slearn.controllers.pods import deletion_rank
from k8slearn.sim import Simulation
from tests.fakes import condition, hollow, names, namespace, objects, pod, replicaset, running, world, writes

RS = "replicaset-controller"


@pytest.fixture
def sim() -> Simulation:
    return world(ReplicaSetController)


def web(sim: Simulation):
    return sim.state()["replicasets"]["default/web"]


def scale(sim: Simulation, replicas: int) -> None:
    sim.client.patch("replicasets", "default/web", patch={"spec": {"replicas": replicas}})
    sim.run()


# --- counting --------------------------------------------------------------------------------


def test_as_many_pods_as_were_asked_for(sim):
    sim.create(replicaset(replicas=3))
    sim.run()
    pods = objects(sim, "pods")
    assert len(pods) == 3
    assert all(
        p["metadata"]["name"].startswith("web-") and p["metadata"]["labels"] == {"app": "web"} for p in pods
    )
    for p in pods:
        owner = controller_of(p)
        assert (owner["kind"], owner["name"], owner["uid"]) == (
            "ReplicaSet",
            "web",
            web(sim)["metadata"]["uid"],
        )
        assert owner["blockOwnerDeletion"] is True


def test_up_and_down_and_to_nothing(sim):
    sim.create(replicaset(replicas=2))
    for replicas in (2, 5, 1, 0, 3):
        scale(sim, replicas)
        assert len(objects(sim, "pods")) == replicas
        assert web(sim)["status"].get("readyReplicas", 0) == web(sim)["status"]["replicas"] == replicas


def test_a_pod_that_goes_is_replaced(sim):
    sim.create(replicaset(replicas=3))
    sim.run()
    victim = objects(sim, "pods")[0]
    sim.client.delete(victim)
    sim.run()
    assert len(objects(sim, "pods")) == 3
    assert victim["metadata"]["name"] not in names(objects(sim, "pods"))


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_pod_that_has_finished_is_replaced(sim, phase):
    sim.create(replicaset(replicas=2))
    sim.run()
    sim.client.update_status(objects(sim, "pods")[0], phase=phase)
    sim.run()
    assert sorted(p["status"]["phase"] for p in objects(sim, "pods")) == sorted([phase, "Running", "Running"])


def test_the_status_says_what_is(sim):
    sim.create(replicaset(replicas=2))
    sim.run()
    assert web(sim)["status"] == {
        "replicas": 2,
        "fullyLabeledReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "terminatingReplicas": 0,
        "observedGeneration": 1,
    }
    scale(sim, 3)
    assert web(sim)["status"]["observedGeneration"] == web(sim)["metadata"]["generation"] == 2


def test_when_all_is_well_nothing_is_written(sim):
    sim.create(replicaset())
    sim.run()
    before = sim.store.revision
    sim.fault("resync", RS)
    sim.run()
    assert sim.store.revision == before


def test_events_tell_of_pods_made_and_deleted(sim):
    sim.create(replicaset(replicas=2))
    sim.run()
    scale(sim, 1)
    told = sorted((e["reason"], e["message"].split(": ")[0]) for e in objects(sim, "events"))
    assert told == [
        ("SuccessfulCreate", "Created pod"),
        ("SuccessfulCreate", "Created pod"),
        ("SuccessfulDelete", "Deleted pod"),
    ]


def test_min_ready_seconds_is_waited_for(sim):
    sim.create(replicaset(replicas=2, minReadySeconds=30))
    sim.run(lambda s: web(s)["status"].get("readyReplicas") == 2)
    assert web(sim)["status"].get("availableReplicas", 0) == 0
    sim.run()
    assert 30 <= sim.now < 32
    assert web(sim)["status"]["availableReplicas"] == 2


def test_no_more_than_500_at_once():
    sim = world(ReplicaSetController, minded=False)
    sim.create(replicaset(replicas=1200))
    sim.run()
    made = [n for s in sim.trace if (n := sum(c.resource == "pods" and c.verb == "create" for c in s.calls))]
    assert made == [500, 500, 200]


# --- no twins --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_no_pod_is_made_twice_however_late_the_news_is(seed):
    sim = world(ReplicaSetController, policy="shuffled", seed=seed)
    sim.create(replicaset(replicas=4))
    for at, replicas in ((15, 6), (40, 2), (60, 5)):
        sim.run(lambda s, at=at: s.position >= at)
        sim.client.patch("replicasets", "default/web", patch={"spec": {"replicas": replicas}})
        while sim.step() is not None:
            assert sum(is_alive(p) for p in objects(sim, "pods")) <= 6
    assert len(objects(sim, "pods")) == 5


def is_alive(p) -> bool:
    return "deletionTimestamp" not in p["metadata"]


def test_while_its_news_is_held_back_it_waits(sim):
    sim.fault("hold", RS, "pods")
    sim.create(replicaset(replicas=3))
    sim.run()
    sim.fault("resync", RS)
    sim.run()
    assert len(writes(sim, "pods")) == 3
    sim.fault("release", RS)
    sim.run()
    assert len(objects(sim, "pods")) == 3


def test_the_crash_of_one_who_knows_no_more_what_is_on_its_way_makes_no_twins(sim):
    """A new process has no expectations; but it lists first."""
    sim.fault("hold", RS, "pods")
    sim.create(replicaset(replicas=3))
    sim.run()
    sim.crash(RS)
    sim.run()
    assert len(objects(sim, "pods")) == 3


@pytest.mark.parametrize("deaf", ["hold", "drop"])
def test_pods_that_came_and_went_while_it_was_deaf_are_not_waited_for_for_ever(sim, deaf):
    """It will never hear of the creation that it expects. Five minutes later it acts all the same."""
    sim.fault("hold", RS, "pods")
    sim.create(replicaset(replicas=2))
    sim.run()
    for p in objects(sim, "pods"):
        sim.client.delete(p, gracePeriodSeconds=0)
    sim.fault("drop", RS, "pods")
    sim.fault("release", RS)
    assert sim.run(lambda s: web(s)["status"].get("readyReplicas") == 2, seconds=320)
    assert len(objects(sim, "pods")) == 2


# --- whose is it -----------------------------------------------------------------------------


def test_orphans_that_match_are_adopted(sim):
    sim.create([pod("a", labels={"app": "web"}), pod("b", labels={"app": "db"})])
    sim.create(replicaset(replicas=2))
    sim.run()
    mine = [p for p in objects(sim, "pods") if controller_of(p)]
    assert len(mine) == 2
    assert "a" in names(mine)
    assert len(writes(sim, "pods")) == 1 + 2


def test_too_many_orphans_are_adopted_and_some_deleted(sim):
    sim.create([pod(n, labels={"app": "web"}) for n in "abcd"])
    sim.run()
    sim.create(replicaset(replicas=2))
    sim.run()
    assert len(objects(sim, "pods")) == 2
    assert all(controller_of(p) for p in objects(sim, "pods"))


def test_a_pod_of_somebody_else_is_left_alone(sim):
    other = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "other", "uid": "u", "controller": True}
    sim.create(pod("a", labels={"app": "web"}, metadata={"ownerReferences": [other]}))
    sim.create(replicaset(replicas=1))
    sim.run()
    assert len(objects(sim, "pods")) == 2
    assert sim.state()["pods"]["default/a"]["metadata"]["ownerReferences"] == [other]


def test_a_pod_whose_label_is_changed_is_let_go_and_replaced(sim):
    """How one takes a sick pod aside to look at it."""
    sim.create(replicaset(replicas=2))
    sim.run()
    key = names(objects(sim, "pods"))[0]
    sim.client.patch("pods", f"default/{key}", patch={"metadata": {"labels": {"app": "sick"}}})
    sim.run()
    assert controller_of(sim.state()["pods"][f"default/{key}"]) is None
    assert len(objects(sim, "pods")) == 3
    sim.client.patch("pods", f"default/{key}", patch={"metadata": {"labels": {"app": "web"}}})
    sim.run()
    assert len(objects(sim, "pods")) == 2


def test_two_sets_with_the_same_selector_do_not_fight_over_pods(sim):
    one, two = replicaset(replicas=2), replicaset(replicas=3)
    two["metadata"]["name"] = "twin"
    sim.create([one, two])
    sim.run()
    owners = sorted(controller_of(p)["name"] for p in objects(sim, "pods"))
    assert owners == ["twin"] * 3 + ["web"] * 2


def test_one_that_is_going_makes_and_adopts_nothing(sim):
    sim.create(replicaset(replicas=2) | {"metadata": {"name": "web", "finalizers": ["a/b"]}})
    sim.run()
    sim.client.delete("replicasets", "default/web")
    for p in objects(sim, "pods"):
        sim.client.delete(p)
    sim.create(pod("orphan", labels={"app": "web"}))
    sim.run()
    assert [(p["metadata"]["name"], controller_of(p)) for p in objects(sim, "pods")] == [("orphan", None)]


def test_a_set_made_again_under_the_same_name_does_not_take_the_old_ones_pods():
    sim = world(ReplicaSetController, GarbageCollector)
    sim.create(replicaset(replicas=2))
    sim.run()
    old = {p["metadata"]["uid"] for p in objects(sim, "pods")}
    sim.client.delete("replicasets", "default/web")
    sim.create(replicaset(replicas=2))
    sim.run()
    now = {p["metadata"]["uid"] for p in objects(sim, "pods")}
    assert len(now) == 2
    assert not now & old


# --- refusals --------------------------------------------------------------------------------


def test_what_cannot_be_made_is_said_in_condition_and_event():
    sim = world(ReplicaSetController)
    sim.create(
        [namespace("team"), replicaset(replicas=1) | {"metadata": {"name": "web", "namespace": "team"}}]
    )
    sim.client.delete("namespaces", "team")
    sim.run(seconds=1)
    failure = condition(sim.state()["replicasets"]["team/web"], "ReplicaFailure")
    assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
    assert "is being terminated" in failure["message"]


def test_after_a_refusal_in_the_middle_the_rest_is_made(sim):
    sim.fault("refuse", RS, 3, "InternalError")
    sim.create(replicaset(replicas=5))
    sim.run()
    assert len(objects(sim, "pods")) == 5
    assert condition(web(sim), "ReplicaFailure") == {}


# --- which pods go first ---------------------------------------------------------------------


def some(
    name: str, *, node="n", phase="Running", ready=True, since: float = 0, cost="0", born: float = 0
) -> dict:
    p = edit(pod(name, nodeName=node) if node else pod(name))
    from k8slearn.api.clock import timestamp

    p["metadata"] |= {
        "creationTimestamp": timestamp(born),
        "annotations": {"controller.kubernetes.io/pod-deletion-cost": cost},
    }
    p["status"] = {**running(since, ready=ready), "phase": phase}
    return p


IN_ORDER_OF_DELETION = [
    some("nowhere", node="", phase="Pending", ready=False, cost="99"),
    some("pending", phase="Pending", ready=False, cost="99"),
    some("unready", ready=False, cost="99"),
    some("cheap", cost="-5", since=1, born=1),
    some("ready for a short time", since=90, born=1),
    some("young", since=10, born=80),
    some("old", since=10, born=10),
    some("dear", cost="100", since=99, born=99),
]


def test_those_go_first_whose_loss_is_felt_least():
    backwards = IN_ORDER_OF_DELETION[::-1]
    assert [p["metadata"]["name"] for p in sorted(backwards, key=deletion_rank)] == [
        p["metadata"]["name"] for p in IN_ORDER_OF_DELETION
    ]


def test_scaling_down_takes_the_pod_that_is_not_ready():
    sim = hollow(2)
    sim.create(replicaset(replicas=3))
    sim.run()
    sick = objects(sim, "pods")[1]
    conditions = [
        {**c, "status": "False"} if c["type"] == "Ready" else c for c in sick["status"]["conditions"]
    ]
    sim.client.update_status(sick, conditions=conditions)
    sim.client.patch("replicasets", "default/web", patch={"spec": {"replicas": 2}})
    sim.run()
    assert sick["metadata"]["name"] not in names(objects(sim, "pods"))
