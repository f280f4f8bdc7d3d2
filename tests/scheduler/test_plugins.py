"""Single rules, one by one. That all of them together are right, `test_oracle` says."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.objects import Object
from k8slearn.scheduler import NodeInfo, PodInfo
from k8slearn.scheduler.nodeinfo import DEFAULTS, pod_requests
from k8slearn.scheduler.plugins import NodeAffinity, NodeResourcesFit, TaintToleration
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
