"""Volumes from outside of the cluster: near the node, within limits, growing; never lost, leaked or doubled."""

from __future__ import annotations

from functools import partial

import pytest

from k8slearn.api.objects import Object, annotations_of, dig, name_of, uid_of
from k8slearn.clouds import Disks, Offer, Provisioner, Refused, Resizer
from k8slearn.clouds.provisioner import PAUSE
from k8slearn.clouds.reclaimer import SWEEP_EVERY
from k8slearn.cluster import Cluster
from k8slearn.controllers import (
    ExpandController,
    PersistentVolumeController,
    PVCProtectionController,
    PVProtectionController,
)
from k8slearn.node import HOLLOW, Kubelet
from k8slearn.sim import Simulation
from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Deviation, Schedule
from k8slearn.sim.schedules import Luck, troubles
from k8slearn.sim.trial import RECOVERS, Act, Invariant, Trial
from tests.controllers.test_persistentvolumes import a_class, claim, get, said, select
from tests.fakes import objects

DRIVER, ZONE = "disk.example.com", "topology.kubernetes.io/zone"
NAME = "external-provisioner"
PLACES = ("north-1", "north-2")


def world(offer: Offer | None = None, key: str = ZONE) -> Simulation:
    disks = Disks(offer, PLACES if key else ())
    machines = [
        partial(Kubelet, f"node-{i}", labels={ZONE: PLACES[i]}, stages=HOLLOW) for i in range(2) if key
    ]
    players = (
        PersistentVolumeController,
        PVCProtectionController,
        PVProtectionController,
        ExpandController,
        partial(Provisioner, DRIVER, disks, key),
        partial(Resizer, DRIVER, disks),
    )
    return Simulation(Cluster(machines, components=players))


def delayed(**rest: object) -> Object:
    return a_class(volumeBindingMode="WaitForFirstConsumer", **rest)


def test_it_is_made_where_the_node_is():
    sim = world()
    sim.create([delayed(), claim(storage_class="fast", size="1500Mi")])
    sim.run()
    assert sim.world["disks"].list() == []
    select(sim, "node-1")
    (disk,) = sim.world["disks"].list()
    assert (disk["place"], disk["size"], disk["kept"]) == ("north-2", 2, True)
    (volume,) = objects(sim, "persistentvolumes")
    (term,) = dig(volume, "spec", "nodeAffinity", "required", "nodeSelectorTerms")
    assert term == {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["north-2"]}]}
    assert volume["spec"]["csi"]["volumeHandle"] == disk["id"]
    assert get(sim)["status"]["capacity"] == {"storage": "2Gi"}


def test_without_a_consumer_it_is_made_where_the_class_allows():
    sim = world()
    allowed = [{"matchLabelExpressions": [{"key": ZONE, "values": ["north-2"]}]}]
    sim.create([a_class(allowedTopologies=allowed), claim(storage_class="fast")])
    sim.run()
    assert [d["place"] for d in sim.world["disks"].list()] == ["north-2"]


def test_the_volumes_of_a_stateful_set_are_spread():
    sim = world()
    sim.create([a_class(), *(claim(f"data-db-{i}", storage_class="fast") for i in range(4))])
    sim.run()
    places = [d["place"] for d in sim.world["disks"].list()]
    assert places[0] != places[1]
    assert places[:2] == places[2:]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"selector": {"matchLabels": {"a": "b"}}}, "claim Selector is not supported"),
        ({"accessModes": ["ReadWriteMany"]}, "access mode ReadWriteMany is not supported"),
    ],
)
def test_what_no_disk_can_do_is_said(asked, why):
    sim = world()
    sim.create([a_class(), claim(storage_class="fast", **asked)])
    sim.run()
    said_so = f'failed to provision volume with StorageClass "fast": {why}'
    assert said(sim, "ProvisioningFailed") == [said_so]
    assert get(sim)["status"] == {"phase": "Pending"}


