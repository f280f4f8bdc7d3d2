"""The tree of owners as a panel: what a step has changed, and one object in two of its revisions."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.lab import studio
from k8slearn.lab.studio import Studio
from k8slearn.sim import Simulation
from tests.fakes import deployment

KEY = "default/web"


@pytest.fixture
def world() -> Studio:
    sim = Simulation(nodes=2)
    sim.create(deployment(replicas=2))
    sim.run()
    return studio(sim)


def owners(world: Studio) -> dict[str, Any]:
    return dict(world.frame()["owners"])


def names(world: Studio) -> list[str]:
    return [f"{row['twig']}{row['kind']}" for row in owners(world)["rows"]][:4]


def test_children_stand_below_those_whose_they_are(world: Studio) -> None:
    assert names(world) == ["Deployment", "└─ ReplicaSet", "   ├─ Pod", "   └─ Pod"]
    assert owners(world)["rows"][0]["words"] == "2 of 2 ready"


def test_a_step_marks_what_it_has_made_and_changed(world: Studio) -> None:
    sim = world.source.sim  # type: ignore[attr-defined]
    made = next(
        s.number for s in sim.trace if any(c.verb == "create" and c.resource == "pods" for c in s.writes)
    )
    world.goto(made)
    assert [row["mark"] for row in owners(world)["rows"] if row["kind"] == "Pod"] == ["+", "+"]
    world.goto(0)
    assert [row["mark"] for row in owners(world)["rows"] if row["mark"]] == []


def test_a_chosen_object_is_compared_with_what_it_was(world: Studio) -> None:
    sim = world.source.sim  # type: ignore[attr-defined]
    sim.client.patch("deployments", KEY, patch={"spec": {"replicas": 3}})
    world.order("look", "deployments", KEY)
    told = owners(world)["diff"]
    assert told["by"].startswith("client")
    assert ["~", "  replicas: 3", "2"] in told["lines"]
    first = told["revisions"][0][0]
    world.order("since", what=str(first))
    assert owners(world)["diff"]["since"] == first
    assert len(owners(world)["diff"]["lines"]) > len(told["lines"])
    world.order("look", "deployments", KEY)  # once more: no longer
    assert owners(world)["diff"] is None


def test_what_a_step_has_deleted_is_said(world: Studio) -> None:
    sim = world.source.sim  # type: ignore[attr-defined]
    sim.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "note", "namespace": "default"}}
    )
    world.order("look", "configmaps", "default/note")
    sim.client.delete("configmaps", "default/note")
    assert owners(world)["gone"] == ["ConfigMap note"]
    assert "- ConfigMap note is gone" in world.text("owners")
    assert "→ gone" in world.text("owners")


def test_an_object_that_was_never_there_has_no_difference(world: Studio) -> None:
    world.order("look", "pods", "default/nobody")
    assert owners(world)["diff"] is None
