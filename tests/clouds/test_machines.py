"""Machines that come when pods find no room, and go when they are empty; and Nodes that go with their machines."""

from __future__ import annotations

from functools import partial

import pytest

from k8slearn.api.clock import timestamp
from k8slearn.api.objects import Object, dig, labels_of
from k8slearn.clouds import Machines, Pool, Refused
from k8slearn.clouds.autoscaler import UNNEEDED
from k8slearn.cluster import Cluster
from k8slearn.node import HOLLOW, Kubelet
from k8slearn.sim import Simulation
from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Schedule
from k8slearn.sim.schedules import Luck, troubles
from k8slearn.sim.trial import RECOVERS, Act, Trial
from tests.fakes import condition, deployment, objects, template

KUBELET = partial(Kubelet, stages=HOLLOW)


@pytest.fixture
def sim() -> Simulation:
    return Simulation(Cluster(2, cloud="a", kubelet=KUBELET))


def wide(replicas: int, cpu: str = "3", **spec: object) -> Object:
    """Two of its pods fit on a machine of 8 cores."""
    pods = template({"app": "wide"}, **spec)
    pods["spec"]["containers"][0]["resources"] = {"requests": {"cpu": cpu}}
    return deployment("wide", replicas, template=pods)


def nodes(sim: Simulation) -> list[str]:
    return [n["metadata"]["name"] for n in objects(sim, "nodes")]


def machines(sim: Simulation) -> list[str]:
    return [m["name"] for m in sim.world["machines"].list()]


def kubelets(sim: Simulation) -> list[str]:
    return [p for p in sim.manager.players if p.startswith("kubelet/")]


def running(sim: Simulation) -> int:
    return sum(dig(p, "status", "phase") == "Running" for p in objects(sim, "pods"))


def said(sim: Simulation, reason: str) -> set[str]:
    return {e["message"] for e in objects(sim, "events") if e["reason"] == reason}


def test_nodes_say_what_machine_they_are_and_where(sim):
    first, second = objects(sim, "nodes")
    assert first["spec"]["providerID"] == "cloud-a://north-1/i-0000"
    assert not first["spec"].get("taints")
    zones = [labels_of(n)["topology.kubernetes.io/zone"] for n in (first, second)]
    assert zones == ["north-1", "north-2"]
    assert labels_of(first)["node.kubernetes.io/instance-type"] == "a.large"
    assert said(sim, "Synced") == {"Node synced successfully"}


def test_pods_without_room_bring_machines(sim):
    sim.create(wide(7))
    assert sim.run(lambda s: running(s) == 7)
    assert nodes(sim) == machines(sim) == ["node-0", "node-1", "node-2", "node-3"]
    born = [n["metadata"]["creationTimestamp"] for n in objects(sim, "nodes")[2:]]
    assert born == [timestamp(60)] * 2  # so long it takes to boot
    assert said(sim, "TriggeredScaleUp") == {"pod triggered scale-up: [{workers 2->4 (max: 100)}]"}


def test_pods_too_large_for_one_pool_bring_machines_of_another(sim):
    sim.create(wide(1, "20"))
    sim.run()
    assert [labels_of(n)["node.kubernetes.io/instance-type"] for n in objects(sim, "nodes")] == [
        *["a.large"] * 2,
        "a.huge",
    ]
    assert running(sim) == 1


@pytest.mark.parametrize(
    ("impossible", "why"),
    [
        (wide(1, "99"), "2 Insufficient cpu"),
        (
            wide(1, nodeSelector={"no": "where"}),
            "2 node(s) didn't match Pod's node affinity/selector",
        ),
    ],
)
def test_for_pods_that_no_machine_would_help_none_is_started(sim, impossible, why):
    sim.create(impossible)
    sim.run()
    before = sim.position
    sim.advance(300)
    assert len(machines(sim)) == 2
    assert said(sim, "NotTriggerScaleUp") == {f"pod didn't trigger scale-up: {why}"}
    looks = [
        s for s in list(sim.trace)[before:] if s.player == "cluster-autoscaler" and s.action == "reconcile"
    ]
    assert len(looks) == 30


