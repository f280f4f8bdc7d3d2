"""The namespace controller: empties what is going, says what keeps it, and lets it go."""

from __future__ import annotations

import pytest

from k8slearn.api import errors
from k8slearn.controllers import NamespaceController
from k8slearn.sim import Simulation
from tests.fakes import condition, configmap, deployment, hollow, named, namespace, objects, pod, world


@pytest.fixture
def sim() -> Simulation:
    sim = world(NamespaceController)
    sim.create(namespace("team"))
    return sim


def team(sim: Simulation):
    return sim.state()["namespaces"].get("team")


def content(sim: Simulation, where: str = "team") -> list[str]:
    return sorted(key for found in sim.state().values() for key in found if key.startswith(f"{where}/"))


def test_everything_in_it_goes_and_then_the_namespace(sim):
    kinds = [
        configmap("a", namespace="team"),
        named("Secret", "b", namespace="team"),
        pod("c", metadata={"namespace": "team"}),
        named("Lease", "d", "coordination.k8s.io/v1", "team", spec={}),
    ]
    sim.create(kinds)
    sim.create(configmap("elsewhere"))
    sim.run()
    sim.client.delete("namespaces", "team")
    sim.run()
    assert (content(sim), team(sim)) == ([], None)
    assert [o["metadata"]["name"] for o in objects(sim, "configmaps")] == ["elsewhere"]


def test_pods_are_given_their_time_and_waited_for():
    sim = Simulation(nodes=1)
    sim.create([namespace("team"), pod("c", metadata={"namespace": "team"})])
    sim.run()
    sim.client.delete("namespaces", "team")
    seen = set()
    while sim.step() is not None:
        assert team(sim) or not content(sim), "the namespace went before its pod"
        seen |= {c["reason"] for c in (team(sim) or {"status": {}})["status"].get("conditions", [])}
    assert "SomeResourcesRemain" in seen
    assert team(sim) is None


def test_a_finalizer_keeps_the_namespace_and_is_named(sim):
    sim.create(configmap("held", namespace="team", metadata={"finalizers": ["a/b"]}))
    sim.client.delete("namespaces", "team")
    sim.advance(5)
    assert team(sim)["status"]["phase"] == "Terminating"
    assert condition(team(sim), "NamespaceContentRemaining")["status"] == "True"
    told = condition(team(sim), "NamespaceContentRemaining")["message"]
    assert told == "Some resources are remaining: configmaps. has 1 resource instances"
    fine = condition(team(sim), "NamespaceDeletionContentFailure")
    assert (fine["status"], fine["reason"]) == ("False", "ContentDeleted")
    assert len(team(sim)["status"]["conditions"]) == 5
    assert "a/b in 1 resource instances" in condition(team(sim), "NamespaceFinalizersRemaining")["message"]
    sim.client.patch("configmaps", "team/held", patch={"metadata": {"finalizers": None}})
    sim.run()
    assert team(sim) is None


def test_while_it_waits_it_does_not_write_the_same_again_and_again(sim):
    sim.create(configmap("held", namespace="team", metadata={"finalizers": ["a/b"]}))
    sim.client.delete("namespaces", "team")
    sim.advance(3)
    before = sim.store.revision
    sim.advance(20)
    assert sim.store.revision == before


def test_a_foreign_finalizer_of_the_namespace_itself_is_respected(sim):
    sim.client.finalize(team(sim) | {"spec": {"finalizers": ["kubernetes", "ex.com/own"]}})
    sim.client.delete("namespaces", "team")
    sim.run()
    assert team(sim)["spec"] == {"finalizers": ["ex.com/own"]}
    sim.client.finalize(team(sim) | {"spec": {"finalizers": []}})
    sim.run()
    assert team(sim) is None


def test_an_empty_one_goes_at_once(sim):
    sim.client.delete("namespaces", "team")
    sim.run()
    assert (team(sim), sim.now) == (None, 0)


def test_living_ones_are_left_alone(sim):
    sim.create(configmap("a", namespace="team"))
    sim.fault("resync", "namespace-controller")
    sim.run()
    assert content(sim) == ["team/a"]


@pytest.mark.parametrize("seed", range(5))
def test_a_namespace_full_of_workloads_goes_while_they_fight_for_it(seed):
    """Controllers that replace what is deleted are told that the namespace is going; nothing is left."""
    sim = hollow(2, policy="shuffled", seed=seed)
    here = {"metadata": {"name": "web", "namespace": "team"}}
    sim.create([namespace("team"), deployment(replicas=3) | here, deployment("stays", replicas=2)])
    for _ in range(40 + 30 * seed):
        sim.step()
    sim.client.delete("namespaces", "team")
    sim.run()
    assert (content(sim), team(sim), sim.errors()) == ([], None, {})
    assert len([p for p in objects(sim, "pods") if p["metadata"]["namespace"] == "default"]) == 2


def test_gone_and_made_again_it_is_empty_and_usable(sim):
    sim.create(configmap("a", namespace="team"))
    sim.client.delete("namespaces", "team")
    with pytest.raises(errors.AlreadyExists):
        sim.client.create(namespace("team"))
    sim.run()
    sim.create([namespace("team"), configmap("b", namespace="team")])
    sim.run()
    assert content(sim) == ["team/b"]


@pytest.mark.parametrize("write", range(1, 6))
def test_a_crash_between_two_writes(sim, write):
    sim.create([configmap(n, namespace="team") for n in "abc"])
    sim.fault("crash_after", "namespace-controller", write)
    sim.client.delete("namespaces", "team")
    sim.run()
    assert (content(sim), team(sim)) == ([], None)
