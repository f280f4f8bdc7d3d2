"""The rules, held against a second reading of them: slow, plain, and of all pairs of pod and node."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, freeze, name_of
from k8slearn.scheduler import DEFAULT_PLUGINS, Framework, NodeInfo, PodInfo
from k8slearn.scheduler.handle import Imagined
from k8slearn.scheduler.nodeinfo import DEFAULTS, pod_requests
from k8slearn.scheduler.plugins import NodeAffinity, NodeResourcesFit, TaintToleration
from k8slearn.scheduler.ranking import Ranking, choose
from k8slearn.scheduler.snapshot import Snapshot

# --- random clusters ---------------------------------------------------------------------------

EFFECTS = st.sampled_from(["NoSchedule", "PreferNoSchedule", "NoExecute"])
KEYS, VALUES = st.sampled_from(["a", "b"]), st.sampled_from(["1", "2"])
TAINT = st.fixed_dictionaries({"key": KEYS, "value": VALUES, "effect": EFFECTS})
TOLERATION = st.one_of(
    st.fixed_dictionaries({"operator": st.just("Exists")}, optional={"key": KEYS, "effect": EFFECTS}),
    st.fixed_dictionaries(
        {"operator": st.just("Equal"), "key": KEYS, "value": VALUES}, optional={"effect": EFFECTS}
    ),
)
EXPRESSION = st.one_of(
    st.builds(dict, key=KEYS, operator=st.sampled_from(["In", "NotIn"]), values=st.lists(VALUES, min_size=1)),
    st.builds(dict, key=KEYS, operator=st.sampled_from(["Exists", "DoesNotExist"])),
)
TERM = st.builds(dict, matchExpressions=st.lists(EXPRESSION, min_size=1, max_size=2))


@st.composite
def nodes(draw: Any) -> list[Object]:
    made = []
    for i in range(draw(st.integers(1, 6))):
        spec: dict[str, Any] = {"taints": draw(st.lists(TAINT, max_size=2))}
        spec |= draw(st.sampled_from([{}, {}, {}, {"unschedulable": True}]))
        capacity = {
            "cpu": draw(st.sampled_from(["1", "2", "8"])),
            "memory": "4Gi",
            "pods": draw(st.sampled_from(["1", "9"])),
        }
        labels = draw(st.dictionaries(KEYS, VALUES))
        made.append(
            freeze(
                {
                    "metadata": {"name": f"n{i}", "labels": labels},
                    "spec": spec,
                    "status": {"allocatable": capacity},
                }
            )
        )
    return made


@st.composite
def pods(draw: Any) -> list[Object]:
    made = []
    for i in range(draw(st.integers(1, 8))):
        requests = draw(
            st.dictionaries(st.sampled_from(["cpu", "memory"]), st.sampled_from(["500m", "1", "2"]))
        )
        spec: dict[str, Any] = {"containers": [{"name": "c", "resources": {"requests": requests}}]}
        spec["tolerations"] = draw(st.lists(TOLERATION, max_size=2))
        if draw(st.booleans()):
            spec["nodeSelector"] = draw(st.dictionaries(KEYS, VALUES, max_size=1))
        affinity: dict[str, Any] = {}
        if draw(st.booleans()):
            terms = draw(st.lists(TERM, min_size=1, max_size=2))
            affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": terms}
        preferred = draw(st.lists(st.builds(dict, weight=st.integers(1, 100), preference=TERM), max_size=2))
        affinity["preferredDuringSchedulingIgnoredDuringExecution"] = preferred
        spec["affinity"] = {"nodeAffinity": affinity}
        made.append(freeze({"metadata": {"name": f"p{i}", "namespace": "x", "uid": f"u{i}"}, "spec": spec}))
    return made


# --- the rules, read once more -----------------------------------------------------------------


def cpu(text: str) -> float:
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def requested(pod: Object, resource: str, default: float = 0) -> float:
    text = pod["spec"]["containers"][0]["resources"]["requests"].get(resource)
    return default if text is None else cpu(text)


def holds(expression: Object, labels: Any) -> bool:
    value, op = labels.get(expression["key"]), expression["operator"]
    if op in ("Exists", "DoesNotExist"):
        return (value is not None) == (op == "Exists")
    return (value in expression["values"]) == (op == "In")


def term_holds(term: Object, node: Object) -> bool:
    return all(holds(e, node["metadata"]["labels"]) for e in term["matchExpressions"])


def tolerated(pod: Object, taint: Object) -> bool:
    return any(
        t.get("effect", taint["effect"]) == taint["effect"]
        and t.get("key", taint["key"]) == taint["key"]
        and (t["operator"] == "Exists" or t["value"] == taint["value"])
        for t in pod["spec"]["tolerations"]
    )


def reasons(pod: Object, node: Object, there: list[Object]) -> list[str]:
    cordon = {"key": "node.kubernetes.io/unschedulable", "value": "", "effect": "NoSchedule"}
    if node["spec"].get("unschedulable") and not tolerated(pod, cordon):
        return ["node(s) were unschedulable"]
    if any(t["effect"] != "PreferNoSchedule" and not tolerated(pod, t) for t in node["spec"]["taints"]):
        return ["node(s) had untolerated taint(s)"]
    required = pod["spec"]["affinity"]["nodeAffinity"].get("requiredDuringSchedulingIgnoredDuringExecution")
    labels = node["metadata"]["labels"]
    selected = all(labels.get(k) == v for k, v in pod["spec"].get("nodeSelector", {}).items())
    if not selected or (required and not any(term_holds(t, node) for t in required["nodeSelectorTerms"])):
        return ["node(s) didn't match Pod's node affinity/selector"]
    said = ["Too many pods"] if len(there) + 1 > int(node["status"]["allocatable"]["pods"]) else []
    free = cpu(node["status"]["allocatable"]["cpu"]) - sum(requested(p, "cpu") for p in there)
    return said + (["Insufficient cpu"] if requested(pod, "cpu") > free else [])


def scaled(scores: dict[str, int], reverse: bool = False) -> dict[str, int]:
    top = max(scores.values())
    percent = {n: (100 * s // top if top else 0) for n, s in scores.items()}
    return {n: 100 - p for n, p in percent.items()} if reverse else percent


def totals(pod: Object, candidates: dict[str, Object], there: dict[str, list[Object]]) -> dict[str, int]:
    """Weighted totals; memory requests are a few bytes, so only their defaults count."""
    soft = {
        n: sum(t["effect"] == "PreferNoSchedule" and not tolerated(pod, t) for t in node["spec"]["taints"])
        for n, node in candidates.items()
    }
    wishes = pod["spec"]["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    liked = {
        n: sum(w["weight"] for w in wishes if term_holds(w["preference"], node))
        for n, node in candidates.items()
    }
    taint, affinity = scaled(soft, reverse=True), scaled(liked)
    total = {}
    for n, node in candidates.items():
        capacity = round(1000 * cpu(node["status"]["allocatable"]["cpu"])), 4 * 1024**3
        everybody = [*there[n], pod]
        counted = sum(round(1000 * requested(p, "cpu", 0.1)) for p in everybody)
        weighed = sum(round(requested(p, "memory", 200 * 1024**2) + 0.499) for p in everybody)
        least = (
            max(capacity[0] - counted, 0) * 100 // capacity[0]
            + max(capacity[1] - weighed, 0) * 100 // capacity[1]
        ) // 2
        real = sum(round(1000 * requested(p, "cpu")) for p in everybody) / capacity[0]
        bytes_ = sum(round(requested(p, "memory") + 0.499) for p in everybody) / capacity[1]
        asks = requested(pod, "cpu") or requested(pod, "memory")
        even = int((1 - abs(min(real, 1) - min(bytes_, 1)) / 2) * 100) if asks else 0
        total[n] = 3 * taint[n] + 2 * affinity[n] + least + even
    return total


@settings(max_examples=300)
@given(nodes(), pods())
def test_feasible_set_reasons_and_best_nodes_equal_the_rules(
    cluster: list[Object], wanted: list[Object]
) -> None:
    framework, snapshot, rankings = Framework(DEFAULT_PLUGINS), Snapshot(), {}
    there: dict[str, list[Object]] = {name_of(n): [] for n in cluster}
    for node in cluster:
        snapshot.set_node(node)
    world = Imagined(snapshot)
    for pod in [*wanted, *wanted[::-1]]:  # alike pods come again, when the nodes have changed
        info = PodInfo(pod)
        info.key += f"-{sum(map(len, there.values()))}"
        ranking = rankings.setdefault(framework.signature(info, world), Ranking(framework, snapshot, world))
        ranking.update(info)
        said = {name_of(n): reasons(pod, n, there[name_of(n)]) for n in cluster}
        assert {n: list(r.reasons) for n, r in ranking.refused.items()} == {
            n: r for n, r in said.items() if r
        }
        candidates = {name_of(n): n for n in cluster if not said[name_of(n)]}
        if not candidates:
            assert ranking.winners() == []
            continue
        expected = totals(pod, candidates, there)
        assert ranking.total == expected
        assert ranking.winners() == sorted(n for n, t in expected.items() if t == max(expected.values()))
        chosen = choose(ranking.winners(), info, Dice(7))
        there[chosen].append(pod)
        snapshot.add_pod(info, chosen)


# --- single rules ------------------------------------------------------------------------------


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
