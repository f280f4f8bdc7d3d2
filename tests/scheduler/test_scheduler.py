"""What people see of the scheduler: where pods go, what is said when they cannot, and when it tries again."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from k8slearn.cluster import Cluster
from k8slearn.node import HOLLOW, Kubelet
from k8slearn.scheduler import Scheduler
from k8slearn.sim import Simulation
from tests.fakes import hollow, pod
from tests.scheduler.fixtures import asking, cluster, events, message, node_of, scheduler

NOT_HELPFUL = "Preemption is not helpful for scheduling"


def test_a_pod_gets_a_node_and_an_event_says_which() -> None:
    sim = hollow(1)
    sim.create(pod("p"))
    sim.run()
    assert node_of(sim, "p") == "node-0"
    assert events(sim, "p") == [("Normal", "Scheduled", "Successfully assigned default/p to node-0", 1)]


def test_what_fits_nowhere_says_why_as_kubernetes_does() -> None:
    sim = cluster(*[{}] * 3)
    sim.create(asking("p", cpu="500"))
    sim.run()
    text = (
        "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, "
        f"preemption: 0/3 nodes are available: 3 {NOT_HELPFUL}."
    )
    assert message(sim, "p") == text
    assert events(sim, "p") == [("Warning", "FailedScheduling", text, 1)]


def test_reasons_are_counted_over_nodes_and_sorted() -> None:
    taint = {"key": "fid", "value": "1", "effect": "NoSchedule"}
    sim = cluster({"taints": [taint]}, {}, {"cpu": "4"})
    sim.create(asking("full", cpu="3", nodeName="node-2"))
    sim.create(asking("p", cpu="2", nodeSelector={"kubernetes.io/hostname": "node-2"}))
    sim.run()
    assert message(sim, "p") == (
        "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector, "
        "1 node(s) had untolerated taint(s). no new claims to deallocate, "
        "preemption: 0/3 nodes are available: "
        f"1 No preemption victims found for incoming pod, 2 {NOT_HELPFUL}."
    )


def test_all_that_is_missing_on_one_node_is_named() -> None:
    sim = cluster({})
    resources = {
        "requests": {"cpu": "500", "memory": "900Gi", "ex.com/gpu": "1"},
        "limits": {"ex.com/gpu": "1"},
    }
    sim.create(pod("q", containers=[{"name": "c", "image": "i:1", "resources": resources}]))
    sim.run()
    assert message(sim, "q").startswith(
        "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient ex.com/gpu, 1 Insufficient memory. "
    )


def test_without_any_node() -> None:
    sim = cluster()
    sim.create(pod("p"))
    sim.run()
    assert message(sim, "p") == "no nodes available to schedule pods"


def test_a_pod_that_waits_is_tried_again_when_room_is_made() -> None:
    sim = cluster({"cpu": "2"})
    sim.create([asking("first", cpu="2"), asking("second", cpu="2")])
    sim.run()
    assert node_of(sim, "second") is None
    sim.advance(60)
    sim.client.delete("pods", "default/first")
    sim.run()
    assert node_of(sim, "second") == "node-0"


def test_it_backs_off_one_second_and_then_twice_as_long() -> None:
    sim = cluster({"cpu": "2"})
    sim.create([asking("first", cpu="2"), asking("second", cpu="2")])
    sim.run()
    sim.client.delete("pods", "default/first")
    sim.run(until=lambda s: not scheduler(s).queue.unschedulable)
    sim.create(asking("third", cpu="2", nodeName="node-0"))  # takes the room before the backoff is over
    sim.run()
    assert sim.now == 1.0
    assert node_of(sim, "second") is None
    assert scheduler(sim).queue.attempts["default/second"] == 2
    sim.client.delete("pods", "default/third")
    sim.run()
    assert (sim.now, node_of(sim, "second")) == (3.0, "node-0")


def test_alike_pods_that_wait_are_asked_about_once_and_all_come_back() -> None:
    sim = cluster({"cpu": "2", "labels": {"disk": "hdd"}})
    sim.create([pod(f"p{i}", nodeSelector={"disk": "ssd"}) for i in range(5)])
    sim.create(pod("other", nodeSelector={"disk": "tape"}))
    sim.run()
    assert len({p.like for p in scheduler(sim).queue.unschedulable.values()}) == 2
    sim.client.patch("nodes", "node-0", patch={"metadata": {"labels": {"disk": "ssd"}}})
    sim.run()
    assert {node_of(sim, f"p{i}") for i in range(5)} == {"node-0"}
    assert node_of(sim, "other") is None


def test_what_changes_nothing_for_a_pod_does_not_wake_it() -> None:
    sim = cluster({"cpu": "2"}, {"cpu": "2"})
    sim.create([asking("small", cpu="1"), asking("huge", cpu="64")])
    sim.run()
    sim.client.delete("pods", "default/small")
    sim.client.patch("nodes", "node-0", patch={"metadata": {"labels": {"new": "label"}}})
    sim.run()
    assert events(sim, "huge")[0][3] == 1


def test_after_five_minutes_it_is_tried_again_whatever_happened() -> None:
    sim = cluster({})
    sim.create(asking("huge", cpu="64"))
    sim.advance(299)
    assert events(sim, "huge")[0][3] == 1
    sim.advance(2)
    assert events(sim, "huge")[0][3] == 2
    sim.advance(300)
    assert events(sim, "huge")[0][3] == 3


def test_a_new_node_that_fits_is_taken_at_once_after_the_backoff() -> None:
    sim = cluster({"labels": {"disk": "hdd"}})
    sim.create(pod("p", nodeSelector={"disk": "ssd"}))
    sim.run()
    sim.advance(10)
    sim.client.patch("nodes", "node-0", patch={"metadata": {"labels": {"disk": "ssd"}}})
    sim.run()
    assert (sim.now, node_of(sim, "p")) == (10.0, "node-0")


def test_other_peoples_pods_and_gated_pods_are_left_alone() -> None:
    sim = cluster({})
    sim.create(
        [pod("theirs", schedulerName="other"), pod("gated", schedulingGates=[{"name": "example.com/wait"}])]
    )
    sim.run()
    assert (node_of(sim, "theirs"), node_of(sim, "gated")) == (None, None)
    assert events(sim, "theirs") == events(sim, "gated") == []
    sim.client.patch("pods", "default/gated", patch={"spec": {"schedulingGates": None}})
    sim.run()
    assert node_of(sim, "gated") == "node-0"


def test_a_second_scheduler_places_the_pods_that_name_it() -> None:
    machines = [partial(Kubelet, "node-0", stages=HOLLOW)]
    sim = Simulation(Cluster(machines, components=[Scheduler, partial(Scheduler, "other")]))
    sim.create([pod("p"), pod("q", schedulerName="other")])
    sim.run()
    sources = {
        e["message"]: e["source"]["component"]
        for e in sim.client.list("events")
        if e["reason"] == "Scheduled"
    }
    assert sources == {
        "Successfully assigned default/p to node-0": "default-scheduler",
        "Successfully assigned default/q to node-0": "other",
    }


def test_the_highest_priority_goes_first_and_among_equals_the_oldest() -> None:
    sim = cluster({"cpu": "2"})
    sim.fault("hold", "default-scheduler", "pods")
    sim.create([asking("low"), asking("high", priority=1000), asking("high-too", priority=1000)])
    sim.fault("release", "default-scheduler", "pods")
    sim.run()
    assert [node_of(sim, name) for name in ("low", "high", "high-too")] == [None, "node-0", "node-0"]


def test_room_that_was_promised_is_not_promised_twice() -> None:
    """The scheduler hears nothing of its own bindings, and must remember them."""
    sim = cluster({"cpu": "2"}, {"cpu": "2"}, policy="fair")
    sim.create([asking(f"p{i}", cpu="2") for i in range(3)])
    sim.run(until=lambda s: scheduler(s).cache.get("pods", "default/p2") is not None)
    sim.fault("hold", "default-scheduler", "pods")
    sim.run()
    bound = [node_of(sim, f"p{i}") for i in range(3)]
    assert sorted(filter(None, bound)) == ["node-0", "node-1"]


def test_a_refused_binding_is_tried_again() -> None:
    sim = cluster({})
    sim.fault("refuse", "default-scheduler", 1, "InternalError")
    sim.create(pod("p"))
    sim.run()
    assert node_of(sim, "p") == "node-0"
    assert not sim.errors()


def test_a_pod_that_somebody_else_has_bound_stays_there() -> None:
    sim = cluster({}, {})
    sim.fault("hold", "default-scheduler", "pods")
    sim.create(pod("p"))
    sim.fault("release", "default-scheduler", "pods")
    sim.step()  # the scheduler hears of the pod, and before it acts:
    sim.client.bind(sim.client.get("pods", "default/p"), "node-1")
    sim.run()
    assert node_of(sim, "p") == "node-1"
    assert not sim.errors()


def test_a_node_that_is_gone_is_no_candidate() -> None:
    sim = cluster({}, {})
    sim.client.delete("nodes", "node-0")
    sim.create([pod(f"p{i}") for i in range(3)])
    sim.run()
    assert {node_of(sim, f"p{i}") for i in range(3)} == {"node-1"}


def test_finished_pods_take_no_room() -> None:
    sim = cluster({"cpu": "1"})
    sim.create(asking("batch", restartPolicy="Never", metadata={"annotations": {"fake/exit": "0"}}))
    sim.run()
    sim.create(asking("next"))
    sim.run()
    assert node_of(sim, "next") == "node-0"


def test_every_decision_is_explained() -> None:
    sim = cluster({"cpu": "4"}, {}, {"taints": [{"key": "a", "effect": "NoSchedule"}]})
    sim.create(asking("p", cpu="2", memory="8Gi"))
    sim.run()
    decision = scheduler(sim).explain("default/p")
    assert decision is not None
    small, big, tainted = decision.table()
    assert small == {
        "node": "node-0",
        "total": 3 * 100 + 0 + 62 + 87,
        "chosen": False,
        "scores": {
            "TaintToleration": (0, 100, 300),
            "NodeAffinity": (0, 0, 0),
            "NodeResourcesFit": (62, 62, 62),  # the mean of 50 % of the cpu and 75 % of the memory
            "NodeResourcesBalancedAllocation": (87, 87, 87),  # 1 - (0.5 - 0.25) / 2
            "ImageLocality": (0, 0, 0),
        },
    }
    assert (big["total"], big["chosen"]) == (300 + 75 + 100, True)
    assert tainted == {
        "node": "node-2",
        "plugin": "TaintToleration",
        "refused": ["node(s) had untolerated taint(s)"],
    }
    assert (decision.candidates, decision.nodes, decision.ties) == (2, 3, ("node-1",))
    assert scheduler(sim).explain("default/nobody") is None


def test_pods_spread_over_equal_nodes() -> None:
    sim = cluster(*[{}] * 5)
    sim.create([asking(f"p{i}") for i in range(20)])
    sim.run()
    placed = [node_of(sim, f"p{i}") for i in range(20)]
    assert {placed.count(f"node-{i}") for i in range(5)} == {4}


def test_ties_are_broken_by_the_seed_and_by_nothing_else() -> None:
    def places(seed: int) -> list[str | None]:
        sim = cluster(*[{}] * 8, seed=seed)
        sim.create([pod(f"p{i}") for i in range(4)])
        sim.run()
        return [node_of(sim, f"p{i}") for i in range(4)]

    assert places(1) == places(1)
    assert len({tuple(places(seed)) for seed in range(4)}) > 1


@pytest.mark.parametrize("policy", ["prompt", "fair", "shuffled"])
def test_rewinding_and_going_on_gives_the_same_history(policy: str) -> None:
    """What the scheduler builds from its cache (snapshot, rankings) is not saved, and nobody can tell."""
    sim = cluster({"cpu": "4"}, {"cpu": "4"}, {"cpu": "2"}, policy=policy, seed=3)
    sim.create([asking(f"p{i}", cpu="2") for i in range(8)])
    sim.run()
    for i in range(3):
        sim.client.delete("pods", f"default/p{i}")
    sim.run()
    text, state, end = sim.trace.text(), sim.state(), sim.position
    explained = {k: d.table() for k, d in scheduler(sim).decisions.items()}
    for position in range(0, end, max(end // 12, 1)):
        sim.goto(position)
        repeated = [sim.step() for _ in range(end - position)]
        assert [str(s) for s in repeated] == text.splitlines()[position:]
        assert sim.state() == state
        assert {k: d.table() for k, d in scheduler(sim).decisions.items()} == explained


def test_a_crash_of_the_scheduler_changes_no_outcome() -> None:
    for write in range(1, 8):
        sim = cluster({"cpu": "2"}, {"cpu": "2"})
        sim.fault("crash_after", "default-scheduler", write)
        sim.create([asking(f"p{i}", cpu="1") for i in range(4)])
        sim.run()
        placed = [node_of(sim, f"p{i}") for i in range(4)]
        assert sorted(filter(None, placed)) == ["node-0", "node-0", "node-1", "node-1"], write


def test_a_plugin_is_ten_lines() -> None:
    class ByName:
        """Likes nodes whose name ends like the pod's."""

        name, weight = "ByName", 50

        def filter(self, pod: Any, node: Any) -> str | None:
            return "node(s) were not to my liking" if node.name == "node-0" else None

        def score(self, pod: Any, node: Any) -> int:
            return 100 if node.name[-1] == pod.object["metadata"]["name"][-1] else 0

    machines = [partial(Kubelet, f"node-{i}", stages=HOLLOW) for i in range(4)]
    sim = Simulation(Cluster(machines, components=[partial(Scheduler, plugins=[ByName()])]))
    sim.create([pod("p1"), pod("p2"), pod("p3")])
    sim.run()
    assert [node_of(sim, f"p{i}") for i in (1, 2, 3)] == ["node-1", "node-2", "node-3"]


def test_more_nodes_than_a_decision_remembers() -> None:
    sim = cluster(*[{}] * 130)
    sim.create([asking("p"), asking("huge", cpu="99")])
    sim.run()
    chosen = scheduler(sim).explain("default/p")
    assert chosen is not None
    assert chosen.node in {row["node"] for row in chosen.table() if row["chosen"]}
    assert (chosen.nodes, chosen.candidates) == (130, 130)
    assert message(sim, "huge").startswith("0/130 nodes are available: 130 Insufficient cpu.")
