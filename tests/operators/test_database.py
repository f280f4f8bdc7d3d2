"""The Database operator: no volume and no backup is lost, leaked or doubled, whatever happens."""

from __future__ import annotations

import os

import pytest

from k8slearn.api.errors import Invalid
from k8slearn.api.objects import annotations_of, dig, owners_of
from k8slearn.machinery.workqueue import MAX_DELAY
from k8slearn.operators import DatabaseController, ObjectStore
from k8slearn.operators.database import LOOK_AGAIN
from k8slearn.operators.databasebackups import RETRY
from k8slearn.operators.databaseparts import RESTORED, version_of
from k8slearn.sim import Simulation
from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Deviation, Schedule
from k8slearn.sim.schedules import Luck, troubles
from k8slearn.sim.trial import RECOVERS
from tests.fakes import named, template
from tests.operators.databasetrial import (
    DATABASES,
    EVERY,
    NAME,
    REPLICAS,
    claims,
    database,
    different,
    doubled,
    downgraded,
    leaked,
    lost,
    trial,
    world,
)

REGULAR = {"backup": {"everySeconds": EVERY, "keep": 2}}


@pytest.fixture
def sim() -> Simulation:
    return world()


def get(sim: Simulation, name: str = "orders") -> dict:
    return sim.client.get(DATABASES, f"default/{name}")


def ready(sim: Simulation, name: str = "orders") -> tuple[str, str, str]:
    (found,) = get(sim, name)["status"]["conditions"]
    return found["status"], found["reason"], found["message"]


def slots(sim: Simulation) -> list[str]:
    return [a["slot"] for a in sim.world["store"].list()]


def versions(sim: Simulation, name: str = "orders") -> int:
    return version_of(sim.client.get("statefulsets", f"default/{name}"))


def events(sim: Simulation) -> list[tuple[str, str]]:
    found = [e for e in sim.store.list("events") if e["source"]["component"] == NAME]
    return [(e["reason"], e["message"]) for e in found]


# --- what it does ---------------------------------------------------------------------------------


def test_it_gets_what_it_asks_for(sim):
    sim.create(database(replicas=3, size="2Gi"))
    sim.run()
    assert ready(sim) == ("True", "AllReady", "3 of 3 replicas are ready")
    assert get(sim)["status"]["observedGeneration"] == 1
    assert claims(sim) == ["data-orders-0", "data-orders-1", "data-orders-2"]
    assert [d["size"] for d in sim.world["disks"].list()] == [2, 2, 2]
    assert sim.client.get("services", "default/orders")["spec"]["clusterIP"] == "None"
    assert different(sim) is None


def test_what_cannot_be_is_refused(sim):
    sim.create(database())
    with pytest.raises(Invalid, match="a database cannot be downgraded"):
        sim.client.patch(DATABASES, "default/orders", patch={"spec": {"version": 14}})
    with pytest.raises(Invalid, match="the size of a database's volumes is fixed"):
        sim.client.patch(DATABASES, "default/orders", patch={"spec": {"size": "9Gi"}})
    with pytest.raises(Invalid, match="should be greater than or equal to 1"):
        sim.create(database("none", replicas=0))


def test_a_backup_is_made_every_hour_and_the_oldest_go(sim):
    sim.create(database(**REGULAR))
    sim.run()
    sim.advance(EVERY - 1)
    assert slots(sim) == []
    sim.advance(1)
    assert [(a["slot"], a["at"]) for a in sim.world["store"].list()] == [("1", EVERY)]
    sim.advance(3 * EVERY)
    assert slots(sim) == ["3", "4"]
    status = get(sim)["status"]
    assert (status["backups"], status["lastBackup"]) == (2, "backup-4")
    assert sim.store.list("jobs") == []
    assert ("BackupDeleted", "Deleted backup-1: 2 newer ones are kept") in events(sim)


def test_who_has_slept_through_five_hours_makes_one_backup(sim):
    sim.create(database(**REGULAR))
    sim.run()
    sim.fault("cut_off", NAME)
    sim.advance(5.5 * EVERY)
    sim.fault("heal", NAME)
    sim.run()
    assert slots(sim) == ["5"]


def test_an_upgrade_goes_one_version_at_a_time_and_is_preceded_by_a_backup(sim):
    sim.create(database(replicas=2))
    sim.run()
    sim.client.patch(DATABASES, "default/orders", patch={"spec": {"version": 17}})
    sim.run()
    assert [(a["slot"], a["version"]) for a in sim.world["store"].list()] == [
        ("before-16", 15),
        ("before-17", 16),
    ]
    assert versions(sim) == get(sim)["status"]["version"] == 17
    assert downgraded(sim) is None
    restarted = [
        c.key for s in sim.trace.of("statefulset-controller") for c in s.writes if c.verb == "delete"
    ]
    assert restarted == ["default/orders-1", "default/orders-0"] * 2  # the primary last


