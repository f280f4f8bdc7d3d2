"""Pictures of a history: who caused what, who listens to whom, where it stands still, how concerts end."""

from __future__ import annotations

import networkx as nx
import pytest

from k8slearn.controllers import DeploymentController, ReplicaSetController
from k8slearn.lab.band import heard, listening, matrix, meetings, wrote
from k8slearn.lab.causes import cause_graph, causes, deeds
from k8slearn.lab.concerts import RIGHT, concert, concerts, histogram, outcome
from k8slearn.lab.standstill import BAD_DAY, GOOD_DAY, how_far, standstill
from k8slearn.machinery import Controller
from k8slearn.scheduler import Scheduler
from k8slearn.sim import Simulation
from tests.fakes import deployment, service


def played(*missing: str) -> Simulation:
    sim = Simulation(nodes=2)
    for name in missing:
        sim.leave(name)
    sim.create([deployment(replicas=2), service()])
    sim.run()
    return sim


@pytest.fixture(scope="module")
def sim() -> Simulation:
    return played()


def test_the_cause_graph_has_the_traces_steps_and_arrows(sim):
    graph = cause_graph(sim.trace)
    assert set(graph) == {step.number for step in sim.trace}
    assert set(graph.edges) == {(c, step.number) for step in sim.trace for c in step.causes}
    assert [n for n, count in graph.in_degree() if not count] == [1, 2]
    for number in (7, len(graph)):
        assert {s.number for s in sim.trace.why(number)} == nx.ancestors(graph, number) | {number}


def test_between_two_deeds_is_only_hearing_and_waiting(sim):
    graph = cause_graph(sim.trace)
    short = deeds(graph)
    assert set(short) == {step.number for step in sim.trace if step.writes}
    for before, after in short.edges:
        ways = nx.all_simple_paths(graph, before, after)
        assert any(not any(sim.trace[n].writes for n in way[1:-1]) for way in ways)
    for number in short:
        assert nx.ancestors(short, number) == {n for n in nx.ancestors(graph, number) if sim.trace[n].writes}


def test_the_longest_chain_is_told(sim):
    text = repr(causes(sim))
    assert "step 1, client: deployments" in text
    assert "default-scheduler: pods/binding" in text
    assert causes(sim).png() == causes(sim).png()


def test_no_player_meets_another_but_at_a_kind(sim):
    players = {step.player.partition("/")[0] for step in sim.trace}
    graph = meetings(sim.trace)
    assert not [line for line in graph.edges if set(line) <= players]
    assert graph.has_edge("default-scheduler", "pods")
    assert graph.has_edge("kubelet", "pods")
    assert not graph.has_edge("deployment-controller", "pods")


def test_what_was_heard_had_been_written(sim):
    writes = wrote(sim.trace)
    for each, times in heard(sim.trace).items():
        assert times > 0
        assert (each.writer, each.resource) in writes


def test_the_matrix_and_the_listening_say_the_same(sim):
    rows = {line.split("  ")[0]: line for line in repr(matrix(sim)).splitlines()[1:]}
    assert "writes, hears" in rows["replicaset-controller"]
    assert "hears" not in rows["client"]
    text = repr(listening(sim))
    assert "kubelet listens to default-scheduler: pods" in text
    assert "garbage-collector-controller listens to client: deployments, services" in text
    assert "garbage" not in repr(listening(sim, without=["garbage-collector-controller"]))
    assert "client listens" not in text


@pytest.mark.parametrize(
    ("missing", "stops_at"),
    [
        ("deployment-controller", 1),
        ("replicaset-controller", 2),
        ("default-scheduler", 3),
        ("endpointslice-controller", 6),
        ("garbage-collector-controller", 7),
    ],
)
def test_a_world_stands_still_where_somebody_is_missing(missing, stops_at):
    reached = how_far(played(missing))
    assert list(reached) == list(GOOD_DAY)
    assert list(reached.values()) == [True] * stops_at + [False] * (7 - stops_at)


def test_a_standstill_names_what_is_not_there():
    text = repr(standstill({"all": how_far(played()), "none": how_far(played("replicaset-controller"))}))
    assert text.splitlines()[0] == "all: all is there"
    assert text.splitlines()[1].startswith("none: all is there but: pods stored, a node for each")


def test_a_pod_on_a_machine_that_is_cut_off_does_not_count(sim):
    fork = sim.fork()
    moved = next(iter(BAD_DAY.values()))
    assert moved(fork)
    fork.fault("cut_off", "kubelet/node-0")
    assert not moved(fork)


class Idle(Controller):
    primary = "deployments"

    def reconcile(self, key):
        return None


def test_concerts_are_counted_by_how_they_end():
    band = [DeploymentController, ReplicaSetController, Scheduler]
    text = repr(concerts({"players": band, "nobody": [Idle]}, deployment(replicas=2), seeds=6))
    assert text.splitlines() == [f"players: 6 of 6 {RIGHT}", "nobody: 6 of 6 too few"]


def test_a_concert_has_the_mishaps_of_its_seed():
    band = [DeploymentController, ReplicaSetController, Scheduler]
    evenings = [concert(band, deployment(replicas=2), seed) for seed in range(8)]
    struck = [len(sim.trace.of("fault")) for sim in evenings]
    assert set(struck) == {0, 1, 2}
    assert {outcome(sim) for sim in evenings} == {RIGHT}
    again = concert(band, deployment(replicas=2), 3)
    assert again.trace.hash() == evenings[3].trace.hash()


def test_a_histogram_tells_its_range():
    assert repr(histogram([3, 5, 3], "steps", "orders")) == "3 orders: from 3 to 5 steps"
