"""Single rules, one by one. That all of them together are right, `test_oracle` says."""

from __future__ import annotations

import math
from typing import Any

import pytest

from k8slearn.api.objects import Object
from k8slearn.scheduler import Framework, NodeInfo, PodInfo
from k8slearn.scheduler.handle import Imagined
from k8slearn.scheduler.nodeinfo import DEFAULTS, pod_requests
from k8slearn.scheduler.plugins import NodeAffinity, NodeResourcesFit, PodTopologySpread, TaintToleration
from k8slearn.scheduler.ranking import Ranking
from k8slearn.scheduler.snapshot import Snapshot


def node(name: str = "n", cpu: str = "4", memory: str = "8Gi", pods: str = "10", **spec: Any) -> Object:
    status = {"allocatable": {"cpu": cpu, "memory": memory, "pods": pods}}
    return {"metadata": {"name": name, "labels": {}}, "spec": spec, "status": status}


def pod(requests: Any = None, name: str = "p", **spec: Any) -> Object:
    containers = [{"name": "c", "resources": {"requests": requests or {}}}]
    return {"metadata": {"name": name, "namespace": "x"}, "spec": {"containers": containers, **spec}}


def test_requests_of_init_containers_and_sidecars() -> None:
    def asks(amount: str, **rest: Any) -> Object:
        return {"name": amount, "resources": {"requests": {"cpu": amount}}, **rest}

    def total(main: list[Object], init: list[Object], **spec: Any) -> int:
        return pod_requests({"spec": {"containers": main, "initContainers": init, **spec}}, {})["cpu"]

    sidecar = asks("200m", restartPolicy="Always")
    assert total([asks("100m"), asks("300m")], []) == 400
    assert total([asks("100m")], [asks("700m"), asks("50m")]) == 700
    assert total([asks("100m")], [sidecar]) == 300
    assert total([asks("100m")], [sidecar, asks("500m")]) == 700
    assert total([asks("100m")], [asks("500m"), sidecar]) == 500
    assert total([asks("100m")], [], overhead={"cpu": "50m"}) == 150


def test_pods_that_ask_for_nothing_count_when_scoring_but_not_when_fitting() -> None:
    silent = PodInfo(pod())
    assert silent.requests == {}
    assert silent.score_requests == DEFAULTS
    info = NodeInfo.of(node(cpu="100m", memory="200Mi"))
    assert NodeResourcesFit().filter(silent, info) is None
    assert NodeResourcesFit().score(silent, info) == 0


def test_helped_by_preemption_only_if_the_empty_node_is_big_enough() -> None:
    fit = NodeResourcesFit()
    full = NodeInfo.of(node(cpu="4"), pod({"cpu": "4"}, "other"))
    assert fit.filter(PodInfo(pod({"cpu": "2"})), full) == ["Insufficient cpu"]
    assert fit.helped_by_preemption(PodInfo(pod({"cpu": "2"})), full)
    assert not fit.helped_by_preemption(PodInfo(pod({"cpu": "5"})), full)


@pytest.mark.parametrize(
    ("tolerations", "reason"),
    [
        ([], "node(s) had untolerated taint(s)"),
        ([{"key": "k", "operator": "Exists"}], None),
        ([{"operator": "Exists"}], None),
        ([{"key": "k", "value": "v"}], None),
        ([{"key": "k", "operator": "Equal", "value": "w"}], "node(s) had untolerated taint(s)"),
        ([{"key": "k", "operator": "Exists", "effect": "NoExecute"}], "node(s) had untolerated taint(s)"),
    ],
)
def test_tolerations(tolerations: list[Object], reason: str | None) -> None:
    tainted = NodeInfo.of(node(taints=[{"key": "k", "value": "v", "effect": "NoSchedule"}]))
    assert TaintToleration().filter(PodInfo(pod(tolerations=tolerations)), tainted) == reason


def test_match_fields_select_a_node_by_name() -> None:
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    wanted = PodInfo(pod(affinity={"nodeAffinity": required}))
    assert NodeAffinity().filter(wanted, NodeInfo.of(node("n"))) is None
    assert NodeAffinity().filter(wanted, NodeInfo.of(node("m"))) is not None


def test_a_snapshot_tells_only_what_has_changed() -> None:
    snapshot = Snapshot()
    for name in ("a", "b", "c"):
        snapshot.set_node(node(name))
    seen = snapshot.generation
    assert snapshot.changed_since(seen) == []
    snapshot.add_pod(PodInfo(pod({"cpu": "1"})), "b")
    assert snapshot.changed_since(seen) == ["b"]
    assert snapshot.remove_pod("x/p") == "b"
    assert snapshot.nodes["b"].requested == {"cpu": 0}
    snapshot.remove_node("c")
    assert snapshot.changed_since(seen) == ["c", "b"]
    assert (snapshot.names, snapshot.get("c")) == (["a", "b"], None)


# --- scores -----------------------------------------------------------------------------------------


def fit(requests: Any, there: Any = None, **strategy: Any) -> int | None:
    plugin = NodeResourcesFit(scoring_strategy=strategy)
    info = NodeInfo.of(node(cpu="4", memory="8Gi"), *([pod(there, "other")] if there else []))
    return plugin.score(PodInfo(pod(requests)), info)


