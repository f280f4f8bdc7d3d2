"""Claims that live and die with one pod, and claims that ask for more."""

from __future__ import annotations

import pytest

from k8slearn.controllers import EphemeralVolumeController, ExpandController, GarbageCollector
from k8slearn.sim import Simulation
from tests.controllers.test_persistentvolumes import claim
from tests.fakes import objects, pod, world


@pytest.fixture
def sim() -> Simulation:
    return world(EphemeralVolumeController, ExpandController, GarbageCollector)


def scratching(name: str = "p") -> dict:
    template = {"metadata": {"labels": {"what": "scratch"}}, "spec": claim()["spec"]}
    return pod(name, volumes=[{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}])


def events(sim: Simulation) -> list[tuple[str, str, str]]:
    return [(e["type"], e["reason"], e["message"]) for e in objects(sim, "events")]


def test_a_claim_is_made_for_the_pod_and_goes_with_it(sim):
    sim.create(scratching())
    sim.run()
    (made,) = objects(sim, "persistentvolumeclaims")
    (owner,) = made["metadata"]["ownerReferences"]
    assert (made["metadata"]["name"], made["metadata"]["labels"]) == ("p-scratch", {"what": "scratch"})
    assert (owner["kind"], owner["name"], owner["controller"]) == ("Pod", "p", True)
    sim.client.delete("pods", "default/p")
    sim.run()
    (left,) = objects(sim, "persistentvolumeclaims") or [{"metadata": {"deletionTimestamp": ""}}]
    assert "deletionTimestamp" in left["metadata"]


def test_somebody_elses_claim_is_left_alone(sim):
    sim.create([claim("p-scratch"), scratching()])
    sim.run(seconds=10)
    said = (
        "ephemeral volume scratch: PVC default/p-scratch was not created for pod default/p (pod is not owner)"
    )
    assert events(sim) == [("Warning", "FailedBinding", said)]
    assert "ownerReferences" not in objects(sim, "persistentvolumeclaims")[0]
    assert len([s for s in sim.trace.of("ephemeral-volume-controller") if s.action == "reconcile"]) < 16
    sim.client.delete("persistentvolumeclaims", "default/p-scratch")
    sim.run(seconds=10)
    assert objects(sim, "persistentvolumeclaims")[0]["metadata"]["ownerReferences"][0]["name"] == "p"


def test_who_asks_for_more_is_told_who_grows_it(sim):
    sim.create(claim())
    sim.run()
    key = "default/data"
    status = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
    sim.client.patch_status("persistentvolumeclaims", key, patch=status)
    sim.run()
    assert events(sim) == []
    sim.client.patch_status("persistentvolumeclaims", key, patch={"capacity": {"storage": "500Mi"}})
    sim.run()
    told = "waiting for an external controller to expand this PVC"
    assert events(sim) == [("Normal", "ExternalExpanding", told)]