def test_what_is_too_large_is_refused_and_the_scheduler_may_choose_again_without_a_chase():
    sim = world(Offer(largest=10))
    sim.create([delayed(), claim(storage_class="fast", size="11Gi")])
    sim.run()
    for _ in range(5):
        select(sim)
    assert get(sim)["status"] == {"phase": "Pending"}
    why = 'failed to provision volume with StorageClass "fast": a disk has 10 GiB at most, not 11'
    assert said(sim, "ProvisioningFailed") == [why]
    (event,) = [e for e in objects(sim, "events") if e["reason"] == "ProvisioningFailed"]
    assert event["count"] == 1
    sim.advance(PAUSE)
    (event,) = [e for e in objects(sim, "events") if e["reason"] == "ProvisioningFailed"]
    assert event["count"] == 2


def test_when_there_is_room_again_it_goes_on():
    sim = world(Offer(most=1))
    sim.create([a_class(), claim("one", storage_class="fast"), claim("two", storage_class="fast")])
    sim.run()
    assert (get(sim, "one")["status"]["phase"], get(sim, "two")["status"]["phase"]) == ("Bound", "Pending")
    sim.client.delete("persistentvolumeclaims", "default/one")
    sim.advance(PAUSE)
    assert get(sim, "two")["status"]["phase"] == "Bound"
    assert len(sim.world["disks"].list()) == 1


def test_a_volume_that_is_deleted_before_its_claim_takes_its_disk_along_when_the_claim_goes():
    sim = world()
    sim.create([a_class(), claim(storage_class="fast")])
    sim.run()
    sim.client.delete("persistentvolumes", get(sim)["spec"]["volumeName"])
    sim.client.delete("persistentvolumeclaims", "default/data")
    sim.run()
    assert (objects(sim, "persistentvolumes"), sim.world["disks"].list()) == ([], [])


def test_a_claim_that_goes_while_it_is_being_bound_takes_its_volume_along():
    """The binder has bound the volume, and hears too late that there is nobody to bind it to."""
    sim = Simulation(
        Cluster(0, components=(PersistentVolumeController, partial(Provisioner, DRIVER, Disks())))
    )
    sim.create([a_class(), claim(storage_class="fast")])
    sim.run(lambda s: objects(s, "persistentvolumes"))
    sim.fault("hold", "persistent-volume-binder", "persistentvolumeclaims")
    sim.client.delete("persistentvolumeclaims", "default/data")
    sim.run(seconds=1)
    assert objects(sim, "persistentvolumes")[0]["status"]["phase"] == "Bound"
    sim.fault("release", "persistent-volume-binder")
    sim.run()
    assert (objects(sim, "persistentvolumes"), sim.world["disks"].list()) == ([], [])


def test_what_is_retained_stays_when_its_volume_is_deleted():
    sim = world()
    sim.create([a_class(reclaimPolicy="Retain"), claim(storage_class="fast")])
    sim.run()
    name = get(sim)["spec"]["volumeName"]
    sim.client.delete("persistentvolumeclaims", "default/data")
    sim.run()
    sim.client.delete("persistentvolumes", name)
    sim.advance(SWEEP_EVERY * 2)
    assert objects(sim, "persistentvolumes") == []
    assert len(sim.world["disks"].list()) == 1


def test_a_claim_grows():
    sim = world()
    sim.create([a_class(allowVolumeExpansion=True), claim(storage_class="fast")])
    sim.run()
    sim.client.patch("persistentvolumeclaims", "default/data", patch=more("5Gi"))
    sim.run()
    assert get(sim)["status"]["capacity"] == {"storage": "5Gi"}
    assert get(sim)["status"]["allocatedResources"] == {"storage": "5Gi"}
    assert "conditions" not in get(sim)["status"]
    assert objects(sim, "persistentvolumes")[0]["spec"]["capacity"] == {"storage": "5Gi"}
    assert [d["size"] for d in sim.world["disks"].list()] == [5]
    name = get(sim)["spec"]["volumeName"]
    told = [(e["reason"], e["message"]) for e in objects(sim, "events")]
    assert ("ExternalExpanding", "waiting for an external controller to expand this PVC") in told
    assert ("Resizing", f"External resizer is resizing volume {name}") in told
    assert ("VolumeResizeSuccessful", "Resize volume succeeded") in told


def more(size: str) -> Object:
    return {"spec": {"resources": {"requests": {"storage": size}}}}


