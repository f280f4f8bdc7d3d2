"""Claims and volumes: who gets which, where new ones come from, what becomes of them, and who may not go yet."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from k8slearn.api.objects import Object, annotations_of, dig
from k8slearn.clouds import Disks, Provisioner
from k8slearn.cluster import Cluster
from k8slearn.controllers import PersistentVolumeController, PVCProtectionController, PVProtectionController
from k8slearn.controllers.persistentvolumes import SELECTED_NODE
from k8slearn.node import HOLLOW, Kubelet
from k8slearn.scheduler import EVERYTHING as HEARD
from k8slearn.scheduler import Scheduler
from k8slearn.sim import Simulation
from tests.fakes import condition, named, names, objects, pod, world

DRIVER = "disk.example.com"
EVERYBODY = (
    PersistentVolumeController,
    PVCProtectionController,
    PVProtectionController,
    partial(Provisioner, DRIVER, Disks()),
)


@pytest.fixture
def sim() -> Simulation:
    return world(*EVERYBODY)


def claim(name: str = "data", size: str = "1Gi", storage_class: str = "", **spec: Any) -> Object:
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    return named("PersistentVolumeClaim", name, spec={**asked, "storageClassName": storage_class, **spec})


def volume(name: str, size: str = "1Gi", storage_class: str = "", labels: Any = None, **spec: Any) -> Object:
    has = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}, "hostPath": {"path": "/x"}}
    body = {**has, "storageClassName": storage_class, **spec}
    return named("PersistentVolume", name, namespace="", metadata={"labels": labels or {}}, spec=body)


def a_class(name: str = "fast", provisioner: str = DRIVER, **rest: Any) -> Object:
    return named("StorageClass", name, "storage.k8s.io/v1", namespace="", provisioner=provisioner, **rest)


def user(name: str = "p", of: str = "data") -> Object:
    return pod(name, volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": of}}])


def get(sim: Simulation, name: str = "data") -> Object:
    return sim.client.get("persistentvolumeclaims", f"default/{name}")


def reasons(sim: Simulation) -> set[str]:
    return {e["reason"] for e in objects(sim, "events")}


def test_the_smallest_that_is_big_enough(sim):
    sim.create([volume("huge", "9Gi"), volume("small", "1Gi"), volume("right", "3Gi")])
    sim.run()
    sim.create(claim(size="2Gi"))
    sim.run()
    assert get(sim)["spec"]["volumeName"] == "right"
    assert get(sim)["status"] == {
        "phase": "Bound",
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "3Gi"},
    }
    assert annotations_of(get(sim)) == {
        "pv.kubernetes.io/bind-completed": "yes",
        "pv.kubernetes.io/bound-by-controller": "yes",
    }
    phases = {v["metadata"]["name"]: v["status"]["phase"] for v in objects(sim, "persistentvolumes")}
    assert phases == {"huge": "Available", "small": "Available", "right": "Bound"}
    reference = sim.client.get("persistentvolumes", "right")["spec"]["claimRef"]
    assert (reference["name"], reference["uid"]) == ("data", get(sim)["metadata"]["uid"])


@pytest.mark.parametrize(
    "unfit",
    [
        volume("v", "1Gi"),
        volume("v", "5Gi", storage_class="other"),
        volume("v", "5Gi", accessModes=["ReadOnlyMany"]),
        volume("v", "5Gi", volumeMode="Block"),
        volume("v", "5Gi", labels={"tier": "slow"}),
        volume("v", "5Gi", labels={"tier": "fast"}, claimRef={"namespace": "default", "name": "another"}),
    ],
)
def test_what_does_not_fit_is_not_taken(sim, unfit):
    sim.create([unfit, claim(size="2Gi", selector={"matchLabels": {"tier": "fast"}})])
    sim.run()
    assert get(sim)["status"] == {"phase": "Pending"}
    assert reasons(sim) == {"FailedBinding"}


def test_a_claim_waits_for_a_volume(sim):
    sim.create(claim())
    sim.run()
    assert get(sim)["status"]["phase"] == "Pending"
    sim.create(volume("late"))
    sim.run()
    assert get(sim)["spec"]["volumeName"] == "late"


def test_bound_by_hand_from_either_side(sim):
    sim.create([volume("a"), volume("b"), claim("by-name", volumeName="b")])
    sim.create([volume("c", claimRef={"namespace": "default", "name": "meant"}), claim("meant")])
    sim.run()
    assert get(sim, "by-name")["status"]["phase"] == get(sim, "meant")["status"]["phase"] == "Bound"
    assert get(sim, "meant")["spec"]["volumeName"] == "c"
    assert "pv.kubernetes.io/bound-by-controller" not in annotations_of(get(sim, "by-name"))


def test_a_volume_is_made_and_goes_with_its_claim(sim):
    sim.create([a_class(), claim(storage_class="fast")])
    sim.run()
    (made,) = objects(sim, "persistentvolumes")
    assert made["metadata"]["name"] == f"pvc-{get(sim)['metadata']['uid']}" == get(sim)["spec"]["volumeName"]
    assert made["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
    assert reasons(sim) == {"ExternalProvisioning", "Provisioning", "ProvisioningSucceeded"}
    assert len(sim.world["disks"].list()) == 1
    sim.client.delete("persistentvolumeclaims", "default/data")
    sim.run()
    assert not objects(sim, "persistentvolumes")
    assert sim.world["disks"].list() == []


def test_a_volume_that_is_retained_is_released_and_never_bound_again(sim):
    sim.create([a_class(reclaimPolicy="Retain"), claim(storage_class="fast")])
    sim.run()
    sim.client.delete("persistentvolumeclaims", "default/data")
    sim.run()
    sim.create(claim(storage_class="fast"))
    sim.run()
    phases = sorted(v["status"]["phase"] for v in objects(sim, "persistentvolumes"))
    assert phases == ["Bound", "Released"]


@pytest.mark.parametrize(
    ("classes", "reason", "text"),
    [
        ([], "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found'),
        ([a_class(provisioner="ex.com/p")], "ExternalProvisioning", "external provisioner 'ex.com/p'"),
    ],
)
def test_nobody_makes_one(sim, classes, reason, text):
    sim.create([*classes, claim(storage_class="fast")])
    sim.run()
    assert get(sim)["status"] == {"phase": "Pending"}
    (event,) = objects(sim, "events")
    assert event["reason"] == reason
    assert text in event["message"]


def select(sim: Simulation, node: str = "node-0", of: str = "data") -> None:
    """What the scheduler writes when it has chosen a node for the first pod that uses the claim."""
    noted = {"metadata": {"annotations": {SELECTED_NODE: node}}}
    sim.client.patch("persistentvolumeclaims", f"default/{of}", patch=noted)
    sim.run()


def said(sim: Simulation, reason: str) -> list[str]:
    return [e["message"] for e in objects(sim, "events") if e["reason"] == reason]


def test_the_first_consumer_is_waited_for():
    sim = world(*EVERYBODY, minded=False)
    sim.create([a_class(volumeBindingMode="WaitForFirstConsumer"), claim(storage_class="fast")])
    sim.run()
    assert get(sim)["status"] == {"phase": "Pending"}
    assert said(sim, "WaitForFirstConsumer") == ["waiting for first consumer to be created before binding"]
    sim.create([user("p"), user("q")])
    sim.advance(15)
    assert said(sim, "WaitForPodScheduled") == ["waiting for pods p,q to be scheduled"]
    select(sim)
    assert get(sim)["status"]["phase"] == "Bound"


def test_a_pod_that_was_put_on_a_node_by_hand_has_no_scheduler_to_choose_a_volume(sim):
    sim.create([a_class(volumeBindingMode="WaitForFirstConsumer"), claim(storage_class="fast"), user()])
    sim.advance(600)
    assert get(sim)["status"] == {"phase": "Pending"}


def test_free_volumes_of_a_class_that_waits_are_the_schedulers_to_choose():
    sim = world(*EVERYBODY, minded=False)
    local = a_class("local", "kubernetes.io/no-provisioner", volumeBindingMode="WaitForFirstConsumer")
    sim.create([local, volume("v", storage_class="local"), claim(storage_class="local")])
    sim.run()
    assert get(sim)["status"] == {"phase": "Pending"}
    sim.client.patch(
        "persistentvolumes", "v", patch={"spec": {"claimRef": {"namespace": "default", "name": "data"}}}
    )
    sim.run()
    assert get(sim)["spec"]["volumeName"] == "v"


def test_what_can_do_less_is_preferred_to_what_is_smaller(sim):
    many = ["ReadWriteOnce", "ReadOnlyMany"]
    sim.create([volume("able", "1Gi", accessModes=many), volume("plain", "5Gi")])
    sim.run()
    sim.create(claim())
    sim.run()
    assert get(sim)["spec"]["volumeName"] == "plain"


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (volume("v", "1Gi"), "requested PV is too small"),
        (volume("v", "5Gi", storage_class="other"), "storageClassName does not match"),
        (volume("v", "5Gi", volumeMode="Block"), "incompatible volumeMode"),
        (volume("v", "5Gi", accessModes=["ReadOnlyMany"]), "incompatible accessMode"),
    ],
)
def test_a_volume_that_is_named_must_fit_as_well(sim, wanted, why):
    sim.create([wanted, claim(size="2Gi", volumeName="v")])
    sim.run()
    assert get(sim)["status"] == {"phase": "Pending"}
    assert said(sim, "VolumeMismatch") == [f'Cannot bind to requested volume "v": {why}']


def test_the_second_to_name_a_volume_waits(sim):
    sim.create([volume("v"), claim("first", volumeName="v")])
    sim.run()
    sim.create(claim("second", volumeName="v"))
    sim.run()
    assert get(sim, "second")["status"] == {"phase": "Pending"}
    assert said(sim, "FailedBinding") == ['volume "v" already bound to a different claim.']


def test_a_default_class_that_comes_later_counts_for_claims_that_name_none(sim):
    nameless = claim("nameless")
    del nameless["spec"]["storageClassName"]
    sim.create([nameless, claim("none-wanted")])
    sim.run()
    marked = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    sim.create(a_class(metadata=marked))
    sim.run()
    assert get(sim, "nameless")["status"]["phase"] == "Bound"
    assert get(sim, "nameless")["spec"]["storageClassName"] == "fast"
    assert get(sim, "none-wanted")["status"]["phase"] == "Pending"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"hostPath": {"path": "/x"}}, "host_path deleter only supports /tmp/.+ but received provided /x"),
        (
            {"nfs": {"server": "s", "path": "/"}},
            'error getting deleter volume plugin for volume "v": no deletable volume plugin matched',
        ),
    ],
)
def test_a_volume_that_nobody_can_delete_has_failed(sim, source, message):
    made = volume("v", persistentVolumeReclaimPolicy="Delete", **source)
    made["spec"] = {k: v for k, v in made["spec"].items() if k in source or k != "hostPath"}
    sim.create([made, claim()])
    sim.run()
    sim.client.delete("persistentvolumeclaims", "default/data")
    sim.run()
    status = sim.client.get("persistentvolumes", "v")["status"]
    assert (status["phase"], status["message"]) == ("Failed", message)
    assert said(sim, "VolumeFailedDelete") == [message]


def test_a_host_path_below_tmp_can_be_deleted(sim):
    sim.create([volume("v", persistentVolumeReclaimPolicy="Delete", hostPath={"path": "/tmp/x"}), claim()])
    sim.run()
    sim.client.delete("persistentvolumeclaims", "default/data")
    sim.run()
    assert objects(sim, "persistentvolumes") == []


def test_built_in_provisioners_are_gone(sim):
    sim.create([a_class(provisioner="kubernetes.io/no-provisioner"), claim(storage_class="fast")])
    sim.run()
    assert said(sim, "ProvisioningFailed") == ["no volume plugin matched name: kubernetes.io/no-provisioner"]


def test_a_volume_nobody_can_provide_is_waited_for_in_peace(sim):
    sim.create([a_class(provisioner="ex.com/p"), *(claim(f"c{i}", storage_class="fast") for i in range(5))])
    sim.run()
    before = sim.position
    sim.advance(600)
    looks = [s for s in list(sim.trace)[before:] if s.player == "persistent-volume-binder"]
    assert len([s for s in looks if s.action == "reconcile"]) == 5 * 600 / 15
    assert {c.resource for s in looks for c in s.writes} == {"events"}
    (event,) = [e for e in objects(sim, "events") if e["involvedObject"]["name"] == "c0"]
    assert (event["reason"], event["count"]) == ("ExternalProvisioning", 42)


def test_a_claim_whose_volume_is_gone_is_lost(sim):
    sim.create([volume("v"), claim()])
    sim.run()
    sim.client.delete("persistentvolumes", "v")
    sim.run()
    assert dig(sim.client.get("persistentvolumes", "v"), "metadata", "finalizers")  # protected
    sim.client.patch("persistentvolumes", "v", patch={"metadata": {"finalizers": None}})
    sim.run()
    assert get(sim)["status"] == {"phase": "Lost"}
    assert "ClaimLost" in reasons(sim)


def test_a_claim_that_is_used_stays_until_it_is_not(sim):
    sim.create([volume("v"), claim(), user()])
    sim.run()
    sim.client.delete("persistentvolumeclaims", "default/data")
    sim.run()
    assert "deletionTimestamp" in get(sim)["metadata"]
    sim.client.delete("pods", "default/p")
    sim.run()
    assert not objects(sim, "persistentvolumeclaims")
    assert objects(sim, "persistentvolumes")[0]["status"]["phase"] == "Released"


# --- pods wait for their volumes -----------------------------------------------------------------


@pytest.fixture
def full() -> Simulation:
    components = (*EVERYBODY, partial(Scheduler, watches=HEARD), partial(Kubelet, "node-0", stages=HOLLOW))
    return Simulation(Cluster(0, components=components))


def test_a_pod_waits_until_its_claims_are_bound(full):
    full.create(user())
    full.run()
    said = condition(full.client.get("pods", "default/p"), "PodScheduled")["message"]
    assert said.startswith('0/1 nodes are available: persistentvolumeclaim "data" not found. no new claims')
    full.create(claim())
    full.run()
    said = condition(full.client.get("pods", "default/p"), "PodScheduled")["message"]
    assert said.startswith("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.")
    full.create(volume("v"))
    full.run()
    assert full.client.get("pods", "default/p")["status"]["phase"] == "Running"


def test_first_consumers_need_not_wait(full):
    full.create([a_class(volumeBindingMode="WaitForFirstConsumer"), claim(storage_class="fast"), user()])
    full.run()
    assert full.client.get("pods", "default/p")["status"]["phase"] == "Running"
    assert get(full)["status"]["phase"] == "Bound"


@pytest.mark.parametrize("seed", range(12))
def test_one_volume_for_one_claim_whatever_the_order_of_news(seed):
    sim = world(*EVERYBODY, policy="shuffled", seed=seed)
    sim.create([volume(f"v{i}", f"{i + 1}Gi") for i in range(4)])
    sim.create([claim(f"c{i}", f"{i + 1}Gi") for i in (2, 0, 3, 1)])
    for i in range(5):
        sim.run(lambda s, until=sim.position + 10: s.position >= until)
        sim.fault(("drop", "crash", "resync")[(i + seed) % 3], "persistent-volume-binder")
    sim.run()
    sim.advance(5)
    bound = {
        c["metadata"]["name"]: c["spec"].get("volumeName") for c in objects(sim, "persistentvolumeclaims")
    }
    volumes = {
        v["metadata"]["name"]: dig(v, "spec", "claimRef", "name") for v in objects(sim, "persistentvolumes")
    }
    assert (
        None not in bound.values() or len(set(bound.values())) == 4
    )  # a small claim may have a great volume
    for name, taken in bound.items():
        if taken:
            assert volumes[taken] == name
    assert names(objects(sim, "persistentvolumes")) == [f"v{i}" for i in range(4)]
    assert not sim.errors()
