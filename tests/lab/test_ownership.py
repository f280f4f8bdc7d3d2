"""The tree of owners as a panel: what has changed, since a step or since a revision, and who keeps his place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k8slearn.api.objects import owner_reference
from k8slearn.lab import studio
from k8slearn.lab.diff import diff
from k8slearn.lab.ownership import COMPARE, ROWS, worth_telling
from k8slearn.lab.studio import Studio
from k8slearn.sim import Simulation
from tests.fakes import configmap, deployment
from tests.fakes import world as bare_world

KEY = "default/web"


@pytest.fixture
def sim() -> Simulation:
    sim = Simulation(nodes=2)
    sim.create(deployment(replicas=2))
    sim.run()
    return sim


@pytest.fixture
def world(sim: Simulation) -> Studio:
    return studio(sim)


def owners(world: Studio) -> dict[str, Any]:
    told = dict(world.frame()["owners"])
    assert json.loads(json.dumps(told)) == told
    return told


def row(world: Studio, kind: str) -> dict[str, Any]:
    return dict(next(row for row in owners(world)["rows"] if row["kind"] == kind))


def tree(world: Studio) -> list[str]:
    return [f"{row['twig']}{row['kind']} {row['name']}" for row in owners(world)["rows"]]


def roll(sim: Simulation) -> None:
    obj = sim.client.get("deployments", KEY)
    obj["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/app:2"
    sim.client.update(obj)
    sim.run()


def test_children_stand_below_those_whose_they_are(world: Studio) -> None:
    kinds = [line.rpartition(" ")[0] for line in tree(world)]
    assert kinds == ["Deployment", "└─ ReplicaSet", "   ├─ Pod", "   └─ Pod"]
    assert row(world, "Deployment")["words"] == "revision 1: 2/2 ready"
    assert row(world, "Pod")["words"] == "Ready"


def test_a_step_marks_what_it_has_made_and_changed(sim: Simulation, world: Studio) -> None:
    made = next(
        s.number for s in sim.trace if any(c.verb == "create" and c.resource == "pods" for c in s.writes)
    )
    world.goto(made)
    assert [row["mark"] for row in owners(world)["rows"] if row["kind"] == "Pod"] == ["+", "+"]
    world.goto(0)
    assert [row["mark"] for row in owners(world)["rows"] if row["mark"]] == []


def test_what_has_changed_is_said_and_the_wish_comes_first(sim: Simulation, world: Studio) -> None:
    sim.client.patch("deployments", KEY, patch={"spec": {"replicas": 3}})
    assert row(world, "Deployment")["changes"] == ["spec.replicas 2 → 3"]
    assert "[spec.replicas 2 → 3]" in world.text("owners")


def test_a_step_that_writes_one_object_twice_is_compared_with_before_the_step() -> None:
    sim = bare_world()
    sim.client.create(configmap("note"))
    world = studio(sim)
    base = sim.store.revision
    for text in ("one", "two"):
        sim.client.patch("configmaps", "default/note", patch={"data": {"text": text}})
    world.order(COMPARE, what=str(base))
    assert row(world, "ConfigMap")["changes"] == ["+ text: two"]


def test_conditions_are_named_and_times_are_left_out() -> None:
    def pod(ready: str, at: str) -> dict[str, Any]:
        condition = {"type": "Ready", "status": ready, "lastTransitionTime": at}
        return {"metadata": {"resourceVersion": at}, "status": {"conditions": [condition]}}

    assert worth_telling(diff(pod("False", "1"), pod("True", "2"))) == ["Ready False → True"]


def test_the_chosen_object_is_told_in_full(sim: Simulation, world: Studio) -> None:
    sim.client.patch("deployments", KEY, patch={"spec": {"replicas": 3}})
    assert owners(world)["chosen"] == []
    world.select(object=KEY)
    told = owners(world)["chosen"][0]
    assert told["object"] == "Deployment web"
    assert told["by"].startswith("client")
    assert ["~", "  replicas: 3", "2"] in told["lines"]
    assert row(world, "Deployment")["chosen"]
    assert not row(world, "Pod")["chosen"]


def test_all_of_one_name_are_told(sim: Simulation, world: Studio) -> None:
    sim.create(configmap("web"))
    world.select(object=KEY)
    assert [each["object"] for each in owners(world)["chosen"]] == ["Deployment web", "ConfigMap web"]


def test_a_picked_revision_is_what_everybody_is_compared_with(sim: Simulation, world: Studio) -> None:
    world.select(object=KEY)
    first = owners(world)["chosen"][0]["revisions"][0][0]
    world.order(COMPARE, what=str(first))
    told = owners(world)
    assert (told["picked"], told["since"]) == (True, first)
    assert [row["mark"] for row in told["rows"]] == ["~", "+", "+", "+"]
    assert f"what has changed since @{first}" in world.text("owners")
    world.goto(0)  # it is yet to come: then it is as if it were not picked, and comes back later
    assert not owners(world)["picked"]
    world.goto(len(sim.trace))
    assert owners(world)["since"] == first
    world.order(COMPARE, what="0")
    assert not owners(world)["picked"]


def test_who_is_gone_keeps_his_place(sim: Simulation, world: Studio) -> None:
    before = tree(world)
    roll(sim)
    after = tree(world)
    assert [line.split()[-1] for line in after[:4]] == [line.split()[-1] for line in before]
    gone = [row for row in owners(world)["rows"] if not row["there"]]
    assert len(gone) == 2
    assert all(row["mark"] == "" and row["pod"] is None for row in gone)
    assert world.text("owners").count("[gone]") == 2
    last = [line.split()[-1] for line in after]
    world.goto(len(sim.trace) // 2)
    places = [last.index(line.split()[-1]) for line in tree(world)]
    assert places == sorted(places), "nobody overtakes anybody while one walks"


def test_what_a_step_has_deleted_is_said(sim: Simulation, world: Studio) -> None:
    sim.create(configmap("note"))
    sim.client.delete("configmaps", "default/note")
    world.select(object="default/note")
    assert "ConfigMap note  [gone now]" in world.text("owners")
    lines = owners(world)["chosen"][0]["lines"]
    assert lines
    assert {mark for mark, *_ in lines} == {"-"}


def test_an_owner_that_was_never_there_cannot_be_chosen() -> None:
    sim = bare_world()
    child = configmap("child")
    child["metadata"]["ownerReferences"] = [
        owner_reference({**configmap("lost"), "kind": "ConfigMap"}) | {"uid": "?"}
    ]
    sim.client.create(child)
    first = owners(studio(sim))["rows"][0]
    assert (first["name"], first["key"], first["there"], first["marks"]) == (
        "lost",
        "",
        False,
        ["is not there"],
    )


def test_a_crowd_is_counted_and_the_gone_give_way(sim: Simulation, world: Studio) -> None:
    roll(sim)
    sim.create([configmap(f"note-{i}") for i in range(ROWS)])
    told = owners(world)
    assert len(told["rows"]) == ROWS
    assert told["more"] == 5
    assert all(row["there"] for row in told["rows"])


def test_an_object_that_was_never_there_is_not_told(world: Studio) -> None:
    world.select(object="default/nobody")
    assert owners(world)["chosen"] == []
