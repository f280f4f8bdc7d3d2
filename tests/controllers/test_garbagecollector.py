"""The garbage collector: what nobody owns any more goes, in the way that was asked for; by uid, across kinds.

Facts recorded from Kubernetes v1.36: scenarios delete-background, delete-foreground.
"""

from __future__ import annotations

import pytest

from k8slearn.api.objects import owner_reference, uid_of
from k8slearn.controllers import (
    CustomResourceDefinitionController,
    DeploymentController,
    GarbageCollector,
    ReplicaSetController,
)
from k8slearn.sim import Simulation
from tests.crds import crd
from tests.fakes import configmap, deployment, named, names, namespace, objects, pod, replicaset, world

GC = "garbage-collector-controller"


@pytest.fixture
def sim() -> Simulation:
    return world(GarbageCollector)


def own(sim: Simulation, child, *owners, blocking: bool = True):
    """Create `child`, owned by `owners`."""
    references = [{**owner_reference(o, controller=False), "blockOwnerDeletion": blocking} for o in owners]
    child["metadata"]["ownerReferences"] = references
    return sim.client.create(child)


def family(sim: Simulation, **options):
    """A configmap that owns another, which owns a pod."""
    grandparent = sim.client.create(configmap("grandparent"))
    parent = own(sim, configmap("parent"), grandparent, **options)
    child = own(sim, pod("child"), parent, **options)
    sim.run()
    return grandparent, parent, child


def left(sim: Simulation) -> list[str]:
    return names(objects(sim, "configmaps") + objects(sim, "pods"))


# --- the three ways --------------------------------------------------------------------------


def test_background_the_owner_goes_at_once_and_the_others_follow(sim):
    grandparent, *_ = family(sim)
    sim.client.delete(grandparent, propagationPolicy="Background")
    assert left(sim) == ["child", "parent"]
    sim.run()
    assert left(sim) == []


def test_foreground_the_owner_goes_last(sim):
    grandparent, *_ = family(sim)
    sim.client.delete(grandparent, propagationPolicy="Foreground")
    order = []
    while sim.step() is not None:
        order.append(tuple(left(sim)))
    assert list(dict.fromkeys(order)) == [
        ("child", "grandparent", "parent"),
        ("grandparent", "parent"),
        ("grandparent",),
        (),
    ]


def test_foreground_waits_only_for_those_who_block(sim):
    owner = sim.client.create(configmap("owner"))
    own(sim, configmap("held", metadata={"finalizers": ["a/b"]}), owner, blocking=False)
    sim.run()
    sim.client.delete(owner, propagationPolicy="Foreground")
    sim.run()
    assert left(sim) == ["held"]


def test_foreground_waits_for_those_who_are_held(sim):
    owner = sim.client.create(configmap("owner"))
    own(sim, configmap("held", metadata={"finalizers": ["a/b"]}), owner)
    sim.client.delete(owner, propagationPolicy="Foreground")
    sim.run()
    assert left(sim) == ["held", "owner"]
    sim.client.patch("configmaps", "default/held", patch={"metadata": {"finalizers": None}})
    sim.run()
    assert left(sim) == []


def test_orphan_the_dependents_forget_the_owner_and_stay(sim):
    grandparent, *_ = family(sim)
    sim.client.delete(grandparent, propagationPolicy="Orphan")
    sim.run()
    assert left(sim) == ["child", "parent"]
    parent = sim.state()["configmaps"]["default/parent"]
    assert "ownerReferences" not in parent["metadata"] or parent["metadata"]["ownerReferences"] == []


def test_without_a_policy_it_is_the_background(sim):
    grandparent, *_ = family(sim)
    sim.client.delete(grandparent)
    sim.run()
    assert left(sim) == []


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_order_the_whole_family_goes(policy, seed):
    sim = world(GarbageCollector, DeploymentController, ReplicaSetController, policy="shuffled", seed=seed)
    sim.create(deployment(replicas=3))
    for _ in range(10 * seed):
        sim.step()
    sim.client.delete("deployments", "default/web", propagationPolicy=policy)
    sim.run()
    assert {r: o for r, o in sim.state().items() if o and r in ("deployments", "replicasets", "pods")} == {}
    assert sim.errors() == {}


def test_an_orphaned_deployment_leaves_its_pods_running():
    sim = world(GarbageCollector, DeploymentController, ReplicaSetController)
    sim.create(deployment(replicas=2))
    sim.run()
    sim.client.delete("deployments", "default/web", propagationPolicy="Orphan")
    sim.run()
    assert objects(sim, "deployments") == []
    assert (len(objects(sim, "replicasets")), len(objects(sim, "pods"))) == (1, 2)


# --- whose is it -----------------------------------------------------------------------------


