"""The StatefulSet controller: names that stay, one after the other, and claims of their own.

Facts recorded from Kubernetes v1.36: scenarios statefulset-ordered and statefulset-update.
"""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.clock import Dice
from k8slearn.api.objects import (
    Object,
    annotations_of,
    controller_of,
    is_deleting,
    labels_of,
    owners_of,
    uid_of,
)
from k8slearn.controllers import GarbageCollector, StatefulSetController
from k8slearn.controllers.pods import is_ready
from k8slearn.sim import Simulation
from tests.fakes import named, names, objects, pod, template, world

NAME = "statefulset-controller"
CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


def a_set(name: str = "web", replicas: int = 2, image: str = "app:1", **spec: Any) -> Object:
    labels = {"app": name}
    body = {"serviceName": name, "replicas": replicas, "selector": {"matchLabels": labels}}
    return named("StatefulSet", name, "apps/v1", spec={**body, "template": template(labels, image), **spec})


@pytest.fixture
def sim() -> Simulation:
    return world(StatefulSetController, GarbageCollector)


def web(sim: Simulation) -> Object:
    return sim.client.get("statefulsets", "default/web")


def change(sim: Simulation, **spec: Any) -> None:
    sim.client.patch("statefulsets", "default/web", patch={"spec": spec})


def new_image(sim: Simulation, image: str = "app:2") -> None:
    change(sim, template=template({"app": "web"}, image))


def images(sim: Simulation) -> dict[str, str]:
    return {p["metadata"]["name"]: p["spec"]["containers"][0]["image"] for p in objects(sim, "pods")}


def test_pods_and_what_they_are_called(sim):
    sim.create(a_set(volumeClaimTemplates=[CLAIM]))
    sim.run()
    revision = web(sim)["status"]["currentRevision"]
    for i, found in enumerate(sorted(objects(sim, "pods"), key=lambda p: p["metadata"]["name"])):
        assert found["metadata"]["name"] == found["spec"]["hostname"] == f"web-{i}"
        assert found["metadata"]["generateName"] == "web-"
        assert found["spec"]["subdomain"] == "web"
        assert labels_of(found) == {
            "app": "web",
            "apps.kubernetes.io/pod-index": str(i),
            "controller-revision-hash": revision,
            "statefulset.kubernetes.io/pod-name": f"web-{i}",
        }
        volume = {"name": "data", "persistentVolumeClaim": {"claimName": f"data-web-{i}"}}
        assert volume in found["spec"]["volumes"]
        assert controller_of(found)["kind"] == "StatefulSet"
    claims = objects(sim, "persistentvolumeclaims")
    assert names(claims) == ["data-web-0", "data-web-1"]
    assert {c["metadata"]["labels"]["app"] for c in claims} == {"web"}
    assert not any(map(owners_of, claims))


def test_the_status_says_what_is(sim):
    sim.create(a_set())
    sim.run()
    status = dict(web(sim)["status"])
    assert status.pop("currentRevision") == status.pop("updateRevision") != ""
    assert status == {
        "availableReplicas": 2,
        "collisionCount": 0,
        "currentReplicas": 2,
        "observedGeneration": 1,
        "readyReplicas": 2,
        "replicas": 2,
        "updatedReplicas": 2,
    }


def test_events(sim):
    sim.create(a_set(replicas=1, volumeClaimTemplates=[CLAIM]))
    sim.run()
    change(sim, replicas=0)
    sim.run()
    assert [(e["reason"], e["message"]) for e in objects(sim, "events")] == [
        ("SuccessfulCreate", "create Claim data-web-0 Pod web-0 in StatefulSet web success"),
        ("SuccessfulCreate", "create Pod web-0 in StatefulSet web successful"),
        ("SuccessfulDelete", "delete Pod web-0 in StatefulSet web successful"),
    ]


