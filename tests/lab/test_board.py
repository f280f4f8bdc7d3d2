"""The panel "nodes and pods": what a simulation's machines and pods become, in words and on paper."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn import Cluster, Simulation
from k8slearn.lab.frames import SimSource
from k8slearn.lab.panels import PANELS, sheet_png
from k8slearn.lab.studio import Studio
from tests.fakes import pod
from tests.node.machine import container


def running(*pods: Any, nodes: int = 2, seconds: float = 60) -> Simulation:
    sim = Simulation(Cluster(nodes))
    sim.create(pods)
    sim.advance(seconds)
    return sim


@pytest.fixture
def sim() -> Simulation:
    big = container(resources={"requests": {"cpu": "2", "memory": "1Gi"}})
    crasher = container("k8slearn/crasher:1", RUNS_FOR=2)
    return running(
        pod("big", containers=[big], nodeName="node-0"),
        pod("crash", containers=[crasher], nodeName="node-0"),
        pod("nowhere", nodeSelector={"disk": "ssd"}),
    )


def board(sim: Simulation, **selection: str) -> Any:
    world = Studio(SimSource(sim))
    world.select(**selection)
    return world.frame()["board"]


def test_a_node_shows_what_is_requested_and_what_is_used(sim: Simulation) -> None:
    cpu, memory = board(sim)["nodes"][0]["meters"]
    assert (cpu["asked"], cpu["has"], memory["asked"], memory["has"]) == (2, 8, 1, 32)
    assert 0 < memory["used"] < 1


def test_a_pod_says_why_it_is_not_well_and_how_often_it_came_back(sim: Simulation) -> None:
    squares = {p["key"]: p for p in board(sim)["nodes"][0]["pods"]}
    crash = squares["default/crash"]
    assert crash["reason"] == "CrashLoopBackOff"
    assert crash["restarts"] >= 2
    assert [p["key"] for p in board(sim)["waiting"]] == ["default/nowhere"]


def test_who_is_evicted_says_so_and_counts_no_more() -> None:
    leaker = container("k8slearn/leaker:1", LEAKS="20Gi", resources={"requests": {"memory": "1Gi"}})
    sim = running(pod("leak", containers=[leaker], nodeName="node-0"), nodes=1, seconds=180)
    (node,) = board(sim)["nodes"]
    assert node["pods"][0]["reason"] == "Evicted"
    assert node["meters"][1]["asked"] == 0
    assert node["signs"][0] == "MemoryPressure True"


def test_a_dead_node_shows_what_is_believed_of_it(sim: Simulation) -> None:
    sim.fault("cut_off", "kubelet/node-0")
    sim.advance(60)
    node = board(sim)["nodes"][0]
    assert not node["ready"]
    assert node["signs"] == ["Ready Unknown", "taint unreachable: NoSchedule, NoExecute"]


def test_the_selected_pod_or_node_is_told_in_words(sim: Simulation) -> None:
    told = board(sim, object="default/crash")["chosen"]
    assert told["title"] == "default/crash"
    assert any("waiting (CrashLoopBackOff)" in line and "exit code 1" in line for line in told["lines"])
    told = board(sim, player="kubelet/node-1")["chosen"]
    assert told["lines"][-1].startswith("Ready True: KubeletReady")
    assert "0/2 nodes are available" in "".join(board(sim, object="default/nowhere")["chosen"]["lines"])
    assert board(sim)["chosen"] is None


def test_the_text_says_it_all(sim: Simulation) -> None:
    text = Studio(SimSource(sim)).text("board")
    assert "default/nowhere Pending (Unschedulable)" in text
    assert "node-0 (ready): cpu 2 of 8" in text
    assert "default/crash Running (CrashLoopBackOff)" in text
    assert "node-1 (ready)" in text
    assert "no pods" in text


def test_sixty_nodes_are_fifty_and_ten_more() -> None:
    sim = running(*[pod(f"p{i}") for i in range(70)], nodes=60, seconds=20)
    frame = Studio(SimSource(sim)).frame()
    assert (len(frame["board"]["nodes"]), frame["board"]["more"]) == (50, 10)
    assert "+10 more nodes" in PANELS["board"].text(frame)
    assert sheet_png(["board"], frame).startswith(b"\x89PNG")