def test_the_same_wish_is_granted_once_and_nonsense_is_refused():
    disks = Disks(Offer(largest=10), PLACES)
    first = disks.create("pvc-1", size=1, place="north-1")
    assert disks.create("pvc-1", size=1, place="north-1") == first
    for wrong in ({"size": 11, "place": "north-1"}, {"size": 1, "place": "moon"}):
        with pytest.raises(Refused):
            disks.create("pvc-2", **wrong)
    with pytest.raises(Refused, match="no kind 'gold'"):
        disks.create("pvc-2", size=1, place="north-1", kind="gold")
    assert disks.list() == [first]


# --- whatever happens -----------------------------------------------------------------------------


def calm() -> Simulation:
    return world(key="")


def make(sim: Simulation) -> None:
    classes = [a_class(allowVolumeExpansion=True), a_class("kept", reclaimPolicy="Retain")]
    sim.create([*classes, claim("a", storage_class="fast"), claim("b", storage_class="kept")])


def grow(sim: Simulation) -> None:
    if dig(get(sim, "a"), "status", "phase") == "Bound":
        sim.client.patch("persistentvolumeclaims", "default/a", patch=more("3Gi"))


def change_mind(sim: Simulation) -> None:
    sim.create(claim("brief", storage_class="fast"))
    sim.client.delete("persistentvolumeclaims", "default/brief")


def delete(sim: Simulation) -> None:
    sim.client.delete("persistentvolumeclaims", "default/a")
    sim.create(claim("c", storage_class="fast"))


STORY = (
    Act("asks for two", make),
    Act("asks for more", grow),
    Act("asks and thinks better of it", change_mind),
    Act("deletes one and asks for another", delete),
)


def doubled(sim: Simulation) -> str | None:
    tokens = [d["token"] for d in sim.world["disks"].list()]
    return f"two disks for one wish: {tokens}" if len(set(tokens)) < len(tokens) else None


def lost(sim: Simulation) -> str | None:
    """A volume that is bound has its disk."""
    there = {d["token"] for d in sim.world["disks"].list()}
    for volume in objects(sim, "persistentvolumes"):
        if dig(volume, "status", "phase") == "Bound" and name_of(volume) not in there:
            return f"the disk of {name_of(volume)} is gone"
    return None


def unlike(sim: Simulation) -> str | None:
    """At the very end: every claim has its disk, and there is none but those and the retained."""
    claims = objects(sim, "persistentvolumeclaims")
    wanted = {f"pvc-{uid_of(c)}" for c in claims}
    kept = {name_of(v) for v in objects(sim, "persistentvolumes") if v["spec"]["storageClassName"] == "kept"}
    there = {d["token"] for d in sim.world["disks"].list()}
    unbound = [name_of(c) for c in claims if dig(c, "status", "phase") != "Bound"]
    return f"{there} instead of {wanted}, {unbound} unbound" if there != wanted | kept or unbound else None


def trial() -> Trial:
    promises = (Invariant("no disk is doubled", doubled, "always"), Invariant("none is lost", lost, "always"))
    return Trial(
        calm, STORY, promises, (NAME, "external-resizer", "persistent-volume-binder"), patience=10_000
    )


def outcome(play: Play) -> str | None:
    failure, sim = play.run(), play.sim
    if failure is not None and failure.invariant != RECOVERS:
        return failure.message
    for player in play.trial.players:
        sim.fault("heal", player)
    for _ in range(5):
        sim.advance(300)
        if unlike(sim) is None and not sim.errors():
            return None
    return unlike(sim) or f"still fails: {sim.errors()}"


@pytest.mark.parametrize("fault", ["crash_after", "lose"])
@pytest.mark.parametrize("write", range(1, 13))
def test_one_write_after_the_other_is_the_last_or_is_not_answered(fault, write):
    assert outcome(Play(trial(), Schedule(fault, (Deviation(1, "fault", (fault, NAME, write)),)))) is None


@pytest.mark.parametrize("seed", range(60))
def test_storms(seed):
    of = trial()
    faults = [*troubles(of), ("compact", 0)]
    for player in of.players:
        faults += [("lose", player, 1), ("crash_after", player, 2)]
    assert outcome(Play(of, Schedule("storm"), Luck(seed, faults))) is None


def test_annotations_say_who_is_asked():
    sim = calm()
    sim.create([a_class(), claim(storage_class="fast")])
    sim.run()
    asked = {f"volume{beta}.kubernetes.io/storage-provisioner": DRIVER for beta in ("", ".beta")}
    assert asked.items() <= annotations_of(get(sim)).items()