def test_an_upgrade_waits_for_a_backup_that_fails(sim):
    sim.create(database(version=13))
    sim.run()
    sim.client.patch(DATABASES, "default/orders", patch={"spec": {"version": 14}})
    sim.advance(60)
    assert versions(sim) == 13
    assert ready(sim) == ("False", "Upgrading", "Version 13 runs, version 14 is wanted")
    sim.advance(2 * RETRY)
    assert versions(sim) == 13
    assert ("BackupFailed", "Backup before-14 has failed") in events(sim)
    started = [e["count"] for e in sim.store.list("events") if e["reason"] == "BackupStarted"]
    assert sum(started) <= 3  # one in five minutes, and no hot loop


@pytest.mark.parametrize(("policy", "owners"), [("Retain", []), ("Delete", ["StatefulSet"])])
def test_a_copy_begins_with_a_backup_and_is_brought_up_to_date(sim, policy, owners):
    sim.create(database(**REGULAR))
    sim.run()
    sim.advance(EVERY)
    sim.create(database("copy", version=16, restoreFrom="backup-1", volumes=policy))
    sim.run()
    claim = sim.client.get("persistentvolumeclaims", "default/data-copy-0")
    assert annotations_of(claim)[RESTORED] == "backup-1"
    assert [o["kind"] for o in owners_of(claim)] == owners
    assert sim.store.list("jobs") == []
    assert ready(sim, "copy") == ("True", "AllReady", "1 of 1 replicas are ready")
    assert ("Restored", "Restored backup-1") in events(sim)
    assert ("Upgrading", "Upgrading from version 15 to 16") in events(sim)


def test_a_backup_that_is_not_there_is_waited_for(sim):
    sim.create(database("copy", restoreFrom="backup-9"))
    sim.run()
    assert ready(sim, "copy") == ("False", "BackupNotFound", "There is no backup backup-9")
    assert sim.store.list("statefulsets") == []
    before = sim.position
    sim.advance(600)
    looks = [s for s in list(sim.trace)[before:] if s.player == NAME and s.action == "reconcile"]
    assert len(looks) == 600 / LOOK_AGAIN


def test_nothing_is_restored_over_volumes_that_are_there(sim):
    sim.create(database(**REGULAR))
    sim.run()
    sim.advance(EVERY)
    sim.client.delete(DATABASES, "default/orders")
    sim.run()
    assert claims(sim) == ["data-orders-0"]  # retained
    sim.create(database(restoreFrom="backup-1"))
    sim.run()
    assert ready(sim)[:2] == ("False", "VolumeExists")
    assert not [j for j in sim.store.list("jobs") if "restore" in j["metadata"]["name"]]


@pytest.mark.parametrize(("policy", "left"), [("Retain", 1), ("Delete", 0)])
def test_what_becomes_of_the_data_is_said_beforehand(sim, policy, left):
    sim.create(database(volumes=policy, backups=policy, **REGULAR))
    sim.run()
    sim.advance(EVERY)
    sim.client.delete(DATABASES, "default/orders")
    sim.run()
    assert sim.store.list(DATABASES) == sim.store.list("statefulsets") == sim.store.list("pods") == []
    assert (len(claims(sim)), len(sim.world["disks"].list()), len(slots(sim))) == (left, left, left)


def test_volumes_that_were_retained_are_found_again(sim):
    sim.create(database())
    sim.run()
    (disk,) = sim.world["disks"].list()
    sim.client.delete(DATABASES, "default/orders")
    sim.run()
    sim.create(database())
    sim.run()
    assert sim.world["disks"].list() == [disk]
    assert different(sim) is None


def test_a_name_that_is_taken_is_told(sim):
    pods = template({"app": "other"})
    spec = {"selector": {"matchLabels": {"app": "other"}}, "serviceName": "other", "template": pods}
    sim.create(named("StatefulSet", "orders", "apps/v1", spec=spec))
    sim.run()
    sim.create(database())
    sim.run()
    assert ready(sim) == ("False", "NameTaken", "There is a StatefulSet orders of somebody else")
    assert "ownerReferences" not in sim.client.get("statefulsets", "default/orders")["metadata"]


def test_a_store_that_does_not_answer_is_told_in_the_status(sim):
    sim.create(database(**REGULAR))
    sim.run()
    sim.advance(EVERY - 1)
    sim.fault("refuse", NAME, 3)  # after the Job and its event
    sim.run(lambda s: ready(s)[1] == "StoreUnavailable", seconds=60)
    assert ready(sim)[0] == "False"
    sim.advance(300)
    assert slots(sim) == ["1"]
    assert ready(sim)[0] == "True"