def test_the_revision_keeps_the_template(sim):
    sim.create(a_set())
    sim.run()
    (revision,) = objects(sim, "controllerrevisions")
    assert revision["revision"] == 1
    assert revision["data"]["spec"]["template"] == {**web(sim)["spec"]["template"], "$patch": "replace"}
    digest = revision["metadata"]["labels"]["controller.kubernetes.io/hash"]
    assert revision["metadata"]["labels"] == {"app": "web", "controller.kubernetes.io/hash": digest}
    assert revision["metadata"]["name"] == f"web-{digest}" == web(sim)["status"]["updateRevision"]


# --- order -------------------------------------------------------------------------------------


def test_one_after_the_other(sim):
    sim.create(a_set(replicas=4))
    while sim.step() is not None:
        there = sorted(objects(sim, "pods"), key=lambda p: p["metadata"]["name"])
        assert names(there) == [f"web-{i}" for i in range(len(there))]
        assert all(is_ready(p) for p in there[:-1])
    assert len(there) == 4


def test_the_next_one_waits_for_one_that_is_not_well(sim):
    sim.create(a_set(replicas=3, image="broken"))
    sim.run()
    assert list(images(sim)) == ["web-0"]
    assert web(sim)["status"]["replicas"] == 1


def test_in_parallel_nobody_waits(sim):
    sim.create(a_set(replicas=3, image="broken", podManagementPolicy="Parallel"))
    sim.run()
    assert sorted(images(sim)) == ["web-0", "web-1", "web-2"]


def test_down_from_the_top(sim):
    sim.create(a_set(replicas=4))
    sim.run()
    change(sim, replicas=1)
    while sim.step() is not None:
        left = sorted(images(sim))
        assert left == [f"web-{i}" for i in range(len(left))]
    assert left == ["web-0"]


def test_where_the_ordinals_start(sim):
    sim.create(a_set(ordinals={"start": 5}))
    sim.run()
    assert sorted(images(sim)) == ["web-5", "web-6"]
    change(sim, ordinals={"start": 4})
    sim.run()
    assert sorted(images(sim)) == ["web-4", "web-5"]


def test_a_pod_that_goes_or_ends_comes_back_under_its_name(sim):
    sim.create(a_set(replicas=3))
    sim.run()
    before = {p["metadata"]["name"]: uid_of(p) for p in objects(sim, "pods")}
    sim.client.delete("pods", "default/web-1")
    sim.run()
    sim.client.update_status(sim.client.get("pods", "default/web-0"), phase="Failed")
    sim.run()
    after = {p["metadata"]["name"]: uid_of(p) for p in objects(sim, "pods")}
    assert sorted(after) == ["web-0", "web-1", "web-2"]
    assert {name for name in after if after[name] != before[name]} == {"web-0", "web-1"}


def test_min_ready_seconds_are_waited_for_between_two(sim):
    sim.create(a_set(minReadySeconds=10))
    sim.run()
    assert 20 <= sim.now < 23
    assert web(sim)["status"]["availableReplicas"] == 2


# --- updates -----------------------------------------------------------------------------------


def test_updates_go_from_the_top_one_at_a_time(sim):
    sim.create(a_set(replicas=3))
    sim.run()
    new_image(sim)
    while sim.step() is not None:
        ready = [p for p in objects(sim, "pods") if is_ready(p) and not is_deleting(p)]
        assert len(ready) >= 2
        updated = sorted(n for n, image in images(sim).items() if image == "app:2")
        assert updated == [f"web-{i}" for i in range(3 - len(updated), 3)]
    assert set(images(sim).values()) == {"app:2"}
    assert web(sim)["status"]["currentRevision"] == web(sim)["status"]["updateRevision"]


def test_the_partition_holds_lower_ones_back(sim):
    sim.create(a_set(updateStrategy={"rollingUpdate": {"partition": 1}}))
    sim.run()
    new_image(sim)
    sim.run()
    assert images(sim) == {"web-0": "app:1", "web-1": "app:2"}
    status = web(sim)["status"]
    assert (status["currentReplicas"], status["updatedReplicas"]) == (1, 1)
    assert status["currentRevision"] != status["updateRevision"]
    sim.client.delete("pods", "default/web-0")
    sim.run()
    assert images(sim)["web-0"] == "app:1"  # made again as it was
    change(sim, updateStrategy={"rollingUpdate": {"partition": 0}})
    sim.run()
    assert set(images(sim).values()) == {"app:2"}
    assert web(sim)["status"]["currentRevision"] == status["updateRevision"]


