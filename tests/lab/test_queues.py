"""What the panel of queues and caches is told, and its twin in words: lag has names, a key knows why it is there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k8slearn import Cluster, Controller, Simulation
from k8slearn.lab import studio
from k8slearn.lab.exercises.lesson02 import deployment
from k8slearn.lab.frames import frame
from k8slearn.lab.podset import PODSET, podset
from k8slearn.lab.queues import pending
from k8slearn.machinery import Done

ME = "watcher"
NOBODY: dict[str, str | None] = {"player": None, "object": None}


class Watcher(Controller):
    """Fails for `bad`, comes back for `slow`, is content with everything else."""

    name, primary = ME, "podsets"

    def reconcile(self, key: str) -> Done | None:
        if key.endswith("bad"):
            raise RuntimeError("not yet")
        return Done(again_in=10) if key.endswith("slow") else None


@pytest.fixture
def sim() -> Simulation:
    return Simulation(Cluster(nodes=0, components=(), kinds=[PODSET], adding=[Watcher]))


def me(sim: Simulation, **selection: str) -> dict[str, Any]:
    told = frame(sim, {**NOBODY, "player": ME, **selection})["queues"]
    assert json.loads(json.dumps(told)) == told
    return told["players"][0]


def words(sim: Simulation) -> list[str]:
    st = studio(sim)
    st.select(player=ME)
    return [line.strip() for line in st.text("queues").split(f"\n{ME}\n")[1].splitlines()]


def test_lag_is_counted_and_named(sim: Simulation) -> None:
    sim.fault("hold", ME)
    sim.create([podset("shop", 1), podset("cafe", 1)])
    cache = me(sim)["caches"][0]
    assert (cache["lag"], cache["state"], cache["store"] - cache["revision"]) == (2, "held", 2)
    assert [(e["mark"], e["words"].split()[0], e["step"]) for e in cache["behind"]] == [
        ("+", "shop", 2),
        ("+", "cafe", 3),
    ]
    assert words(sim) == [
        f"cache of podsets: 0 objects @{cache['revision']}, held, 2 behind the store @{cache['store']}",
        f"not heard yet: + shop @{cache['revision'] + 1}",
        f"not heard yet: + cafe @{cache['revision'] + 2}",
        "ready: nothing",
    ]
    sim.fault("release", ME)
    sim.step()
    assert [e["words"].split()[0] for e in me(sim)["caches"][0]["behind"]] == ["cafe"]


def test_who_has_lost_its_watch_must_list_and_waits_for_nothing(sim: Simulation) -> None:
    sim.create(podset("shop", 1))
    sim.run()
    sim.fault("drop", ME)
    cache = me(sim)["caches"][0]
    assert (cache["state"], cache["behind"]) == ("must list", [])
    assert pending(sim.manager.players[ME].informers[PODSET.name]) == []


def test_a_key_tells_every_step_that_put_it_there(sim: Simulation) -> None:
    sim.create([podset("shop", 1)])
    sim.step()
    for size in (2, 3):
        sim.client.patch("podsets", "default/shop", patch={"spec": {"replicas": size}})
        sim.step()
    ready = me(sim)["ready"]
    assert [each["key"] for each in ready] == ["default/shop"], "three events, one key"
    assert [cause["words"] for cause in ready[0]["because"]] == [
        "podsets shop ADDED",
        "podsets shop MODIFIED",
        "podsets shop MODIFIED",
    ]
    assert all(sim.trace[cause["step"]].action == "deliver" for cause in ready[0]["because"])


def test_what_failed_says_how_often_why_and_when_it_comes_back(sim: Simulation) -> None:
    sim.create(podset("bad", 1))
    for _ in range(4):
        sim.step()
    assert "waiting: default/bad again in 0.01 s, at t=0.015 s (failed twice: RuntimeError)" in words(sim)
    assert "worked on: default/bad (failed (RuntimeError), again in 0.01 s)" in words(sim)
    sim.step()
    assert [cause["words"] for cause in me(sim)["ready"][0]["because"]] == ["its time has come"]


def test_a_key_that_comes_back_by_appointment_has_not_failed(sim: Simulation) -> None:
    sim.create(podset("slow", 1))
    sim.step()
    sim.step()
    assert words(sim)[-2:] == [
        "worked on: default/slow (again in 10 s)",
        "waiting: default/slow again in 10 s, at t=10 s",
    ]


def test_a_key_is_chosen_wherever_it_stands(sim: Simulation) -> None:
    sim.create(podset("shop", 1))
    sim.step()
    sim.fault("hold", ME)
    sim.client.patch("podsets", "default/shop", patch={"spec": {"replicas": 2}})
    told = me(sim, object="default/shop")
    assert told["ready"][0]["chosen"]
    cache = told["caches"][0]
    assert cache["behind"][0]["chosen"]
    assert cache["belief"] == f"default/shop @{cache['revision']}, in the store @{cache['store']}"
    sim.client.delete("podsets", "default/shop")
    assert me(sim, object="default/shop")["caches"][0]["belief"].endswith("in the store no more")
    assert not me(sim, object="default/other")["ready"][0]["chosen"]


def test_a_key_that_somebody_holds_is_being_worked_on(sim: Simulation) -> None:
    queue = sim.manager.players[ME].queue
    queue.add("default/shop")
    queue.get()
    assert me(sim)["working"] == [{"key": "default/shop", "chosen": False, "result": ""}]


def test_unless_somebody_is_chosen_only_those_with_something_to_do_are_told() -> None:
    sim = Simulation(nodes=1)
    assert frame(sim, NOBODY)["queues"] == {"players": [], "more": 0}
    sim.create(deployment(replicas=1))
    names = [each["name"] for each in frame(sim, NOBODY)["queues"]["players"]]
    assert names[0] == "deployment-controller"


def test_a_crowd_is_counted(sim: Simulation) -> None:
    sim.fault("hold", ME)
    sim.create([podset(f"shop-{i}", 1) for i in range(12)])
    cache = me(sim)["caches"][0]
    assert (len(cache["behind"]), cache["more"]) == (8, 4)
    assert "+4 more not heard yet" in words(sim)
    sim.fault("release", ME)
    for _ in range(12):
        sim.step()
    told = me(sim)
    assert (len(told["ready"]), told["more_ready"]) == (8, 4)
    assert "+4 more ready" in words(sim)