def test_strategies_leave_free_fill_up_or_follow_a_curve() -> None:
    half = {"cpu": "2", "memory": "2Gi"}  # 50 % and 25 %
    assert fit(half) == (50 + 75) // 2
    assert fit(half, type="MostAllocated") == (50 + 25) // 2
    weights = [{"name": "cpu", "weight": 3}, {"name": "memory", "weight": 1}]
    assert fit(half, type="MostAllocated", resources=weights) == (3 * 50 + 25) // 4
    curve = {
        "shape": [
            {"utilization": 0, "score": 0},
            {"utilization": 50, "score": 10},
            {"utilization": 100, "score": 0},
        ]
    }
    assert fit(half, type="RequestedToCapacityRatio", requestedToCapacityRatio=curve) == (100 + 50) // 2
    full = {"cpu": "4", "memory": "8Gi"}
    assert fit(full, type="RequestedToCapacityRatio", requestedToCapacityRatio=curve) == 0


@pytest.mark.parametrize("shape", [[], [{"utilization": 50, "score": 1}, {"utilization": 50, "score": 2}]])
def test_a_curve_needs_points_that_go_on(shape: Any) -> None:
    with pytest.raises(ValueError, match="shape needs points"):
        fit({}, type="RequestedToCapacityRatio", requestedToCapacityRatio={"shape": shape})


# --- pods that say nothing of where they want to be ---------------------------------------------------


def world(zones: str, **objects: Any) -> tuple[Snapshot, Imagined]:
    """A node in each of these zones."""
    snapshot = Snapshot()
    for number, zone in enumerate(zones):
        labels = {"kubernetes.io/hostname": f"n{number}", "topology.kubernetes.io/zone": zone}
        made = node(f"n{number}")
        snapshot.set_node({**made, "metadata": {**made["metadata"], "labels": labels}})
    return snapshot, Imagined(snapshot, objects)


def spread_scores(snapshot: Snapshot, handle: Imagined, asking: Object) -> dict[str, int]:
    ranking = Ranking(Framework([PodTopologySpread()]), snapshot, handle)
    ranking.update(PodInfo(asking))
    return ranking.columns["PodTopologySpread"].normalized


def of_web(name: str) -> Object:
    made = pod(name=name)
    owner = {"kind": "ReplicaSet", "name": "web", "uid": "u", "controller": True, "apiVersion": "apps/v1"}
    made["metadata"] |= {"labels": {"app": "web", "hash": "1"}, "ownerReferences": [owner]}
    return made


WEB = {"metadata": {"name": "web", "namespace": "x"}, "spec": {"selector": {"matchLabels": {"app": "web"}}}}


def test_pods_of_one_owner_are_spread_over_zones_and_nodes() -> None:
    snapshot, handle = world("aab", services=[], replicasets=[WEB])
    snapshot.add_pod(PodInfo(of_web("there")), "n0")
    zone, host = math.log(2 + 2), math.log(3 + 2)
    crowded, beside, empty = round(zone + 4 + host + 2), round(zone + 4 + 2), (4 + 2)
    normal = [100 * (crowded + empty - raw) // crowded for raw in (crowded, beside, empty)]
    scores = spread_scores(snapshot, handle, of_web("next"))
    assert [scores[n] for n in ("n0", "n1", "n2")] == normal
    assert normal == sorted(normal)


def test_pods_of_a_service_are_spread_and_others_are_not() -> None:
    service = {"metadata": {"name": "web", "namespace": "x"}, "spec": {"selector": {"app": "web"}}}
    snapshot, handle = world("ab", services=[service], replicasets=[])
    snapshot.add_pod(PodInfo(of_web("there")), "n0")
    scores = spread_scores(snapshot, handle, of_web("next"))
    assert scores["n0"] < scores["n1"]
    assert set(spread_scores(snapshot, handle, pod(name="stranger")).values()) == {0}
    silent = Imagined(snapshot)  # nobody tells of services: a small cluster
    assert set(spread_scores(snapshot, silent, of_web("next")).values()) == {0}


# --- who is asked again -------------------------------------------------------------------------------


class Asked(PodTopologySpread):
    """Notes of which nodes it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[str] = []

    def filter(self, pod: PodInfo, node: NodeInfo, state: Any) -> Any:
        self.nodes.append(node.name)
        return super().filter(pod, node, state)


def constrained(name: str, key: str) -> Object:
    selector = {"matchLabels": {"app": "web"}}
    rule = {"topologyKey": key, "maxSkew": 5, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector}
    made = pod(name=name, topologySpreadConstraints=[rule])
    made["metadata"]["labels"] = {"app": "web"}
    return made


@pytest.mark.parametrize(
    ("key", "again"),
    [("topology.kubernetes.io/zone", {"n0", "n3", "n6"}), ("kubernetes.io/hostname", {"n0"})],
)
def test_when_a_sum_changes_only_the_nodes_of_its_domain_are_asked_again(key: str, again: set[str]) -> None:
    snapshot, handle = world("abcabcabc")
    plugin = Asked()
    ranking = Ranking(Framework([plugin]), snapshot, handle)
    ranking.update(PodInfo(constrained("p", key)))
    assert sorted(set(plugin.nodes)) == snapshot.names
    plugin.nodes.clear()
    snapshot.add_pod(PodInfo(constrained("p", key)), "n0")
    ranking.update(PodInfo(constrained("q", key)))
    assert set(plugin.nodes) == again