def test_the_same_wish_is_granted_once():
    store = ObjectStore()
    first = store.create("token", owner="me", slot="1", version=15, at=0)
    assert store.create("token", owner="me", slot="1", version=15, at=9) == first
    assert store.made == 1


# --- whatever happens -----------------------------------------------------------------------------


def outcome(play: Play) -> str | None:
    """What is wrong when the storm is over, and whoever waits for his turn to try again has waited."""
    failure, sim = play.run(), play.sim
    if failure is not None and failure.invariant != RECOVERS:
        return failure.message
    for player in play.trial.players:
        sim.fault("heal", player)
    for seconds in (120, RETRY + 60, MAX_DELAY + LOOK_AGAIN):
        sim.advance(seconds)
        if different(sim) is None and not sim.errors():
            break
    errors = sim.errors()
    return (
        different(sim)
        or leaked(sim)
        or doubled(sim)
        or lost(sim)
        or downgraded(sim)
        or (f"still fails: {errors}" if errors else None)
    )


def storm(seed: int, *operators: object) -> str | None:
    """Any order, any trouble: 409, 410, 500, time-outs, lost answers, deaths, old caches, new leaders."""
    of = trial(*operators)
    faults = [*troubles(of), ("compact", 0)]
    for player in of.players:
        faults += [("lose", player, 1), ("lose", player, 2), ("crash_after", player, 2), ("stop", player)]
    return outcome(Play(of, Schedule("storm"), Luck(seed, faults)))


@pytest.mark.parametrize("fault", ["crash_after", "lose", "refuse"])
@pytest.mark.parametrize("write", range(1, 40, 6))
def test_one_write_after_the_other_is_the_last_or_is_not_answered(fault, write):
    assert outcome(Play(trial(), Schedule(fault, (Deviation(1, "fault", (fault, NAME, write)),)))) is None


@pytest.mark.parametrize("operators", [(), REPLICAS], ids=["alone", "two replicas"])
def test_some_storms(operators):
    assert [(seed, said) for seed in range(3) if (said := storm(seed, *operators))] == []


STORMS = int(os.environ.get("K8SLEARN_STORMS", "60"))  # 1000 is what the operator was tried with


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(STORMS // 20))
@pytest.mark.parametrize("operators", [(), REPLICAS], ids=["alone", "two replicas"])
def test_many_storms(operators, chunk):
    """Half of them for one process, half of them for two of which one leads."""
    seeds = range(100 + chunk * 10, 110 + chunk * 10)
    assert [(seed, said) for seed in seeds if (said := storm(seed, *operators))] == []


# --- the rules are needed -------------------------------------------------------------------------


class LetsGoFirst(DatabaseController):
    """Wrong: the finalizer goes before the backups do."""

    name = NAME

    def _let_go(self, database):
        mine = self.store.list(owner=database["metadata"]["uid"])
        self._write_finalizers(database, [])
        for artefact in mine if database["spec"]["backups"] == "Delete" else []:
            self.store.delete(artefact["id"])


class NewWishes(DatabaseController):
    """Wrong: each attempt to note a backup is a wish of its own, and what is there is not looked at."""

    name = NAME

    def collect(self, database, artefacts):
        for job in self.cache.owned_by(database, "jobs"):
            if dig(job, "status", "succeeded"):
                slot, uid = job["metadata"]["labels"]["example.com/slot"], database["metadata"]["uid"]
                token = self.dice.uid(self.clock.step)
                self.store.create(token, owner=uid, slot=slot, version=15, at=self.clock.now)
                self.remove_job(job)
        return self.store.list(owner=database["metadata"]["uid"])


def test_who_lets_go_first_leaks():
    sim = world(LetsGoFirst)
    sim.create(database(backups="Delete", **REGULAR))
    sim.run()
    sim.advance(EVERY)
    sim.fault("crash_after", NAME, 1)
    sim.client.delete(DATABASES, "default/orders")
    sim.run()
    assert leaked(sim) == "nobody will ever delete backup-1"


@pytest.mark.parametrize(("operator", "made"), [(NewWishes, 2), (DatabaseController, 1)])
def test_who_wishes_anew_makes_two(operator, made):
    """The process dies after the store has done what it was asked for, and before the Job is taken away."""
    sim = world(operator)
    sim.create(database(**REGULAR))
    sim.run()
    sim.advance(EVERY - 1)
    sim.fault("crash_after", NAME, 3)  # the Job, its event, and then the store
    sim.advance(60)
    assert [s.result for s in sim.trace.of(NAME) if "crashed" in s.result]
    assert sim.world["store"].made == made
    assert (doubled(sim) is None) == (made == 1)
