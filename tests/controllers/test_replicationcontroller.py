"""The ReplicationController: the ReplicaSet's loop for the older kind."""

from __future__ import annotations

import pytest

from k8slearn.api.objects import controller_of
from k8slearn.controllers import ReplicationControllerController
from tests.fakes import named, objects, pod, template, world


@pytest.mark.parametrize("seed", range(6))
def test_as_many_pods_as_were_asked_for(seed):
    sim = world(ReplicationControllerController, policy="shuffled", seed=seed)
    labels = {"app": "old"}
    sim.create(pod("mine", labels=labels))
    spec = {"replicas": 3, "selector": labels, "template": template(labels)}
    sim.create(named("ReplicationController", "old", spec=spec))
    sim.run()
    pods = objects(sim, "pods")
    assert len(pods) == 3
    assert {controller_of(p)["kind"] for p in pods} == {"ReplicationController"}
    assert "mine" in [p["metadata"]["name"] for p in pods]
    sim.client.patch("replicationcontrollers", "default/old", patch={"spec": {"replicas": 1}})
    sim.run()
    assert len(objects(sim, "pods")) == 1
    assert sim.client.get("replicationcontrollers", "default/old")["status"] == {
        "replicas": 1,
        "fullyLabeledReplicas": 1,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "observedGeneration": 2,
    }