def test_there_are_never_more_than_the_pools_may_have():
    sim = Simulation(Cluster(2, cloud="b", kubelet=KUBELET))
    sim.create(wide(120))
    sim.run()
    assert len(machines(sim)) == 50
    assert running(sim) == 100
    assert said(sim, "NotTriggerScaleUp") == {"pod didn't trigger scale-up: 1 max node group size reached"}


def test_a_pool_is_never_too_small_for_the_machines_that_were_there_first():
    sim = Simulation(Cluster(120, cloud="a", kubelet=KUBELET))
    assert len(nodes(sim)) == len(machines(sim)) == 120


def test_empty_machines_go_after_ten_minutes_but_for_those_that_were_there_first(sim):
    sim.create(wide(7))
    sim.advance(100)  # so that the autoscaler, which looks now and then, has seen all of them at work
    sim.client.patch("deployments", "default/wide", patch={"spec": {"replicas": 0}})
    emptied = sim.now
    sim.run()
    sim.advance(UNNEEDED - 10)
    assert len(machines(sim)) == 4
    sim.advance(200)
    assert machines(sim) == nodes(sim)
    assert kubelets(sim) == [f"kubelet/{name}" for name in machines(sim)]
    assert len(machines(sim)) == 2
    gone = [
        s.time - emptied for s in sim.trace.of("cluster-autoscaler") for c in s.calls if c.verb == "terminate"
    ]
    assert gone[0] >= UNNEEDED
    assert said(sim, "ScaleDown") == {
        "marked the node as toBeDeleted/unschedulable",
        "node removed by cluster autoscaler",
    }
    assert sim.errors() == {}


def test_a_machine_that_is_gone_takes_its_node_along_and_its_pods_run_elsewhere(sim):
    sim.create(wide(4))
    sim.run()
    sim.meddle("machines", "break_down", "i-0000", now=sim.now)
    sim.run(lambda s: "node-0" not in nodes(s))
    assert said(sim, "DeletingNode") == {
        "Deleting node node-0 because it does not exist in the cloud provider"
    }
    sim.run(lambda s: running(s) == 4 and {p["spec"]["nodeName"] for p in objects(s, "pods")} <= {*nodes(s)})
    assert running(sim) == 4
    assert nodes(sim) == ["node-1", "node-2"]


def test_a_pool_is_told_a_number_and_keeps_to_it():
    pool = Pool("p", "k", "1", "1Gi", price=1, boot=10, least=1, most=3)
    found = Machines((pool,), ("x", "y"))
    for _ in range(2):
        found.resize("p", 3, now=5)
    assert [(m["zone"], m["ready_at"]) for m in found.list()] == [("x", 15), ("y", 15), ("x", 15)]
    for wrong in (0, 4):
        with pytest.raises(Refused, match="between 1 and 3"):
            found.resize("p", wrong, now=5)
    found.break_down("i-0001", now=20)
    assert [m["id"] for m in found.list("p")] == ["i-0000", "i-0002", "i-0003"]
    for _ in range(2):
        found.terminate("i-0000")
    assert found.get("p")["p"]["size"] == 2


# --- players that come and go are part of history -------------------------------------------------


def test_history_with_machines_that_come_and_go_can_be_rewound_and_forked(sim):
    sim.create(wide(7))
    sim.run()
    grown = sim.position
    sim.client.patch("deployments", "default/wide", patch={"spec": {"replicas": 0}})
    sim.advance(1500)
    end, text, state = sim.position, sim.trace.text(), sim.state()
    assert len(kubelets(sim)) == 2
    sim.goto(grown)
    assert len(kubelets(sim)) == 4
    sim.goto(0)
    assert len(kubelets(sim)) == 2
    sim.goto(end)
    assert (sim.trace.text(), sim.state(), len(kubelets(sim))) == (text, state, 2)
    sim.goto(grown)
    other = sim.fork()
    other.client.patch("deployments", "default/wide", patch={"spec": {"replicas": 0}})
    other.advance(1500)
    assert (other.trace.text(), other.state()) == (text, state)


