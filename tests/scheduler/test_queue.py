"""Who waits, and what wakes whom: events and hints, gates, the order of the queue."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from k8slearn.api.objects import Object
from k8slearn.scheduler import EVERYTHING, Scheduler
from tests.fakes import named, pod
from tests.scheduler.fixtures import asking, cluster, events, message, node, node_of, scheduler

ALL = (partial(Scheduler, watches=EVERYTHING),)
HOST = "kubernetes.io/hostname"


def near(app: str, which: str = "podAffinity") -> Object:
    term = {"topologyKey": HOST, "labelSelector": {"matchLabels": {"app": app}}}
    return {which: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def attempts(sim: Any, name: str) -> int:
    return sum(count for _, reason, _, count in events(sim, name) if reason == "FailedScheduling")


def test_a_pod_that_wants_company_is_woken_by_the_right_one_only() -> None:
    sim = cluster({}, {})
    sim.create(pod("p", affinity=near("friend")))
    sim.run()
    assert message(sim, "p").startswith("0/2 nodes are available: 2 node(s) didn't match pod affinity rules.")
    sim.create(pod("stranger"))
    sim.run()
    assert attempts(sim, "p") == 1
    sim.create(pod("friend", nodeName="node-1"))
    sim.run()
    assert (attempts(sim, "p"), node_of(sim, "p")) == (1, "node-1")


def test_a_pod_that_shuns_others_is_woken_when_they_go() -> None:
    sim = cluster({})
    sim.create([pod("enemy"), pod("other")])
    sim.run()
    sim.create(pod("p", affinity=near("enemy", "podAntiAffinity")))
    sim.run()
    assert message(sim, "p").startswith(
        "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules."
    )
    sim.client.delete("pods", "default/other")
    sim.run()
    assert attempts(sim, "p") == 1
    sim.client.delete("pods", "default/enemy")
    sim.run()
    assert node_of(sim, "p") == "node-0"


def test_who_is_kept_away_by_others_is_woken_when_they_go() -> None:
    sim = cluster({})
    sim.create(pod("hermit", affinity=near("p", "podAntiAffinity")))
    sim.run()
    sim.create(pod("p"))
    sim.run()
    said = "1 node(s) didn't satisfy existing pods anti-affinity rules"
    assert message(sim, "p").startswith(f"0/1 nodes are available: {said}.")
    sim.client.delete("pods", "default/hermit")
    sim.run()
    assert node_of(sim, "p") == "node-0"


def test_what_would_help_the_taint_does_not_help_the_missing_cpu() -> None:
    taint = [{"key": "k", "effect": "NoSchedule"}]
    sim = cluster({"cpu": "1"}, {"cpu": "1", "taints": taint})
    sim.create(asking("p", cpu="8", tolerations=[{"operator": "Exists"}]))
    sim.run()
    sim.client.patch("nodes", "node-1", patch={"spec": {"taints": None}})
    sim.run()
    assert attempts(sim, "p") == 1
    grown = {"cpu": "16", "memory": "32Gi", "pods": "10"}
    sim.client.patch("nodes", "node-1", patch={"status": {"allocatable": grown}}, subresource="status")
    sim.run()
    assert node_of(sim, "p") == "node-1"


def test_spreading_is_looked_at_again_when_pods_of_the_kind_go() -> None:
    spread = [
        {
            "maxSkew": 1,
            "topologyKey": HOST,
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "web"}},
        }
    ]
    sim = cluster({"cpu": "1"}, {"cpu": "2"})
    web = [
        {
            **asking(f"p{i}", topologySpreadConstraints=spread),
            "metadata": {"name": f"p{i}", "labels": {"app": "web"}},
        }
        for i in range(3)
    ]
    sim.create(asking("filler", nodeName="node-0"))
    sim.run()
    sim.create(web)
    sim.run()
    placed = {f"p{i}": node_of(sim, f"p{i}") for i in range(3)}
    assert list(placed.values()).count("node-1") == 1, "node-0 is full, and so node-1 must not get ahead"
    waiting = next(name for name, where in placed.items() if where is None)
    assert "1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints." in message(
        sim, waiting
    )
    sim.client.delete("pods", "default/filler")
    sim.run()
    assert sorted(node_of(sim, f"p{i}") or "" for i in range(3)) == ["node-0", "node-1", "node-1"]


def test_a_claim_wakes_those_who_use_it() -> None:
    def using(name: str, claim: str) -> Object:
        return pod(name, volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": claim}}])

    sim = cluster({}, components=ALL)
    sim.create([using("p", "a"), using("q", "b")])
    sim.run()
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "",
    }
    sim.create(named("PersistentVolumeClaim", "a", spec=spec))
    sim.run()
    assert (len(events(sim, "p")), len(events(sim, "q"))) == (2, 1)
    assert message(sim, "p").startswith(
        "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    )
    assert message(sim, "q").startswith('0/1 nodes are available: persistentvolumeclaim "b" not found.')


def test_without_any_node_the_first_one_wakes_everybody() -> None:
    sim = cluster()
    sim.create(pod("p"))
    sim.run()
    sim.client.create(node("new"))
    sim.run()
    assert node_of(sim, "p") == "new"


def test_a_plugin_without_hints_is_helped_by_anything() -> None:
    class Moody:
        name = "Moody"

        def filter(self, pod: Any, node: Any) -> str | None:
            return None if node.labels.get("mood") == "good" else "node(s) were not in the mood"

    sim = cluster({}, components=(partial(Scheduler, plugins=[Moody()]),))
    sim.create(pod("p"))
    sim.run()
    sim.client.patch("nodes", "node-0", patch={"metadata": {"labels": {"mood": "good"}}})
    sim.run()
    assert node_of(sim, "p") == "node-0"


def test_timers_of_pods_that_are_long_bound_disturb_nobody() -> None:
    """Five minutes after a pod was parked its key comes back, amid pods that are sorted by priority."""
    sim = cluster({"cpu": "1"})
    sim.create([asking("first"), asking("second", priority=3), asking("third", priority=5)])
    sim.run()
    sim.client.delete("pods", "default/first")
    sim.run()
    sim.advance(299)
    sim.fault("hold", "default-scheduler", "pods")
    sim.create([asking(f"late-{i}", priority=i) for i in range(3)])
    sim.fault("release", "default-scheduler", "pods")
    sim.advance(10)
    assert node_of(sim, "third") == "node-0"
    assert not sim.errors()


def test_gates_are_taken_away_one_by_one() -> None:
    sim = cluster({})
    gates = [{"name": "example.com/a"}, {"name": "example.com/b"}]
    sim.create(pod("p", schedulingGates=gates))
    sim.run()
    sim.client.patch("pods", "default/p", patch={"spec": {"schedulingGates": gates[:1]}})
    sim.run()
    assert (node_of(sim, "p"), events(sim, "p")) == (None, [])
    sim.client.patch("pods", "default/p", patch={"spec": {"schedulingGates": []}})
    sim.run()
    assert node_of(sim, "p") == "node-0"


def test_a_learner_sorts_the_queue() -> None:
    class SmallFirst:
        name = "SmallFirst"

        def sort_key(self, pod: Any) -> int:
            return pod.requests["cpu"]  # type: ignore[no-any-return]

    sim = cluster({"cpu": "3"}, components=(partial(Scheduler, plugins=[SmallFirst()]),))
    sim.fault("hold", "default-scheduler", "pods")
    sim.create([asking("big", cpu="3"), asking("small", cpu="1"), asking("middle", cpu="2")])
    sim.fault("release", "default-scheduler", "pods")
    sim.run()
    scheduled = [e["involvedObject"]["name"] for e in sim.client.list("events") if e["reason"] == "Scheduled"]
    assert sorted(scheduled) == ["big", "middle", "small"]
    order = [d.pod for d in sorted(scheduler(sim).decisions.values(), key=lambda d: d.step)]
    assert order == ["default/small", "default/middle", "default/big"]


@pytest.mark.parametrize("priorities", [[0, 5, 3, 5], [1, 1, 1, 1], [3, 2, 1, 0]])
def test_the_queue_is_sorted_by_priority_and_then_by_age(priorities: list[int]) -> None:
    sim = cluster({})
    sim.fault("hold", "default-scheduler", "pods")
    sim.create([asking(f"p{i}", cpu="100m", priority=p) for i, p in enumerate(priorities)])
    sim.fault("release", "default-scheduler", "pods")
    sim.run()
    order = [d.pod for d in sorted(scheduler(sim).decisions.values(), key=lambda d: d.step)]
    wanted = sorted(range(len(priorities)), key=lambda i: (-priorities[i], i))
    assert order == [f"default/p{i}" for i in wanted]


def test_a_learner_watches_a_kind_of_his_own() -> None:
    class Permission:
        """Pods go where a ConfigMap says so."""

        name, needs, events = "Permission", ("configmaps",), ("configmaps/Add",)

        def pre_filter(self, pod: Any, state: Any) -> str | None:
            return None if state.handle.get("configmaps", "default/allowed") else "nobody has allowed it"

        def filter(self, pod: Any, node: Any, state: Any) -> None:
            return None

    sim = cluster({}, components=(partial(Scheduler, plugins=[Permission()], watches=["configmaps"]),))
    sim.create(pod("p"))
    sim.run()
    assert message(sim, "p") == "0/1 nodes are available: nobody has allowed it."
    sim.create(named("ConfigMap", "allowed"))
    sim.run()
    assert node_of(sim, "p") == "node-0"
    deaf = cluster({}, components=(partial(Scheduler, plugins=[Permission()]),))
    deaf.create(pod("p"))
    deaf.run()
    assert node_of(deaf, "p") == "node-0", "a plugin that hears nothing of what it needs is silent"


def test_claims_of_some_pods_do_not_make_the_scheduler_forget_the_others() -> None:
    sim = cluster({}, components=ALL)
    sim.create(pod("p"))
    sim.run()
    known = dict(scheduler(sim)._rankings)
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    sim.create(named("PersistentVolumeClaim", "a", spec=spec))
    sim.run()
    assert scheduler(sim)._rankings == known
    sim.create(named("Service", "web", spec={"selector": {"app": "p"}, "ports": [{"port": 80}]}))
    sim.run()
    assert scheduler(sim)._rankings == {}