def test_an_owner_of_the_same_name_made_again_is_another_owner(sim):
    owner = sim.client.create(configmap("owner"))
    own(sim, configmap("child"), owner)
    sim.client.delete(owner)
    sim.client.create(configmap("owner"))
    sim.run()
    assert left(sim) == ["owner"]


def test_even_if_it_was_not_looking_when_that_happened(sim):
    owner = sim.client.create(configmap("owner"))
    own(sim, configmap("child"), owner)
    sim.run()
    sim.fault("hold", GC)
    sim.client.delete(owner)
    sim.client.create(configmap("owner"))
    sim.fault("drop", GC)
    sim.fault("release", GC)
    sim.run()
    assert left(sim) == ["owner"]


def test_an_owner_that_it_never_hears_of_and_that_goes_is_noticed_all_the_same(sim):
    """It asked, and the owner was there; then its watch was lost, and the new list no longer had the owner."""
    sim.fault("hold", GC, "secrets")
    owner = sim.client.create(named("Secret", "owner"))
    own(sim, configmap("child"), owner)
    sim.run()
    assert left(sim) == ["child"]
    sim.client.delete(owner)
    sim.fault("drop", GC, "secrets")
    sim.fault("release", GC)
    sim.advance(10)
    assert left(sim) == []
    assert sim.manager.players[GC].queue.timers == []


def test_one_of_two_owners_is_enough(sim):
    one, two = sim.client.create(configmap("one")), sim.client.create(configmap("two"))
    own(sim, configmap("child"), one, two)
    sim.run()
    sim.client.delete(one)
    sim.run()
    assert left(sim) == ["child", "two"]
    references = sim.state()["configmaps"]["default/child"]["metadata"]["ownerReferences"]
    assert [r["name"] for r in references] == ["two"]
    sim.client.delete(two)
    sim.run()
    assert left(sim) == []


def test_owners_of_any_kind_it_knows_and_cluster_scoped_ones(sim):
    node = sim.client.create(named("Node", "machine", namespace=""))
    owners = {"configmaps": configmap("o"), "services": named("Service", "o", spec={"ports": [{"port": 80}]})}
    made = [sim.client.create(o) for o in owners.values()]
    for i, owner in enumerate([node, *made]):
        own(sim, pod(f"child{i}"), owner)
    sim.run()
    assert len(objects(sim, "pods")) == 3
    sim.client.delete(node)
    sim.run()
    assert names(objects(sim, "pods")) == ["child1", "child2"]
    for owner in made:
        sim.client.delete(owner)
    sim.run()
    assert objects(sim, "pods") == []


def test_an_owner_it_does_not_watch_is_asked_for(sim):
    lease = sim.client.create(named("Lease", "lock", "coordination.k8s.io/v1", spec={"holderIdentity": "me"}))
    own(sim, configmap("child"), lease)
    sim.run()
    assert left(sim) == ["child"]


def test_an_owner_that_never_was(sim):
    ghost = configmap("ghost", metadata={"uid": "no-such-uid"})
    own(sim, configmap("child"), ghost)
    sim.run()
    assert left(sim) == []


@pytest.mark.parametrize("owner_first", [True, False])
def test_an_owner_in_another_namespace_is_none_and_that_is_said(sim, owner_first):
    sim.client.create(namespace("far"))
    owner = sim.client.create(configmap("owner", metadata={"namespace": "far"}))
    if owner_first:
        sim.run()
    own(sim, pod("child"), owner)
    sim.run()
    assert left(sim) == ["owner"]
    (event,) = [e for e in objects(sim, "events") if e["reason"] == "OwnerRefInvalidNamespace"]
    uid = owner["metadata"]["uid"]
    assert (event["type"], event["involvedObject"]["name"]) == ("Warning", "child")
    assert event["message"] == (
        f"ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: {uid}] does not exist in "
        'namespace "default"'
    )


def test_a_second_owner_in_another_namespace_is_forgotten(sim):
    sim.client.create(namespace("far"))
    stranger = sim.client.create(configmap("stranger", metadata={"namespace": "far"}))
    child = own(sim, configmap("child"), sim.client.create(configmap("owner")), stranger)
    sim.run()
    kept = sim.client.get("configmaps", "default/child")["metadata"]["ownerReferences"]
    assert [o["name"] for o in kept] == ["owner"]
    assert [e["count"] for e in objects(sim, "events")] == [1]
    assert uid_of(child) == uid_of(sim.client.get("configmaps", "default/child"))


def test_a_cluster_scoped_object_whose_owner_lives_in_a_namespace_stays(sim):
    owner = sim.client.create(configmap("owner"))
    node = named("Node", "machine", namespace="")
    own(sim, node, owner)
    sim.run()
    sim.client.delete(owner)
    sim.run()
    assert names(objects(sim, "nodes")) == ["machine"]
    assert [e["reason"] for e in objects(sim, "events")] == ["OwnerRefInvalidNamespace"]


