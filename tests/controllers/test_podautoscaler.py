"""The autoscaler without metrics: bounds hold, zero is off, and what cannot be measured is said.

Facts recorded from Kubernetes v1.36: scenario hpa-without-metrics.
"""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.objects import Object
from k8slearn.controllers import (
    DeploymentController,
    HorizontalPodAutoscalerController,
    ReplicaSetController,
)
from k8slearn.sim import Simulation
from tests.fakes import condition, deployment, named, namespace, objects, world


@pytest.fixture
def sim() -> Simulation:
    return world(HorizontalPodAutoscalerController, minded=False)


def scaler(kind: str = "Deployment", **spec: Any) -> Object:
    target = {"apiVersion": "apps/v1", "kind": kind, "name": "web"}
    body = {"maxReplicas": 5, "scaleTargetRef": target, **spec}
    return named("HorizontalPodAutoscaler", "h", "autoscaling/v2", spec=body)


def look(sim: Simulation) -> Object:
    sim.run()
    return sim.client.get("horizontalpodautoscalers", "default/h")


def replicas(sim: Simulation) -> int:
    return sim.client.get("deployments", "default/web")["spec"]["replicas"]


def test_without_metrics(sim):
    sim.create([deployment(replicas=3), scaler()])
    found = look(sim)
    assert condition(found, "AbleToScale")["reason"] == "SucceededGetScale"
    active = condition(found, "ScalingActive")
    assert (active["status"], active["reason"]) == ("False", "FailedGetResourceMetric")
    assert active["message"] == (
        "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics "
        "for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the "
        "requested resource (get pods.metrics.k8s.io)"
    )
    assert (found["status"]["currentReplicas"], found["status"]["desiredReplicas"]) == (3, 0)
    assert {e["reason"] for e in objects(sim, "events")} == {
        "FailedGetResourceMetric",
        "FailedComputeMetricsReplicas",
    }
    summary = next(e for e in objects(sim, "events") if e["reason"] == "FailedComputeMetricsReplicas")[
        "message"
    ]
    assert summary.startswith(
        "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed to get "
        "cpu utilization: unable to get metrics for resource cpu: "
    )
    assert replicas(sim) == 3


def test_at_zero_it_is_off(sim):
    sim.create([deployment(replicas=0), scaler()])
    found = look(sim)
    active = condition(found, "ScalingActive")
    assert (active["status"], active["reason"]) == ("False", "ScalingDisabled")
    assert active["message"] == "scaling is disabled since the replica count of the target is zero"
    assert "currentReplicas" not in found["status"]
    assert replicas(sim) == 0


@pytest.mark.parametrize(
    ("before", "after", "bound"), [(9, 5, "above Spec.MaxReplicas"), (1, 2, "below Spec.MinReplicas")]
)
def test_the_bounds_hold(sim, before, after, bound):
    sim.create([deployment(replicas=before), scaler(minReplicas=2)])
    found = look(sim)
    assert replicas(sim) == found["status"]["desiredReplicas"] == after
    assert condition(found, "AbleToScale")["reason"] == "SucceededRescale"
    assert "lastScaleTime" in found["status"]
    messages = [e["message"] for e in objects(sim, "events")]
    assert f"New size: {after}; reason: Current number of replicas {bound}" in messages


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("Deployment", 'deployments.apps "web" not found'),
        ("Toy", 'for scale target reference: no matches for kind "Toy" in group "apps"'),
    ],
)
def test_without_a_target_it_waits_and_says_so(sim, kind, title):
    sim.create(scaler(kind))
    found = look(sim)
    able = condition(found, "AbleToScale")
    assert (able["status"], able["reason"]) == ("False", "FailedGetScale")
    assert title in able["message"]
    assert not sim.errors()


def test_it_looks_again_every_fifteen_seconds(sim):
    sim.create([deployment(replicas=3), scaler()])
    look(sim)
    sim.client.patch("deployments", "default/web", patch={"spec": {"replicas": 4}})
    sim.advance(16)
    assert look(sim)["status"]["currentReplicas"] == 4


def test_two_that_count_the_same_pods_stop_each_other_until_one_goes():
    sim = world(HorizontalPodAutoscalerController, DeploymentController, ReplicaSetController)
    other = scaler()
    other["metadata"]["name"] = "other"
    sim.create([deployment(replicas=3), scaler(), other])
    sim.advance(40)
    rivals = "pods by selector app=web are controlled by multiple HPAs: [default/h default/other]"
    for name in ("h", "other"):
        found = sim.client.get("horizontalpodautoscalers", f"default/{name}")
        active = condition(found, "ScalingActive")
        assert (active["reason"], active["message"]) == ("AmbiguousSelector", rivals)
    sim.client.delete("horizontalpodautoscalers", "default/other")
    sim.advance(20)
    assert condition(look(sim), "ScalingActive")["reason"] == "FailedGetResourceMetric"


def test_two_that_count_the_same_labels_in_two_namespaces_do_not_meet():
    sim = world(HorizontalPodAutoscalerController, DeploymentController, ReplicaSetController)
    sim.create(namespace("shop"))
    there = [deployment(replicas=3), scaler()]
    for made in there:
        made["metadata"]["namespace"] = "shop"
    sim.create([deployment(replicas=3), scaler(), *there])
    sim.advance(40)
    assert condition(look(sim), "ScalingActive")["reason"] == "FailedGetResourceMetric"
