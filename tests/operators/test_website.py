"""The Website operator: three objects out of one, that follow it, and are its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from k8slearn.api.errors import Invalid
from k8slearn.api.objects import Object, controller_of, edit
from k8slearn.cluster import Cluster
from k8slearn.controllers import GarbageCollector
from k8slearn.operators import WebsiteController, definition
from k8slearn.operators.website import LOOK_AGAIN, holds, parts_of
from k8slearn.sim import Simulation
from k8slearn.sim.schedules import search
from k8slearn.sim.trial import Act, Invariant, Trial, settled_after_resync
from tests.fakes import configmap, hollow, objects

SITES = "websites.example.com"
KEY = "default/bakery"
PARTS = ("configmaps", "deployments", "services")


def site(name: str = "bakery", **spec: object) -> Object:
    metadata = {"name": name, "namespace": "default"}
    spec = {"pages": {"index.html": "Bread", "opening.html": "From six"}, "replicas": 2, **spec}
    return {"apiVersion": "example.com/v1", "kind": "Website", "metadata": metadata, "spec": spec}


@pytest.fixture
def sim() -> Simulation:
    """A whole cluster, whose pods are ready at once."""
    return hollow(adding=[WebsiteController], objects=[definition("websites")])


def available(sim: Simulation) -> tuple[str, str, int]:
    obj = sim.store.get(SITES, KEY)
    (said,) = obj["status"]["conditions"]
    return said["status"], said["reason"], said["observedGeneration"]


def images(sim: Simulation) -> list[str]:
    return sorted(p["spec"]["containers"][0]["image"] for p in objects(sim, "pods"))


# --- what it does ---------------------------------------------------------------------------------


def test_one_object_becomes_three_and_pods(sim):
    sim.create(list(yaml.safe_load_all(Path("examples/operators/website.yaml").read_text())))
    sim.run()
    for resource in PARTS:
        owner = controller_of(sim.store.get(resource, KEY))
        assert (owner["kind"], owner["name"]) == ("Website", "bakery")
    assert images(sim) == ["registry.example/web:1"] * 2
    assert available(sim) == ("True", "AllReady", 1)
    (endpoints,) = objects(sim, "endpointslices")
    assert len(endpoints["endpoints"]) == 2


def test_at_rest_it_writes_nothing(sim):
    sim.create(site())
    sim.run()
    sim.fault("resync", "website-controller")
    sim.run()
    assert not sim.trace[-1].writes
    assert all(not s.calls for s in sim.trace.steps[-3:])


def test_new_pages_are_a_rollout_and_old_ones_go(sim):
    sim.create(site())
    sim.run()
    before = {p["metadata"]["name"] for p in objects(sim, "pods")}
    sim.client.patch(SITES, KEY, patch={"spec": {"pages": {"opening.html": None, "index.html": "Rolls"}}})
    sim.run()
    assert sim.store.get("configmaps", KEY)["data"] == {"index.html": "Rolls"}
    after = {p["metadata"]["name"] for p in objects(sim, "pods")}
    assert len(after) == 2
    assert not after & before
    assert available(sim) == ("True", "AllReady", 2)


def test_it_is_scaled_through_its_own_scale(sim):
    sim.create(site())
    sim.run()
    sim.client.patch(SITES, KEY, patch={"spec": {"replicas": 3}}, subresource="scale")
    sim.run()
    assert len(objects(sim, "pods")) == 3
    assert sim.store.get(SITES, KEY)["status"]["selector"] == "website=bakery"
    assert available(sim) == ("True", "AllReady", 2)


def test_status_says_for_which_generation_it_speaks(sim):
    sim.create(site())
    sim.run()
    sim.client.patch(SITES, KEY, patch={"spec": {"image": "registry.example/web:2"}})
    seen = []
    while sim.step():
        seen.append(available(sim))
    order = list(dict.fromkeys(seen))
    assert order == [("True", "AllReady", 1), ("False", "Progressing", 2), ("True", "AllReady", 2)]


# --- drift, and others ----------------------------------------------------------------------------


def test_what_somebody_changes_is_put_right_and_what_he_adds_stays(sim):
    sim.create(site())
    sim.run()
    change = {"metadata": {"labels": {"team": "ovens"}}, "spec": {"replicas": 7, "paused": False}}
    sim.client.patch("deployments", KEY, patch=change)
    sim.client.delete("services", KEY)
    sim.run()
    deployment = sim.store.get("deployments", KEY)
    assert deployment["spec"]["replicas"] == 2
    assert deployment["metadata"]["labels"]["team"] == "ovens"
    assert sim.store.get("services", KEY) is not None


def test_a_name_that_somebody_else_has_is_left_alone(sim):
    sim.create(configmap("owner"))
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "controller": True}
    owner["uid"] = sim.store.get("configmaps", "default/owner")["metadata"]["uid"]
    theirs = configmap("bakery", metadata={"ownerReferences": [owner]}, data={"mine": "yes"})
    sim.create(theirs)
    sim.create(site())
    sim.run()
    assert sim.store.get("configmaps", KEY)["data"] == {"mine": "yes"}
    assert sim.store.get("deployments", KEY) is None
    assert available(sim) == ("False", "NameTaken", 1)
    sim.client.delete("configmaps", KEY)
    sim.advance(LOOK_AGAIN)
    sim.run()
    assert available(sim) == ("True", "AllReady", 1)


def test_all_of_it_goes_with_the_site(sim):
    sim.create(site())
    sim.run()
    sim.client.delete(SITES, KEY)
    sim.run()
    assert all(objects(sim, r) == [] for r in (SITES, *PARTS, "replicasets", "pods"))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"pages": {}}, "should have at least 1 properties"),
        ({"pages": {"a.html": "A"}}, "there must be an index.html"),
        ({"replicas": -1}, "should be greater than or equal to 0"),
        ({"replicas": "two"}, "must be of type integer"),
    ],
)
def test_what_makes_no_sense_is_refused(sim, spec, message):
    with pytest.raises(Invalid, match=message):
        sim.create(site(**spec))


def test_holds_allows_for_more_than_was_wanted():
    assert holds({"a": [{"b": 1}]}, {"a": [{"b": 1, "default": 2}], "c": 3})
    assert not holds({"a": [{"b": 1}]}, {"a": [{"b": 2}]})
    assert not holds({"a": [1, 2]}, {"a": [1]})


# --- any order, any trouble -----------------------------------------------------------------------


def make_sim() -> Simulation:
    adding = [WebsiteController, GarbageCollector]
    return Simulation(Cluster(0, components=(), adding=adding, objects=[definition("websites")]))


def as_asked(sim: Simulation) -> str | None:
    sites = {o["metadata"]["name"]: o for o in sim.store.list(SITES)}
    for resource in PARTS:
        if {o["metadata"]["name"] for o in sim.store.list(resource)} != set(sites):
            return f"{resource} are not those of {sorted(sites)}"
    for obj in sites.values():
        for part in parts_of(edit(obj)):
            there = sim.store.get(part["kind"].lower() + "s", f"default/{part['metadata']['name']}")
            if not holds(part, there) or there.get("data", {}).keys() != part.get("data", {}).keys():
                return f"{part['kind']} {part['metadata']['name']} is not as it ought to be"
    return None


STORY = (
    Act("asks for two sites", lambda sim: sim.create([site(), site("cafe")])),
    Act(
        "takes a page away",
        lambda s: s.client.patch(SITES, KEY, patch={"spec": {"pages": {"opening.html": None}}}),
    ),
    Act(
        "somebody scales what is ours",
        lambda s: s.client.patch("deployments", KEY, patch={"spec": {"replicas": 9}}),
    ),
    Act("deletes one", lambda sim: sim.client.delete(SITES, "default/cafe")),
    Act("asks for it again", lambda sim: sim.create(site("cafe", replicas=1))),
)


def test_every_trouble():
    players = ("website-controller",)
    promises = (Invariant("as asked", as_asked), settled_after_resync(players))
    found = search(Trial(make_sim, STORY, promises, players, patience=2000))
    assert found.failure is None, found.failure
    assert found.total == 120
