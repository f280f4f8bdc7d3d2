"""Decisions as kube-scheduler-simulator writes them down, and decisions that might have been."""

from __future__ import annotations

import json
from functools import partial

import pytest

from k8slearn.scheduler import EVERYTHING, Scheduler
from k8slearn.scheduler.annotations import PREFIX, as_annotations
from k8slearn.scheduler.whatif import what_if
from k8slearn.sim import Simulation
from tests.fakes import pod
from tests.scheduler.fixtures import asking, cluster, get, scheduler

ALL = (partial(Scheduler, watches=EVERYTHING),)


@pytest.fixture
def sim() -> Simulation:
    sim = cluster({"cpu": "4"}, {}, {"taints": [{"key": "a", "effect": "NoSchedule"}]}, components=ALL)
    sim.create(asking("p", cpu="2", memory="8Gi"))
    sim.run()
    return sim


def written(sim: Simulation, name: str) -> dict[str, str]:
    decision = scheduler(sim).explain(f"default/{name}")
    assert decision is not None
    return {k.removeprefix(PREFIX): v for k, v in as_annotations(decision).items()}


def test_annotations_of_a_pod_that_got_a_node(sim: Simulation) -> None:
    said = written(sim, "p")
    assert said["selected-node"] == "node-1"
    filters = json.loads(said["filter-result"])
    assert filters["node-2"] == {
        "NodeUnschedulable": "passed",
        "NodeName": "passed",
        "TaintToleration": "node(s) had untolerated taint(s)",
    }
    assert set(filters["node-1"].values()) == {"passed"}
    assert json.loads(said["score-result"])["node-0"] == {
        "ImageLocality": "0",
        "NodeAffinity": "0",
        "NodeResourcesBalancedAllocation": "87",
        "NodeResourcesFit": "62",
        "TaintToleration": "0",
    }
    assert json.loads(said["finalscore-result"])["node-0"]["TaintToleration"] == "300"
    assert json.loads(said["bind-result"]) == {"DefaultBinder": "success"}
    assert json.loads(said["reserve-result"]) == {"VolumeBinding": "success"}
    assert all(isinstance(v, str) for v in said.values())


def test_annotations_of_a_pod_that_is_wrong_itself(sim: Simulation) -> None:
    sim.create(pod("q", volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "none"}}]))
    sim.run()
    said = written(sim, "q")
    status = json.loads(said["prefilter-result-status"])
    assert status["VolumeBinding"] == 'persistentvolumeclaim "none" not found'
    assert (said["filter-result"], said["bind-result"], said["selected-node"]) == ("{}", "{}", "")


def test_annotations_of_a_pod_for_which_others_make_room() -> None:
    sim = cluster({"cpu": "2"}, components=ALL)
    sim.create(asking("low", cpu="2"))
    sim.run()
    sim.create(asking("high", cpu="2", priority=9))
    sim.run(until=lambda s: "nominatedNodeName" in get(s, "high")["status"])
    said = json.loads(written(sim, "high")["postfilter-result"])
    assert said == {"node-0": {"DefaultPreemption": "preemption victim"}}


def test_what_if_nothing_were_different(sim: Simulation) -> None:
    really = scheduler(sim).explain("default/p")
    assert really is not None
    again = what_if(scheduler(sim), get(sim, "p"))
    assert again.table() == really.table()
    assert again.node == really.node


def test_what_if_weights_or_requests_were_different(sim: Simulation) -> None:
    before = sim.state(), scheduler(sim).soft_state()
    heavy = what_if(scheduler(sim), get(sim, "p"), weights={"NodeResourcesFit": 10})
    row = next(r for r in heavy.table() if r["node"] == "node-0")
    assert row["scores"]["NodeResourcesFit"] == (62, 62, 620)
    nothing = what_if(scheduler(sim), get(sim, "p"), weights={"NodeResourcesFit": 0})
    assert nothing.total["node-0"] == row["total"] - 620
    greedy = what_if(scheduler(sim), get(sim, "p"), requests={"cpu": "6"})
    assert greedy.table()[0]["refused"] == ["Insufficient cpu"]
    nowhere = what_if(scheduler(sim), get(sim, "p"), requests={"cpu": "600"})
    assert (nowhere.node, nowhere.candidates) == ("", 0)
    assert (sim.state(), scheduler(sim).soft_state()) == before
    assert scheduler(sim).snapshot.where["default/p"] == "node-1"
    with pytest.raises(LookupError, match='plugin "Nope" does not score'):
        what_if(scheduler(sim), get(sim, "p"), weights={"Nope": 1})
    with pytest.raises(LookupError, match='"other" is not a profile of default-scheduler'):
        what_if(scheduler(sim), pod("q", schedulerName="other"))