@pytest.mark.parametrize("player", ["cluster-autoscaler", "machine-room", "cloud-node-controller"])
@pytest.mark.parametrize("write", range(1, 4))
@pytest.mark.parametrize("fault", ["crash_after", "lose", "refuse"])
def test_whoever_dies_in_between_no_machine_is_lost_or_doubled(sim, player, write, fault):
    sim.fault(fault, player, write)
    sim.create(wide(7))
    sim.advance(600)
    assert running(sim) == 7
    assert nodes(sim) == machines(sim) == ["node-0", "node-1", "node-2", "node-3"]
    sim.client.patch("deployments", "default/wide", patch={"spec": {"replicas": 0}})
    for _ in range(3):
        sim.advance(300)
        sim.crash(player)
    sim.advance(1500)
    assert len(nodes(sim)) == len(machines(sim)) == len(kubelets(sim)) == 2
    assert condition(objects(sim, "nodes")[0], "Ready")["status"] == "True"


def test_a_machine_that_is_only_cut_off_is_not_waited_for(sim):
    """It is there, and its Node is: pods that need room get another machine."""
    sim.fault("cut_off", "kubelet/node-0")
    sim.run(lambda s: condition(s.client.get("nodes", "node-0"), "Ready")["status"] == "Unknown")
    sim.create(wide(3))
    sim.run(lambda s: running(s) == 3)
    assert machines(sim) == nodes(sim) == ["node-0", "node-1", "node-2"]


def test_who_comes_after_one_that_died_before_switching_off_goes_on(sim):
    sim.create(wide(5))
    sim.run()
    sim.client.patch("deployments", "default/wide", patch={"spec": {"replicas": 0}})
    sim.advance(UNNEEDED - 20)
    sim.fault("crash_after", "cluster-autoscaler", 1)  # the taint
    sim.run(lambda s: any("crashed" in x.result for x in s.trace.of("cluster-autoscaler")))
    assert len(machines(sim)) == 3
    died = sim.now
    sim.run(lambda s: len(machines(s)) == 2)
    assert sim.now == died + UNNEEDED - 600  # at once, and not ten minutes later


# --- storms ---------------------------------------------------------------------------------------

PLAYERS = ("cluster-autoscaler", "machine-room", "cloud-node-controller", "cloud-node-lifecycle-controller")


def small() -> Simulation:
    return Simulation(Cluster(2, cloud="a", kubelet=KUBELET))


def ask(sim: Simulation) -> None:
    sim.create(wide(7))


def accident(sim: Simulation) -> None:
    there = sim.world["machines"].list()
    sim.meddle("machines", "break_down", there[0]["id"], now=sim.now)
    sim.advance(300)


def less(sim: Simulation) -> None:
    sim.client.patch("deployments", "default/wide", patch={"spec": {"replicas": 3}})
    sim.advance(300)


STORY = (Act("asks for seven", ask), Act("a machine breaks down", accident), Act("needs only three", less))


def unlike(sim: Simulation) -> str | None:
    """As on a calm day: three pods run; machines, nodes and kubelets are the same, and none is there in vain."""
    there = {m["name"] for m in sim.world["machines"].list()}
    busy = {dig(p, "spec", "nodeName") for p in objects(sim, "pods")}
    if {*nodes(sim)} != there or {f"kubelet/{name}" for name in there} != {*kubelets(sim)}:
        return f"machines {there}, nodes {nodes(sim)}, {kubelets(sim)}"
    if running(sim) != 3 or len(objects(sim, "pods")) != 3:
        return f"{running(sim)} pods run"
    return f"{there} for {busy}" if len(there) > max(2, len(busy)) else None


def storm(seed: int) -> str | None:
    of = Trial(small, STORY, (), PLAYERS, patience=30_000)
    faults = [*troubles(of), ("compact", 0)]
    for player in PLAYERS:
        faults += [("lose", player, 1), ("crash_after", player, 1), ("crash_after", player, 2)]
    play = Play(of, Schedule("storm"), Luck(seed, faults))
    failure, sim = play.run(), play.sim
    if failure is not None and failure.invariant != RECOVERS:
        return f"{failure.invariant}: {failure.message}"
    for player in PLAYERS:
        sim.fault("heal", player)
    for _ in range(4):
        sim.advance(1000)
        if unlike(sim) is None and not sim.errors():
            return None
    return unlike(sim) or f"still fails: {sim.errors()}"


@pytest.mark.parametrize("seed", range(8))
def test_storms_end_as_a_calm_day_does(seed):
    assert storm(seed) is None