def test_on_delete_waits_for_somebody_to_delete(sim):
    sim.create(a_set(updateStrategy={"type": "OnDelete"}))
    sim.run()
    new_image(sim)
    sim.run()
    assert set(images(sim).values()) == {"app:1"}
    sim.client.delete("pods", "default/web-0")
    sim.run()
    assert images(sim) == {"web-1": "app:1", "web-0": "app:2"}


def test_several_may_be_missing(sim):
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}}
    sim.create(a_set(replicas=4, podManagementPolicy="Parallel", updateStrategy=strategy))
    sim.run()
    new_image(sim)
    least = 4
    while sim.step() is not None:
        least = min(least, sum(is_ready(p) and not is_deleting(p) for p in objects(sim, "pods")))
    assert least == 2
    assert set(images(sim).values()) == {"app:2"}


def test_back_to_an_old_version_and_history(sim):
    sim.create(a_set(replicas=1, revisionHistoryLimit=1))
    for image in ("app:2", "app:3", "app:1"):
        sim.run()
        new_image(sim, image)
    sim.run()
    revisions = sorted(r["revision"] for r in objects(sim, "controllerrevisions"))
    assert revisions == [3, 4]
    new_image(sim, "app:3")
    sim.run()
    assert sorted(r["revision"] for r in objects(sim, "controllerrevisions")) == [4, 5]
    assert images(sim) == {"web-0": "app:3"}


# --- claims ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "after_scaling", "after_deletion"),
    [
        ({}, ["data-web-0", "data-web-1"], ["data-web-0", "data-web-1"]),
        ({"whenScaled": "Delete"}, ["data-web-0"], ["data-web-0"]),
        ({"whenDeleted": "Delete"}, ["data-web-0", "data-web-1"], []),
        ({"whenDeleted": "Delete", "whenScaled": "Delete"}, ["data-web-0"], []),
    ],
)
def test_what_becomes_of_claims(sim, policy, after_scaling, after_deletion):
    sim.create(a_set(volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=policy))
    sim.run()
    change(sim, replicas=1)
    sim.run()
    assert names(objects(sim, "persistentvolumeclaims")) == after_scaling
    sim.client.delete("statefulsets", "default/web")
    sim.run()
    assert names(objects(sim, "persistentvolumeclaims")) == after_deletion
    assert not objects(sim, "pods")


def test_pods_of_its_name_are_adopted_and_others_are_not(sim):
    sim.create([pod("web-0", labels={"app": "web"}), pod("other-0", labels={"app": "web"})])
    sim.create(a_set(replicas=1))
    sim.run()
    owners = {p["metadata"]["name"]: controller_of(p) for p in objects(sim, "pods")}
    assert owners["web-0"]["name"] == "web"
    assert owners["other-0"] is None


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_order_of_news_and_the_bad_luck(seed):
    sim, dice = world(StatefulSetController, GarbageCollector, policy="shuffled", seed=seed), Dice(seed)
    sim.create(a_set(replicas=3, volumeClaimTemplates=[CLAIM]))
    for step in range(160):
        if step == 40:
            new_image(sim)
        if step == 80:
            change(sim, replicas=4)
        if dice.below(12, "trouble", step) == 0:
            fault = ("drop", "crash", "resync", "reconnect", "crash_after")[dice.below(5, "fault", step)]
            sim.fault(fault, NAME, *((1 + dice.below(3, step),) if fault == "crash_after" else ()))
        sim.step()
    sim.run()
    assert images(sim) == {f"web-{i}": "app:2" for i in range(4)}
    status = web(sim)["status"]
    assert {status[f] for f in ("replicas", "readyReplicas", "updatedReplicas", "currentReplicas")} == {4}
    assert status["currentRevision"] == status["updateRevision"]
    assert len(objects(sim, "controllerrevisions")) == 2
    assert not annotations_of(web(sim))
    assert not sim.errors()
