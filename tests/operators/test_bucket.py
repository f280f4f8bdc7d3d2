"""The Bucket operator: nothing outside of the cluster is lost, leaked or doubled, whatever happens."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from k8slearn.api.errors import Invalid
from k8slearn.api.objects import edit
from k8slearn.machinery.workqueue import MAX_DELAY
from k8slearn.operators import BucketController, Cloud
from k8slearn.operators.bucket import LOOK_AGAIN
from k8slearn.sim import Simulation
from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Deviation, Schedule
from k8slearn.sim.schedules import Luck, search, troubles
from k8slearn.sim.trial import RECOVERS, settled_after_resync
from tests.operators import cloudtrial
from tests.operators.cloudtrial import (
    ALONE,
    BUCKETS,
    REPLICAS,
    World,
    bucket,
    different,
    doubled,
    leaked,
    trial,
)

NAME = "bucket-controller"


@pytest.fixture
def sim() -> Simulation:
    return World()()


def only(sim: Simulation) -> dict:
    (found,) = sim.world["cloud"].list()
    return found


def events(sim: Simulation) -> list[tuple[str, str]]:
    return [(e["reason"], e["message"]) for e in sim.store.list("events")]


# --- what it does ---------------------------------------------------------------------------------


def test_the_examples_get_what_they_ask_for(sim):
    sim.create(list(yaml.safe_load_all(Path("examples/operators/bucket.yaml").read_text())))
    sim.run()
    assert different(sim) is None
    assert [(b["region"], b["versioning"]) for b in sim.world["cloud"].list()] == [
        ("north", True),
        ("south", False),
    ]
    assert ("Created", "Created bucket bucket-1") in events(sim)


def test_what_is_not_said_is_filled_in_and_what_is_wrong_is_refused(sim):
    (made,) = sim.create(bucket())
    assert made["spec"] == {"region": "north", "versioning": False, "deletionPolicy": "Delete"}
    with pytest.raises(Invalid, match="Unsupported value"):
        sim.create(bucket("other", region="west"))
    with pytest.raises(Invalid, match="a bucket cannot move to another region"):
        sim.client.patch(BUCKETS, "default/photos", patch={"spec": {"region": "south"}})


@pytest.mark.parametrize(("policy", "left"), [("Delete", 0), ("Retain", 1)])
def test_deletion_follows_the_policy(sim, policy, left):
    sim.create(bucket(deletionPolicy=policy))
    sim.run()
    sim.client.delete(BUCKETS, "default/photos")
    sim.run()
    assert sim.store.list(BUCKETS) == []
    assert len(sim.world["cloud"].list()) == left


def test_finalizers_of_others_are_left_alone(sim):
    obj = bucket()
    obj["metadata"]["finalizers"] = ["example.com/other"]
    sim.create(obj)
    sim.run()
    sim.client.delete(BUCKETS, "default/photos")
    sim.run()
    (left,) = sim.store.list(BUCKETS)
    assert left["metadata"]["finalizers"] == ["example.com/other"]


def test_drift_is_found_without_being_told(sim):
    sim.create(bucket())
    sim.run()
    sim.meddle("cloud", "update", only(sim)["id"], versioning=True)
    sim.run()
    assert only(sim)["versioning"] is True  # the cloud tells nobody
    sim.advance(LOOK_AGAIN)
    assert only(sim)["versioning"] is False


def test_a_bucket_that_vanished_is_made_again_and_people_are_told(sim):
    sim.create(bucket())
    sim.run()
    sim.meddle("cloud", "delete", "bucket-1")
    sim.advance(LOOK_AGAIN)
    assert only(sim)["id"] == "bucket-2"
    assert different(sim) is None
    assert ("Vanished", "Bucket bucket-1 is gone from the cloud; making another") in events(sim)


def test_a_cloud_that_does_not_answer_is_told_in_the_status(sim):
    for write in (2, 4):
        sim.fault("refuse", NAME, write)
    sim.create(bucket())
    sim.run(lambda s: any("status" in b for b in s.store.list(BUCKETS)))
    (ready,) = sim.store.list(BUCKETS)[0]["status"]["conditions"]
    assert (ready["status"], ready["reason"]) == ("False", "CloudUnavailable")
    sim.run()
    assert different(sim) is None


# --- the moments that matter ----------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["crash_after", "lose"])
@pytest.mark.parametrize("write", range(1, 27))
def test_one_write_after_the_other_is_the_last_or_is_not_answered(fault, write):
    schedule = Schedule(fault, (Deviation(1, "fault", (fault, NAME, write)),))
    assert Play(trial(), schedule).run() is None


def test_dying_between_making_it_and_writing_down_its_id_makes_no_second_one(sim):
    sim.fault("crash_after", NAME, 2)
    sim.create(bucket())
    sim.run()
    assert [s.result for s in sim.trace.of(NAME) if "crashed" in s.result] == [
        f"{NAME} crashed after its write number 2"
    ]
    assert sim.world["cloud"].made == 1
    assert different(sim) is None


class Believes(BucketController):
    """Wrong: spends by what its cache says."""

    name = NAME

    def _is_wanted(self, bucket):
        return True


class SavesTheId(BucketController):
    """Wrong: makes one when the status knows of none, with a new wish each time."""

    name = NAME

    def _ensure(self, bucket):
        if bucket.get("status", {}).get("id"):
            return self.cloud.get(bucket["status"]["id"])
        token = self.dice.uid(self.clock.step)
        return self.cloud.create(
            token, owner=bucket["metadata"]["uid"], region=bucket["spec"]["region"], versioning=False
        )


class LetsGoFirst(BucketController):
    """Wrong: the finalizer goes before the bucket does."""

    name = NAME

    def _let_go(self, bucket):
        mine = self.cloud.list(owner=bucket["metadata"]["uid"])
        self._write_finalizers(bucket, [])
        for there in mine:
            self.cloud.delete(there["id"])


@pytest.mark.parametrize("wrong", [SavesTheId, LetsGoFirst])
def test_who_breaks_a_rule_is_found_out(wrong):
    assert search(trial(wrong)).failure is not None


def test_who_spends_by_his_cache_makes_one_for_an_object_that_is_gone():
    """A new leader that has not heard yet: the object is deleted, the bucket too, and it makes another."""

    def deleted_unheard(*players: object) -> Simulation:
        sim = World(*players)()
        sim.create(bucket())
        sim.advance(1)
        sim.fault("hold", f"{NAME}-b")
        sim.client.delete(BUCKETS, "default/photos")
        sim.advance(1)
        sim.fault("stop", f"{NAME}-a")
        sim.fault("hold", f"{NAME}-a")  # so that the other one is faster
        sim.advance(10)
        assert cloudtrial.leaders(sim) == [f"{NAME}-b"]
        return sim

    class Elected(cloudtrial.LeaderElected, Believes):
        lease = "default/bucket-controller"

    wrong = deleted_unheard(cloudtrial.Replica(Elected, "a"), cloudtrial.Replica(Elected, "b"))
    assert leaked(wrong) == "nobody will ever delete bucket-2"
    assert leaked(deleted_unheard(*REPLICAS)) is None


# --- a thousand histories -------------------------------------------------------------------------


def storm(of, seed: int):
    """Any order, any trouble: 409, 410, 500, time-outs, lost answers, deaths, old caches, new leaders."""
    faults = [*troubles(of), ("compact", 0)]
    for player in of.players:
        faults += [("lose", player, 1), ("lose", player, 2), ("crash_after", player, 2), ("stop", player)]
    return Play(of, Schedule("storm"), Luck(seed, faults))


def failures(of, seeds: range) -> list[str]:
    found = [(seed, outcome(storm(of, seed))) for seed in seeds]
    return [f"{seed}: {said}" for seed, said in found if said]


def outcome(play: Play) -> str | None:
    """What is wrong when the storm is over, and whoever waits (for his turn to try again, for a Lease) has waited."""
    failure, sim = play.run(), play.sim
    if failure is not None and failure.invariant != RECOVERS:
        return failure.message
    for player in play.trial.players:
        sim.fault("heal", player)
    for seconds in (60, MAX_DELAY + LOOK_AGAIN):
        sim.advance(seconds)
        wrong = different(sim) or (sim.errors() and f"still fails: {sim.errors()}")
        if not wrong:
            break
    return wrong or leaked(sim) or doubled(sim) or ("nobody leads" if cloudtrial.nobody_leads(sim) else None)


def test_every_single_trouble():
    of = trial()
    again = settled_after_resync(of.players)
    found = search(cloudtrial.Trial(of.make_sim, of.story, (*of.invariants, again), of.players, of.patience))
    assert found.failure is None, found.failure
    assert found.total == 120


STORMS = int(
    os.environ.get("K8SLEARN_STORMS", "200")
)  # 1000 is what the operator was tried with; it takes 75 s


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(STORMS // 100))
@pytest.mark.parametrize("players", [ALONE, REPLICAS], ids=["alone", "two replicas"])
def test_many_storms(players, chunk):
    assert failures(trial(*players), range(chunk * 50, chunk * 50 + 50)) == []


def test_some_storms():
    assert failures(trial(*ALONE), range(1000, 1010)) == []
    assert failures(trial(*REPLICAS), range(1000, 1005)) == []


# --- the cloud itself -----------------------------------------------------------------------------


def test_time_travel_takes_the_cloud_along(sim):
    sim.create(bucket())
    sim.run()
    sim.meddle("cloud", "delete", "bucket-1")
    sim.advance(LOOK_AGAIN)
    text, cloud = sim.trace.text(), edit(sim.world["cloud"].buckets)
    other = sim.fork()
    other.meddle("cloud", "delete", "bucket-2")
    assert sim.world["cloud"].buckets == cloud
    sim.goto(0)
    assert sim.world["cloud"].buckets == {}
    sim.goto(len(sim.trace))
    assert (sim.trace.text(), sim.world["cloud"].buckets) == (text, cloud)


def test_the_same_wish_is_granted_once():
    cloud = Cloud()
    first = cloud.create("token", owner="me", region="north", versioning=False)
    assert cloud.create("token", owner="me", region="north", versioning=False) == first
    assert cloud.made == 1
