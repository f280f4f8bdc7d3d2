"""The panel "Every decision explained": what it is told, what its knobs ask, and that nothing is written by it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from k8slearn.lab import decision, studio
from k8slearn.lab.panels import PANELS, sheet_png
from k8slearn.lab.studio import Studio
from k8slearn.lab.trays import machines, places, pod, scene
from k8slearn.scheduler import DEFAULT_PLUGINS, Scheduler
from k8slearn.sim import Simulation

GPU = {"cpu": "8", "taints": [{"key": "gpu", "effect": "NoSchedule"}]}


@pytest.fixture
def sim() -> Simulation:
    sim = scene(machines(big="8", small="3", gpu=GPU))
    sim.create([pod("web", "2", "1Gi"), pod("giant", "40")])
    sim.run()
    return sim


@pytest.fixture
def world(sim: Simulation) -> Studio:
    made = studio(sim)
    made.select(object="default/web")
    return made


def told(world: Studio) -> dict[str, Any]:
    return world.frame()["scheduler"]


def test_rows_are_sorted_by_total_and_refusals_come_last(world: Studio) -> None:
    rows = told(world)["rows"]
    assert [(r["node"], r["mark"]) for r in rows] == [
        ("big", "chosen"),
        ("small", "fits"),
        ("gpu", "refused"),
    ]
    assert rows[0]["scores"][0] == [0, 100, 300]
    assert rows[0]["total"] == sum(score[2] for score in rows[0]["scores"] if score)
    assert (rows[2]["plugin"], rows[2]["reasons"]) == (
        "TaintToleration",
        ["node(s) had untolerated taint(s)"],
    )


def test_the_text_says_what_the_table_shows(world: Studio) -> None:
    text = PANELS["scheduler"].text(world.frame())
    assert "default/web → big: the best of 2; 1 refused" in text
    assert "TaintToleration 0→100×3" in text
    assert "✕ refused   TaintToleration: node(s) had untolerated taint(s)" in text
    assert sheet_png(["scheduler"], world.frame()).startswith(b"\x89PNG")


def test_a_pod_that_waits_is_told_word_for_word(world: Studio) -> None:
    world.select(object="default/giant")
    assert told(world)["remark"].startswith(
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu."
    )


def test_a_tie_is_marked_and_told() -> None:
    sim = scene(machines(a="8", b="8"))
    sim.create(pod("p", "1"))
    sim.run()
    found = told(studio(sim))
    assert sorted(row["mark"] for row in found["rows"]) == ["chosen", "tied"]
    assert "by dice, among 2 equally good" in found["remark"]


def test_knobs_ask_what_if_and_write_nothing(sim: Simulation, world: Studio) -> None:
    revision, before = sim.store.revision, places(sim)
    world.order("request", "cpu", "default/web 7000")
    assert told(world)["remark"] == "What if: big, the same node. Nothing is written."
    assert [row["mark"] for row in told(world)["rows"]] == ["chosen", "refused", "refused"]
    world.order("weigh", "NodeResourcesFit", "default/web 9")
    assert next(p for p in told(world)["plugins"] if p["name"] == "NodeResourcesFit")["weight"] == 9
    assert "turned: NodeResourcesFit 9 (was 1)" in world.text("scheduler")
    world.order("request", "cpu", "default/web 9000")
    assert told(world)["remark"] == "What if: no node would do. (It was decided: big.)"
    world.order("as decided")
    assert not told(world)["turned"]
    assert (sim.store.revision, places(sim)) == (revision, before)


def test_a_knob_turned_back_is_not_turned(world: Studio) -> None:
    world.order("request", "cpu", "default/web 3000")
    world.order("request", "cpu", "default/web 2000")
    assert not told(world)["turned"]


def test_knobs_belong_to_one_pod(world: Studio) -> None:
    world.order("request", "cpu", "default/web 3000")
    world.select(object="default/giant")
    assert not told(world)["turned"]


def test_it_goes_back_in_time(world: Studio) -> None:
    world.goto(0)
    assert told(world) is None
    assert world.text("scheduler").endswith("The scheduler has not decided anything yet.")


def test_a_pod_that_is_gone_can_be_looked_at_without_knobs(sim: Simulation, world: Studio) -> None:
    sim.client.delete("pods", "default/web", gracePeriodSeconds=0)
    sim.run()
    assert told(world)["knobs"] == []
    assert told(world)["node"] == "big"


class Careless:
    name = "Careless"

    def filter(self, pod: Any, node: Any) -> str | None:
        raise ZeroDivisionError("division by zero")


def test_a_plugin_that_failed_is_told() -> None:
    sim = scene(machines(a="8"), partial(Scheduler, plugins=[*DEFAULT_PLUGINS, Careless()]))
    assert decision(sim).frame["scheduler"] is None
    sim.create(pod("p", "1"))
    sim.run(until=lambda sim: decision(sim).frame["scheduler"] is not None)
    found = decision(sim, "default/p").frame["scheduler"]
    assert found["remark"] == 'running "Careless" filter plugin: ZeroDivisionError: division by zero'
    assert found["rows"] == []
