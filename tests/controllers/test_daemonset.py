"""The DaemonSet controller: one pod on each node that fits, and updates node by node.

Facts recorded from Kubernetes v1.36: scenario daemonset-per-node.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, is_deleting, labels_of
from k8slearn.cluster import Cluster
from k8slearn.controllers import DaemonSetController, GarbageCollector
from k8slearn.controllers.daemonpods import target_of
from k8slearn.controllers.pods import is_ready
from k8slearn.node import HOLLOW, REALISTIC, Kubelet
from k8slearn.scheduler import Scheduler
from k8slearn.sim import Simulation
from tests.fakes import named, objects, template

NAME = "daemonset-controller"
NODES = [f"node-{i}" for i in range(4)]


def world(policy: str = "prompt", seed: int = 0, stages: Any = HOLLOW) -> Simulation:
    machines = [partial(Kubelet, name, stages=stages) for name in NODES]
    components = (DaemonSetController, GarbageCollector, Scheduler)
    return Simulation(Cluster(machines, components=components), policy=policy, seed=seed)


@pytest.fixture
def sim() -> Simulation:
    return world()


def agent(strategy: dict[str, Any] | None = None, pods: dict[str, Any] | None = None, **spec: Any) -> Object:
    labels = {"app": "agent"}
    body = {"selector": {"matchLabels": labels}, "template": template(labels, **(pods or {})), **spec}
    if strategy:
        body["updateStrategy"] = {"rollingUpdate": strategy}
    return named("DaemonSet", "agent", "apps/v1", spec=body)


def status(sim: Simulation) -> Object:
    return sim.client.get("daemonsets", "default/agent")["status"]


def places(sim: Simulation) -> dict[str, str]:
    """node -> image of the pod there."""
    return {target_of(p): p["spec"]["containers"][0]["image"] for p in objects(sim, "pods")}


def new_image(sim: Simulation, image: str = "app:2") -> None:
    changed = template({"app": "agent"}, image)
    sim.client.patch("daemonsets", "default/agent", patch={"spec": {"template": changed}})


def test_one_on_each_node(sim):
    sim.create(agent())
    sim.run()
    assert sorted(places(sim)) == NODES
    assert status(sim) == {
        "currentNumberScheduled": 4,
        "desiredNumberScheduled": 4,
        "numberAvailable": 4,
        "numberMisscheduled": 0,
        "numberReady": 4,
        "observedGeneration": 1,
        "updatedNumberScheduled": 4,
    }


def test_what_its_pods_look_like(sim):
    sim.create(agent())
    sim.run()
    for pod in objects(sim, "pods"):
        labels = dict(labels_of(pod))
        assert len(labels.pop("controller-revision-hash")) == 10
        assert labels == {"app": "agent", "pod-template-generation": "1"}
        tolerated = [t["key"].partition("/")[2] for t in pod["spec"]["tolerations"]]
        assert tolerated[:6] == [
            "not-ready",
            "unreachable",
            "disk-pressure",
            "memory-pressure",
            "pid-pressure",
            "unschedulable",
        ]
        required = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        field = {"key": "metadata.name", "operator": "In", "values": [pod["spec"]["nodeName"]]}
        assert required == {"nodeSelectorTerms": [{"matchFields": [field]}]}


def test_nodes_by_label_as_they_come_and_go(sim):
    sim.run()
    label = {"metadata": {"labels": {"disk": "fast"}}}
    for name in NODES[1:3]:
        sim.client.patch("nodes", name, patch=label)
    sim.create(agent(pods={"nodeSelector": {"disk": "fast"}}))
    sim.run()
    assert sorted(places(sim)) == NODES[1:3]
    sim.client.patch("nodes", NODES[0], patch=label)
    sim.client.patch("nodes", NODES[2], patch={"metadata": {"labels": {"disk": None}}})
    sim.run()
    assert sorted(places(sim)) == NODES[:2]
    assert (status(sim)["desiredNumberScheduled"], status(sim)["numberMisscheduled"]) == (2, 0)


@pytest.mark.parametrize(("effect", "stays"), [("NoSchedule", True), ("NoExecute", False)])
def test_taints(sim, effect, stays):
    sim.create(agent())
    sim.run()
    taints = [{"key": "busy", "effect": effect}]
    sim.client.patch("nodes", NODES[0], patch={"spec": {"taints": taints}})
    sim.run()
    assert (NODES[0] in places(sim)) == stays
    assert status(sim)["desiredNumberScheduled"] == 3
    assert status(sim)["numberMisscheduled"] == int(stays)


def test_a_cordoned_node_keeps_its_daemon(sim):
    sim.run()
    taints = [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]
    sim.client.patch("nodes", NODES[0], patch={"spec": {"unschedulable": True, "taints": taints}})
    sim.create(agent())
    sim.run()
    assert sorted(places(sim)) == NODES


def test_a_pod_that_goes_or_ends_is_replaced(sim):
    sim.create(agent())
    sim.run()
    first, second, *_ = objects(sim, "pods")
    sim.client.delete(first)
    sim.client.update_status(second, phase="Failed")
    sim.run()
    assert sorted(places(sim)) == NODES
    assert all(p["status"]["phase"] == "Running" for p in objects(sim, "pods"))
    assert "FailedDaemonPod" in {e["reason"] for e in objects(sim, "events")}


def test_pods_that_fail_again_and_again_are_replaced_ever_more_slowly(sim):
    broken = agent(pods={"restartPolicy": "Always"})
    broken["spec"]["template"]["metadata"]["annotations"] = {"fake/exit": "1"}
    sim.create(broken)
    sim.advance(60)
    made = sum(e["reason"] == "SuccessfulCreate" for e in objects(sim, "events"))
    assert 4 * 5 <= made <= 4 * 8


def test_rolling_update_one_node_at_a_time():
    sim = world(stages=REALISTIC)
    sim.create(agent())
    sim.run()
    new_image(sim)
    while sim.step() is not None:
        assert sum(is_ready(p) and not is_deleting(p) for p in objects(sim, "pods")) >= 3
    assert places(sim) == dict.fromkeys(NODES, "app:2")
    assert status(sim)["updatedNumberScheduled"] == 4


def test_with_surge_nobody_is_missed():
    sim = world(stages=REALISTIC)
    sim.create(agent({"maxSurge": 2, "maxUnavailable": 0}))
    sim.run()
    new_image(sim)
    most = 0
    while sim.step() is not None:
        staying = [p for p in objects(sim, "pods") if not is_deleting(p)]
        most = max(most, len(staying))
        assert {p["spec"].get("nodeName") for p in staying if is_ready(p)} == set(NODES)
    assert most == 6
    assert places(sim) == dict.fromkeys(NODES, "app:2")
    assert len(objects(sim, "pods")) == 4


def test_on_delete(sim):
    spec = agent()
    spec["spec"]["updateStrategy"] = {"type": "OnDelete"}
    sim.create(spec)
    sim.run()
    new_image(sim)
    sim.run()
    assert set(places(sim).values()) == {"app:1"}
    assert "updatedNumberScheduled" not in status(sim)
    sim.client.delete(objects(sim, "pods")[0])
    sim.run()
    assert sorted(places(sim).values()) == ["app:1"] * 3 + ["app:2"]


def test_history(sim):
    sim.create(agent(revisionHistoryLimit=1))
    for image in ("app:2", "app:3", "app:2"):
        sim.run()
        new_image(sim, image)
    sim.run()
    revisions = objects(sim, "controllerrevisions")
    assert sorted(r["revision"] for r in revisions) == [3, 4]
    assert {labels_of(r)["app"] for r in revisions} == {"agent"}


def test_min_ready_seconds(sim):
    sim.create(agent(minReadySeconds=20))
    sim.run(lambda s: status(s).get("numberReady") == 4)
    assert "numberAvailable" not in status(sim)
    assert status(sim)["numberUnavailable"] == 4
    sim.run()
    assert status(sim)["numberAvailable"] == 4


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_order_of_news_and_the_bad_luck(seed):
    sim, dice = world(policy="shuffled", seed=seed), Dice(seed)
    sim.create(agent({"maxUnavailable": 2} if seed % 2 else {"maxSurge": 1, "maxUnavailable": 0}))
    for step in range(200):
        if step == 60:
            new_image(sim)
        if step == 100:
            sim.client.patch(
                "nodes", "node-3", patch={"spec": {"taints": [{"key": "x", "effect": "NoExecute"}]}}
            )
        if dice.below(12, "trouble", step) == 0:
            fault = ("drop", "crash", "resync", "reconnect", "crash_after")[dice.below(5, "fault", step)]
            sim.fault(fault, NAME, *((1 + dice.below(3, step),) if fault == "crash_after" else ()))
        sim.step()
    for _ in range(20):
        sim.run()
        sim.advance(20)
    assert places(sim) == dict.fromkeys(NODES[:3], "app:2")
    assert len(objects(sim, "pods")) == 3
    found = status(sim)
    assert (found["desiredNumberScheduled"], found["numberAvailable"]) == (3, 3)
    assert (found["updatedNumberScheduled"], found["numberMisscheduled"]) == (3, 0)
    assert not sim.errors()
