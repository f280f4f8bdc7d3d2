"""Pods of lower priority make room: who, where, in which words; and that nominated is not bound."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from k8slearn.api.objects import Object, dig
from k8slearn.scheduler import DEFAULT_PLUGINS, EVERYTHING, Framework, NodeInfo, PodInfo, Scheduler
from k8slearn.scheduler.handle import Imagined
from k8slearn.scheduler.preemption import Candidate, best, victims_on
from k8slearn.scheduler.ranking import Ranking
from k8slearn.scheduler.snapshot import Snapshot
from k8slearn.sim import Simulation
from tests.fakes import named
from tests.scheduler.fixtures import asking, cluster, events, get, message, node, node_of, scheduler

ALL = (partial(Scheduler, watches=EVERYTHING),)


def budget(allowed: int, app: str = "low") -> Object:
    spec = {"selector": {"matchLabels": {"app": app}}, "minAvailable": 1}
    return named("PodDisruptionBudget", app, "policy/v1", spec=spec, status={"disruptionsAllowed": allowed})


def low(name: str, cpu: str = "1", priority: int = 0, start: str = "", **rest: Any) -> Object:
    made = asking(name, cpu=cpu, priority=priority, **rest)
    made["metadata"]["labels"] = {"app": "low"}
    return {**made, "status": {"startTime": f"2026-01-01T00:00:0{start or 0}Z"}}


def victims(pod: Object, *there: Object, budgets: Any = (), cpu: str = "4") -> Any:
    snapshot = Snapshot()
    snapshot.set_node(node("n", cpu=cpu))
    for other in there:
        snapshot.add_pod(PodInfo(other), "n")
    ranking = Ranking(Framework(DEFAULT_PLUGINS), snapshot, Imagined(snapshot))
    ranking.update(PodInfo(pod))
    found = victims_on(PodInfo(pod), snapshot.nodes["n"], ranking, budgets, 100.0)
    return [v.object["metadata"]["name"] for v in found.victims] if isinstance(found, Candidate) else found


# --- whom ----------------------------------------------------------------------------------------


def test_no_more_than_needed_and_the_least_important() -> None:
    high = asking("high", cpu="1", priority=10)
    assert victims(high, low("a", "2", 1), low("b", "1", 5), low("c", "1", 3)) == ["a"]
    assert victims(
        asking("high", cpu="2", priority=10), low("a", "2", 4), low("b", "1", 2), low("c", "1", 3)
    ) == [
        "c",
        "b",
    ]


def test_among_equals_the_youngest() -> None:
    there = [low(n, "2", start=s) for n, s in (("old", "1"), ("young", "5"))]
    assert victims(asking("high", cpu="2", priority=10), *there) == ["young"]


def test_equals_and_betters_stay() -> None:
    refusal = victims(asking("p", cpu="4", priority=10), low("a", "2", 10), low("b", "2", 11))
    assert refusal.reasons == ("No preemption victims found for incoming pod",)
    refusal = victims(asking("p", cpu="4", priority=10), low("a", "2", 10), low("b", "2", 1))
    assert refusal.reasons == ("Insufficient cpu",)


def test_a_budget_spares_a_pod_while_there_is_another_and_no_longer() -> None:
    there = [low("a", "2", 1), {**low("b", "2", 5), "metadata": {"name": "b", "namespace": "default"}}]
    assert victims(asking("high", cpu="2", priority=10), *there) == ["a"]
    assert victims(asking("high", cpu="2", priority=10), *there, budgets=[budget(0)]) == ["b"]
    assert victims(asking("high", cpu="2", priority=10), *there, budgets=[budget(1)]) == ["a"]
    assert victims(asking("high", cpu="4", priority=10), *there, budgets=[budget(0)]) == ["b", "a"]


def test_the_node_where_it_hurts_least() -> None:
    def candidate(name: str, *priorities: int, violations: int = 0, start: str = "0") -> Candidate:
        gone = [PodInfo(low(f"{name}-{i}", "1", p, start)) for i, p in enumerate(priorities)]
        return Candidate(name, tuple(gone), violations)

    def chosen(*candidates: Candidate) -> str:
        return best(candidates, 100.0).node

    assert chosen(candidate("a", 1, violations=1), candidate("b", 9, 9)) == "b"
    assert chosen(candidate("a", 5), candidate("b", 4, 4)) == "b"
    assert chosen(candidate("a", 5, 4), candidate("b", 5, 3)) == "b"
    assert chosen(candidate("a", 5, -5), candidate("b", 5)) == "b"  # fewer are better than worse ones
    assert chosen(candidate("a", 5, start="1"), candidate("b", 5, start="2")) == "b"
    assert chosen(candidate("a", 5), candidate("b", 5)) == "a"


# --- what people see -----------------------------------------------------------------------------


def full(**high: Any) -> Simulation:
    """A node of two cpus with a pod of low priority on it, and one that wants the room."""
    sim = cluster({"cpu": "2"}, components=ALL)
    sim.create(asking("low", cpu="2"))
    sim.run()
    sim.create(asking("high", **{"cpu": "2", "priority": 100, **high}))
    return sim


def test_the_victim_is_told_why_and_the_other_gets_the_room() -> None:
    sim = full()
    sim.run(until=lambda s: bool(get(s, "high")["status"].get("nominatedNodeName")))
    uid = get(sim, "high")["metadata"]["uid"]
    victim = get(sim, "low")
    target = next(c for c in victim["status"]["conditions"] if c["type"] == "DisruptionTarget")
    assert (target["status"], target["reason"]) == ("True", "PreemptionByScheduler")
    assert target["message"] == "default-scheduler: preempting to accommodate a higher priority pod"
    assert victim["metadata"]["deletionTimestamp"]
    assert events(sim, "low")[-1] == ("Normal", "Preempted", f"Preempted by pod {uid} on node node-0", 1)
    assert message(sim, "high") == "0/1 nodes are available: 1 Insufficient cpu."
    sim.run()
    assert node_of(sim, "high") == "node-0"
    assert "nominatedNodeName" not in get(sim, "high")["status"]
    assert not sim.errors()


def test_who_never_preempts_waits() -> None:
    sim = full(preemptionPolicy="Never")
    sim.run()
    assert message(sim, "high") == (
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, "
        "preemption: not eligible due to preemptionPolicy=Never."
    )
    assert node_of(sim, "low") == "node-0"


def test_who_waits_for_a_victim_to_leave_takes_no_second_one() -> None:
    sim = cluster({"cpu": "2"}, {"cpu": "2"}, components=ALL)
    sim.create([asking(f"low-{i}", cpu="2", terminationGracePeriodSeconds=30) for i in range(2)])
    sim.run()
    for i in range(2):
        sim.fault("hold", f"kubelet/node-{i}", "pods")  # nobody really leaves
    sim.create(asking("high", cpu="2", priority=100))
    sim.run()
    sim.advance(301)  # tried again
    assert message(sim, "high").endswith(
        "preemption: not eligible due to a terminating pod on the nominated node."
    )
    gone = [n for n in ("low-0", "low-1") if get(sim, n)["metadata"].get("deletionTimestamp")]
    assert len(gone) == 1


def test_nominated_is_not_bound_somebody_more_important_gets_the_room() -> None:
    sim = full()
    sim.fault("hold", "kubelet/node-0", "pods")
    sim.run()
    assert get(sim, "high")["status"]["nominatedNodeName"] == "node-0"
    assert node_of(sim, "high") is None
    sim.create(asking("higher", cpu="2", priority=1000))
    sim.run()
    assert get(sim, "higher")["status"]["nominatedNodeName"] == "node-0"
    assert "nominatedNodeName" not in get(sim, "high")["status"], "it was overtaken"
    sim.fault("release", "kubelet/node-0", "pods")
    sim.run()
    assert (node_of(sim, "higher"), node_of(sim, "high")) == ("node-0", None)


def test_nominated_is_not_bound_it_may_go_elsewhere() -> None:
    sim = full()
    sim.fault("hold", "kubelet/node-0", "pods")
    sim.run()
    sim.client.create(node("node-9", cpu="2"))
    sim.run()
    assert node_of(sim, "high") == "node-9"
    assert node_of(sim, "low") == "node-0"  # in vain


def test_the_room_is_kept_from_pods_of_lower_priority() -> None:
    sim = full()
    sim.run(until=lambda s: bool(get(s, "high")["status"].get("nominatedNodeName")))
    sim.create(asking("quick", cpu="2", priority=1))
    sim.run()
    assert (node_of(sim, "high"), node_of(sim, "quick")) == ("node-0", None)


def test_preemption_looks_at_more_than_room() -> None:
    """Somebody's anti-affinity is in the way, on one of two nodes that have room enough."""
    apart = [{"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "low"}}}]
    away = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": apart}}
    sim = cluster({}, components=ALL)
    sim.create({**low("low"), "status": {}})
    sim.run()
    sim.create(asking("high", priority=5, affinity=away))
    sim.run()
    assert node_of(sim, "high") == "node-0"
    assert [p["metadata"]["name"] for p in sim.client.list("pods")] == ["high"]


@pytest.mark.parametrize("write", range(1, 7))
def test_a_crash_amid_preemption_evicts_nobody_else(write: int) -> None:
    sim = cluster({"cpu": "2"}, {"cpu": "2"}, components=ALL)
    sim.create([asking(f"low-{i}", cpu="2") for i in range(2)])
    sim.run()
    done = sim.wires["default-scheduler"].writes
    sim.fault("crash_after", "default-scheduler", done + write)
    sim.create(asking("high", cpu="2", priority=100))
    sim.run()
    assert node_of(sim, "high")
    assert len(sim.client.list("pods")) == 2


def test_where_even_the_empty_node_is_too_small_nobody_is_evicted() -> None:
    sim = full(cpu="9")
    sim.run()
    text = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    assert message(sim, "high").endswith(text)
    assert dig(get(sim, "low"), "metadata", "deletionTimestamp") is None
    assert scheduler(sim).nominated == {}


def test_a_node_can_be_thought_about_without_being_changed() -> None:
    info = NodeInfo.of(node("n"), low("a"), low("b"))
    tried = info.copy()
    tried.remove("default/a")
    assert (len(info.pods), info.requested["cpu"], tried.requested["cpu"]) == (2, 2000, 1000)
