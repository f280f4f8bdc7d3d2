"""The owner tree and the fates: read off the notes and the log, with what holds whom."""

from __future__ import annotations

import pytest

from k8slearn.api.errors import NotFound
from k8slearn.api.objects import owner_reference
from k8slearn.lab.fates import fates
from k8slearn.lab.owners import owner_tree
from k8slearn.sim import Simulation
from tests.fakes import configmap, pod, world


@pytest.fixture
def sim() -> Simulation:
    return world()


def own(sim: Simulation, child, *owners, controller: bool = True):
    child["metadata"]["ownerReferences"] = [owner_reference(o, controller=controller) for o in owners]
    return sim.client.create(child)


def test_children_stand_below_their_owners(sim):
    root = sim.client.create(configmap("root"))
    middle = own(sim, configmap("middle"), root)
    own(sim, pod("one"), middle)
    own(sim, pod("two"), middle)
    own(sim, pod("side"), root)
    assert repr(owner_tree(sim)) == (
        "ConfigMap root\n├─ ConfigMap middle\n│  ├─ Pod one\n│  └─ Pod two\n└─ Pod side"
    )


def test_only_the_chosen_resources_are_drawn(sim):
    root = sim.client.create(configmap("root"))
    own(sim, pod("one"), root)
    assert repr(owner_tree(sim, "configmaps")) == "ConfigMap root"
    assert repr(owner_tree(sim, "secrets")) == "nothing"
    with pytest.raises(NotFound):
        owner_tree(sim, "unicorns")


def test_an_owner_that_is_gone_is_drawn_as_gone_even_if_there_is_another_of_its_name(sim):
    root = sim.client.create(configmap("root"))
    own(sim, pod("one"), root)
    sim.client.delete(root)
    sim.client.create(configmap("root"))
    assert repr(owner_tree(sim)) == "ConfigMap root\nConfigMap root  [is not there]\n└─ Pod one"


def test_what_holds_an_object_is_said(sim):
    root = sim.client.create(configmap("root"))
    one = own(sim, pod("one", nodeName="node-0"), root, controller=False)
    sim.client.patch(one, patch={"metadata": {"finalizers": ["example.com/a", "example.com/b"]}})
    assert "Pod one  [belongs, but is not controlled]  [finalizers: example.com/a, example.com/b]" in repr(
        owner_tree(sim)
    )
    sim.client.delete(root, propagationPolicy="Foreground")
    sim.client.delete(one, gracePeriodSeconds=7)
    text = repr(owner_tree(sim))
    assert "ConfigMap root  [to be deleted]  [held by foregroundDeletion]" in text
    assert "[to be deleted, has 7 s to end]  [held by example.com/a, example.com/b]" in text


def test_two_owners_have_it_both_and_a_ring_ends(sim):
    a, b = sim.client.create(configmap("a")), sim.client.create(configmap("b"))
    own(sim, pod("both"), a, b, controller=False)
    assert repr(owner_tree(sim)).count("Pod both") == 2
    sim.client.patch(a, patch={"metadata": {"ownerReferences": [owner_reference(b)]}})
    sim.client.patch(b, patch={"metadata": {"ownerReferences": [owner_reference(a)]}})
    assert repr(owner_tree(sim)).startswith("ConfigMap a\n")


def test_the_picture_says_the_same_as_the_text(sim):
    own(sim, pod("one"), sim.client.create(configmap("a-b")))
    markup = owner_tree(sim)._repr_html_()
    assert "k8s-owners" in markup
    assert "a-b" in markup
    assert "Pod</span> one" in markup


def test_fates_are_told_in_columns_from_a_moment_on(sim):
    root = sim.client.create(configmap("root"))
    one = own(sim, pod("one"), root)
    sim.client.delete(root)
    sim.advance(10)
    sim.client.patch(one, patch={"metadata": {"finalizers": ["example.com/a"]}})
    sim.client.delete(one, gracePeriodSeconds=0)
    sim.client.patch(one, patch={"metadata": {"ownerReferences": []}})
    sim.client.patch(one, patch={"metadata": {"finalizers": []}})
    assert repr(fates({"left": sim, "right": world()}, since=10)).splitlines() == [
        "left",
        "  10 s  client: Pod one is to be deleted, held by example.com/a",
        "  10 s  client: Pod one belongs to nobody now",
        "  10 s  client: Pod one is gone",
        "",
        "right",
    ]
    assert "ConfigMap root is gone" in repr(fates({"all": sim}))
    assert fates({"left": sim, "right": sim}, since=10)._repr_html_().count("<tr>") == 4
