"""The disruption controller: how many pods of a budget may be disturbed, and when it cannot tell.

Facts recorded from Kubernetes v1.36: scenarios pdb-unhealthy and pod-eviction.
"""

from __future__ import annotations

import pytest

from k8slearn.api.clock import timestamp
from k8slearn.api.objects import edit
from k8slearn.controllers import DeploymentController, DisruptionController, ReplicaSetController
from k8slearn.sim import Simulation
from tests.fakes import condition, deployment, named, objects, pod, replicaset, world

EVERYBODY = (DisruptionController, ReplicaSetController, DeploymentController)


@pytest.fixture
def sim() -> Simulation:
    return world(*EVERYBODY)


def budget(app: str = "web", **spec):
    selector = {"matchLabels": {"app": app}}
    return named("PodDisruptionBudget", "pdb", "policy/v1", spec={"selector": selector, **spec})


def status(sim: Simulation):
    return sim.client.get("poddisruptionbudgets", "default/pdb")["status"]


def counts(sim: Simulation) -> tuple[int, int, int, int]:
    found = status(sim)
    return tuple(found[f] for f in ("expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed"))


def test_the_status_says_what_is(sim):
    sim.create([pod("a", labels={"app": "web"}), pod("b", labels={"app": "web"}), budget(minAvailable=2)])
    sim.run()
    found = edit(status(sim))
    del found["conditions"][0]["lastTransitionTime"]
    assert found == {
        "conditions": [
            {
                "type": "DisruptionAllowed",
                "status": "False",
                "reason": "InsufficientPods",
                "message": "",
                "observedGeneration": 1,
            }
        ],
        "currentHealthy": 2,
        "desiredHealthy": 2,
        "disruptionsAllowed": 0,
        "expectedPods": 2,
        "observedGeneration": 1,
    }
    sim.client.patch("poddisruptionbudgets", "default/pdb", patch={"spec": {"minAvailable": 1}})
    sim.run()
    assert counts(sim) == (2, 2, 1, 1)
    assert status(sim)["observedGeneration"] == 2
    assert (
        condition(objects(sim, "poddisruptionbudgets")[0], "DisruptionAllowed")["reason"] == "SufficientPods"
    )


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"minAvailable": 2}, (5, 5, 2, 3)),
        ({"minAvailable": "50%"}, (5, 5, 3, 2)),
        ({"maxUnavailable": 1}, (5, 5, 4, 1)),
        ({"maxUnavailable": "30%"}, (5, 5, 3, 2)),
        ({"maxUnavailable": 9}, (5, 5, 0, 5)),
        ({"maxUnavailable": 0}, (5, 5, 5, 0)),
    ],
)
def test_numbers_and_shares_of_a_deployment(sim, spec, expected):
    sim.create([deployment(replicas=5), budget(**spec)])
    sim.run()
    assert counts(sim) == expected


def test_a_share_is_one_of_what_should_be_there():
    sim = world(DisruptionController, ReplicaSetController, minded=False)
    sim.create([replicaset(replicas=4), budget(maxUnavailable="25%")])
    sim.run()
    assert counts(sim) == (4, 0, 3, 0)


def test_without_pods_nothing_may_be_disturbed(sim):
    sim.create(budget(minAvailable=0))
    sim.run()
    assert counts(sim) == (0, 0, 0, 0)
    assert [(e["reason"], e["source"]["component"]) for e in objects(sim, "events")] == [
        ("NoPods", "controllermanager")
    ]


def test_pods_of_somebody_without_a_scale(sim):
    job = named("Job", "batch", "batch/v1", spec={"template": {"spec": {"restartPolicy": "Never"}}})
    job["spec"]["template"]["spec"]["containers"] = [{"name": "c", "image": "i"}]
    owner = sim.create(job)
    owner = owner[0] if isinstance(owner, list) else sim.client.get("jobs", "default/batch")
    reference = {"apiVersion": "batch/v1", "kind": "Job", "name": "batch", "uid": owner["metadata"]["uid"]}
    reference |= {"controller": True}
    sim.create([pod(metadata={"ownerReferences": [reference]}), budget(maxUnavailable=1)])
    sim.run()
    found = condition(objects(sim, "poddisruptionbudgets")[0], "DisruptionAllowed")
    assert (found["status"], found["reason"]) == ("False", "SyncFailed")
    assert found["message"] == "jobs.batch does not implement the scale subresource"
    assert status(sim)["disruptionsAllowed"] == 0
    assert "CalculateExpectedPodCountFailed" in {e["reason"] for e in objects(sim, "events")}


def test_a_pod_that_was_allowed_to_go_and_stays_counts_again_after_two_minutes(sim):
    sim.create([pod("a", labels={"app": "web"}), pod("b", labels={"app": "web"}), budget(minAvailable=1)])
    sim.run()
    disrupted = {"a": timestamp(sim.now), "long-gone": timestamp(sim.now)}
    sim.client.patch_status(
        "poddisruptionbudgets", "default/pdb", patch={"disruptedPods": disrupted, "disruptionsAllowed": 0}
    )
    sim.run(lambda s: status(s)["currentHealthy"] == 1)
    assert status(sim)["disruptedPods"] == {"a": disrupted["a"]}
    sim.run()
    assert 120 <= sim.now < 125
    assert "disruptedPods" not in status(sim)
    assert counts(sim) == (2, 2, 1, 1)
    assert "NotDeleted" in {e["reason"] for e in objects(sim, "events")}


@pytest.mark.parametrize("seed", range(10))
def test_the_count_is_right_whatever_the_order_of_news(seed):
    sim = world(*EVERYBODY, policy="shuffled", seed=seed)
    sim.create([deployment(replicas=4), budget(maxUnavailable="50%")])
    sim.run(lambda s: s.position > 10 + 5 * seed)
    sim.client.patch("deployments", "default/web", patch={"spec": {"replicas": 6}})
    sim.run()
    assert counts(sim) == (6, 6, 3, 3)
    assert not sim.errors()