def test_an_owner_of_a_kind_that_is_not_served_may_be_there_all_the_same(sim):
    """Kubernetes tries again, ever more slowly, and deletes nothing."""
    own(sim, configmap("child"), named("Toy", "a", "example.com/v1", metadata={"uid": "some-uid"}))
    before = sim.position
    sim.advance(3600)
    assert left(sim) == ["child"]
    looks = [s for s in list(sim.trace)[before:] if (s.player, s.action) == (GC, "reconcile")]
    assert len(looks) < 25
    assert 'no matches for kind "Toy" in version "example.com/v1"' in str(sim.errors()[GC])


def test_who_saw_the_owner_go_need_not_ask_for_a_kind_that_went_as_well():
    sim = world(GarbageCollector, CustomResourceDefinitionController)
    sim.create(crd("toys", "Toy"))
    sim.run()
    own(sim, configmap("child"), sim.client.create(named("Toy", "a", "example.com/v1")))
    sim.run()
    sim.client.delete("customresourcedefinitions", "toys.example.com")
    sim.run()
    assert (left(sim), sim.errors()) == ([], {})


def test_what_has_no_owner_is_none_of_its_business(sim):
    sim.create([configmap("a"), pod("b")])
    sim.run()
    sim.fault("resync", GC)
    sim.run()
    assert left(sim) == ["a", "b"]
    assert not [c for s in sim.trace if s.player == GC for c in s.writes]


def test_a_reference_that_is_taken_off_saves_the_child(sim):
    owner = sim.client.create(configmap("owner"))
    own(sim, configmap("child"), owner)
    sim.run()
    sim.client.patch("configmaps", "default/child", patch={"metadata": {"ownerReferences": None}})
    sim.client.delete(owner)
    sim.run()
    assert left(sim) == ["child"]


# --- faults ----------------------------------------------------------------------------------


def test_an_owner_that_it_has_not_heard_of_yet_is_asked_for_before_anything_is_deleted(sim):
    """Its news about pods may be ahead of its news about their owners."""
    sim.fault("hold", GC, "configmaps")
    owner = sim.client.create(configmap("owner"))
    own(sim, pod("child"), owner)
    sim.run()
    assert names(objects(sim, "pods")) == ["child"]


@pytest.mark.parametrize("write", [1, 2, 3])
@pytest.mark.parametrize("policy", ["Background", "Foreground", "Orphan"])
def test_a_crash_between_two_writes(sim, policy, write):
    grandparent, *_ = family(sim)
    sim.fault("crash_after", GC, write)
    sim.client.delete(grandparent, propagationPolicy=policy)
    sim.run()
    assert left(sim) == (["child", "parent"] if policy == "Orphan" else [])


def test_a_conflict_is_tried_again(sim):
    grandparent, *_ = family(sim)
    sim.fault("refuse", GC, 1, "Conflict")
    sim.client.delete(grandparent, propagationPolicy="Foreground")
    sim.run()
    assert (left(sim), sim.errors()) == ([], {})


def test_a_replicaset_deleted_in_the_foreground_makes_no_new_pods():
    sim = world(GarbageCollector, ReplicaSetController)
    sim.create(replicaset(replicas=3))
    sim.run()
    before = sim.position
    sim.client.delete("replicasets", "default/web", propagationPolicy="Foreground")
    sim.run()
    assert (objects(sim, "pods"), objects(sim, "replicasets")) == ([], [])
    assert not [
        c for s in sim.trace.steps[before:] for c in s.writes if (c.resource, c.verb) == ("pods", "create")
    ]


# --- news is late ----------------------------------------------------------------------------


def test_a_child_that_it_let_go_itself_stays_though_its_cache_has_not_heard_so(sim):
    parent = sim.client.create(configmap("parent"))
    own(sim, pod("child"), parent)
    sim.run()
    sim.fault("hold", GC, "pods")
    sim.client.delete(parent, propagationPolicy="Orphan")
    sim.run()
    assert left(sim) == ["child"]
    sim.fault("release", GC, "pods")
    sim.run()
    assert left(sim) == ["child"]


def test_a_child_that_has_changed_otherwise_goes_all_the_same(sim):
    parent = sim.client.create(configmap("parent"))
    child = own(sim, pod("child"), parent)
    sim.run()
    sim.fault("hold", GC, "pods")
    sim.client.patch(child, patch={"metadata": {"labels": {"seen": "yes"}}})
    sim.client.delete(parent)
    sim.run()
    assert left(sim) == []


def test_another_child_of_the_same_name_stays(sim):
    parent = sim.client.create(configmap("parent"))
    child = own(sim, pod("child"), parent)
    sim.run()
    sim.fault("hold", GC, "pods")
    sim.client.delete(child, gracePeriodSeconds=0)
    sim.client.create(pod("child"))
    sim.client.delete(parent)
    sim.run()
    assert left(sim) == ["child"]
