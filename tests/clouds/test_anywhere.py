"""The same manifest, without an edit: on cloud A, on cloud B and on-premise it becomes available."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from k8slearn.api.objects import Object, annotations_of, dig, labels_of
from k8slearn.api.selectors import node_selector_matches
from k8slearn.clouds import PROVIDERS, provider
from k8slearn.cluster import Cluster
from k8slearn.operators import DatabaseController, ObjectStore, definition
from k8slearn.sim import Simulation
from tests.fakes import condition, objects

SHOP = list(yaml.safe_load_all(Path("examples/anywhere.yaml").read_text(encoding="utf-8")))

#: cloud -> the address it gives, the default class, seconds until everything is available
EXPECTED = {
    "a": ({"ip": "203.0.113.1", "ipMode": "VIP"}, "balanced"),
    "b": ({"hostname": "lb-1.east.cloud-b.example.com"}, "standard-disk"),
    "on-premise": ({"ip": "192.168.1.240", "ipMode": "VIP"}, "local"),
}


def world(cloud: str, **rest: object) -> Simulation:
    return Simulation(Cluster(3, cloud=cloud), **rest)


def only(sim: Simulation, resource: str) -> Object:
    (found,) = objects(sim, resource)
    return found


def is_available(sim: Simulation) -> bool:
    shop = condition(only(sim, "deployments"), "Available").get("status") == "True"
    bound = dig(only(sim, "persistentvolumeclaims"), "status", "phase") == "Bound"
    return shop and bound and bool(dig(only(sim, "services"), "status", "loadBalancer", "ingress"))


@pytest.mark.parametrize("cloud", PROVIDERS)
def test_the_same_manifest_becomes_available(cloud):
    sim = world(cloud)
    sim.create(SHOP)
    assert sim.run(is_available, seconds=300)
    address, its_class = EXPECTED[cloud]
    assert only(sim, "services")["status"]["loadBalancer"]["ingress"] == [address]
    claim, volume = only(sim, "persistentvolumeclaims"), only(sim, "persistentvolumes")
    assert claim["spec"]["storageClassName"] == its_class
    assert annotations_of(volume)["pv.kubernetes.io/provisioned-by"] == provider(cloud).driver
    assert only(sim, "pods")["status"]["phase"] == "Running"
    assert sim.errors() == {}


@pytest.mark.parametrize("cloud", ["a", "on-premise"])  # where the disk is made near the pod
def test_the_disk_is_where_the_pod_is(cloud):
    sim = world(cloud)
    sim.create(SHOP)
    sim.run(is_available)
    node = sim.client.get("nodes", only(sim, "pods")["spec"]["nodeName"])
    affinity = only(sim, "persistentvolumes")["spec"]["nodeAffinity"]["required"]
    assert node_selector_matches(affinity, node)
    (disk,) = sim.world["disks"].list()
    assert disk["place"] == labels_of(node)[provider(cloud).place]


@pytest.mark.parametrize("cloud", PROVIDERS)
def test_nothing_is_left_when_it_is_deleted(cloud):
    sim = world(cloud)
    sim.create(SHOP)
    sim.run(is_available)
    for obj in SHOP:
        resource = {"PersistentVolumeClaim": "persistentvolumeclaims", "Deployment": "deployments"}
        sim.client.delete(resource.get(obj["kind"], "services"), f"default/{obj['metadata']['name']}")
    sim.run()
    for resource in ("pods", "persistentvolumeclaims", "persistentvolumes", "services", "deployments"):
        assert objects(sim, resource) == []
    assert sim.world["disks"].list() == sim.world["balancers"].list() == []


@pytest.mark.parametrize("cloud", PROVIDERS)
@pytest.mark.parametrize("seed", range(1, 4))
def test_in_any_order(cloud, seed):
    sim = world(cloud, policy="shuffled", seed=seed)
    sim.create(SHOP)
    assert sim.run(is_available, seconds=300)


@pytest.mark.parametrize("cloud", PROVIDERS)
def test_a_database_and_its_copy_run_anywhere(cloud):
    orders, copy = yaml.safe_load_all(Path("examples/operators/database.yaml").read_text(encoding="utf-8"))
    operators = [DatabaseController]
    cluster = Cluster(3, cloud=cloud, objects=[definition("databases")], adding=operators)
    sim = Simulation(cluster, world={"store": ObjectStore()})
    sim.create(orders)
    sim.run()
    sim.advance(3700)
    sim.create(copy)
    sim.advance(300)
    said = {o["metadata"]["name"]: o["status"] for o in objects(sim, "databases.example.com")}
    assert {n: s["conditions"][0]["reason"] for n, s in said.items()} == dict.fromkeys(said, "AllReady")
    assert (said["orders"]["backups"], said["orders"]["readyReplicas"]) == (1, 3)
    assert len(sim.world["disks"].list()) == 4


def test_a_cloud_that_is_not_there():
    with pytest.raises(ValueError, match='there is no cloud "c": choose one of a, b, on-premise'):
        Cluster(3, cloud="c")
