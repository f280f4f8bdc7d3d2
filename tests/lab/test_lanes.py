"""The lives of containers as lanes, who wrote what and when, and the stages as a table."""

from __future__ import annotations

import pytest

from k8slearn import Cluster, Simulation
from k8slearn.lab.chronicle import chronicle
from k8slearn.lab.lanes import lanes, pauses, spans
from k8slearn.lab.onenode import one_node, pod, program
from k8slearn.lab.stagetable import stage_table
from k8slearn.node import REALISTIC


def states(sim, name):
    return [(span.state, span.why) for span in spans(sim, name)]


def test_a_life_is_told_from_creation_to_its_end():
    sim = one_node(pod("shop", program("web", DRAINS_FOR=8)), seconds=20)
    sim.client.delete("pods", "default/shop")
    sim.advance(30)
    assert [state for state, _ in states(sim, "shop")] == ["waits", "ready", "is stopping"]
    *_, last = spans(sim, "shop")
    assert (last.start, last.end) == (20, 28)
    assert lanes(sim, "shop", since=15).text == "shop: ready 15 to 20 s; is stopping 20 to 28 s"


def test_helpers_have_lanes_of_their_own_in_the_order_of_their_start():
    helpers = [program("batch", "first", RUNS_FOR=4), program("web", "beside", restartPolicy="Always")]
    sim = one_node(pod("shop", program("web"), initContainers=helpers), seconds=20)
    lines = lanes(sim, "shop").text.splitlines()
    assert [line.partition(": waits")[0] for line in lines] == ["shop: first", "shop: beside", "shop: app"]
    assert "has ended (exit 0)" in lines[0]


def test_pauses_are_those_that_were_recorded_and_are_over():
    sim = one_node(pod("shop", program("crasher", RUNS_FOR=3)), seconds=700)
    assert pauses(sim, "shop").text == "seconds waited: 10, 20, 40, 80, 160, 300"
    assert states(sim, "shop")[-1] in (("ready", ""), ("backs off", ""))


def test_out_of_memory_is_called_by_its_name():
    eater = program("leaker", MEMORY="32Mi", LEAKS="64Mi", resources={"limits": {"memory": "64Mi"}})
    sim = one_node(pod("shop", eater), seconds=60)
    assert ("has ended", "OOMKilled") in states(sim, "shop")


def test_of_two_pods_with_one_name_the_last_is_told():
    sim = one_node(pod("shop", program("web")), seconds=10)
    sim.client.delete("pods", "default/shop")
    sim.advance(10)
    sim.create(pod("shop", program("web")))
    sim.advance(10)
    assert spans(sim, "shop")[0].start == 20


def test_pictures_are_the_same_bytes_each_time():
    sim = one_node(pod("shop", program("crasher")), seconds=100)
    assert lanes(sim, "shop").png() == lanes(sim, "shop").png()
    assert lanes(sim, "nobody").text == ""
    assert lanes(sim, "nobody").png()


def test_a_chronicle_tells_who_wrote_what_from_a_second_on():
    sim = Simulation(Cluster(nodes=2))
    sim.create(pod("shop", program("web"), nodeName="node-1"))
    sim.advance(100)
    sim.fault("cut_off", "kubelet/node-1")
    sim.advance(400)
    told = chronicle(sim, since=100).text.splitlines()
    assert "node-lifecycle-controller: node node-1 is Ready Unknown" in told[0]
    assert any("has the taint unreachable:NoExecute" in line for line in told)
    assert told[-1].endswith("taint-eviction-controller: pod shop is to be deleted")
    assert "is made" in chronicle(sim, kinds=["pods"]).text


def test_stages_are_read_as_a_table():
    text = stage_table(REALISTIC, "pull", "restart after backing off").text
    assert [line.split("  ")[0] for line in text.splitlines()] == [
        "stage",
        "pull",
        "restart after backing off",
    ]
    assert "crash backoff" in text
    assert len(stage_table(REALISTIC).text.splitlines()) == len(REALISTIC) + 1
    with pytest.raises(ValueError, match="no stage 'push'"):
        stage_table(REALISTIC, "push")
