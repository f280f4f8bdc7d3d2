"""One object in several versions: nothing is lost on the way there and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api.kinds import Kinds, Resource
from k8slearn.api.objects import freeze
from k8slearn.api.versions import convert, priority

KINDS = Kinds()


def row(group: str, version: str, plural: str) -> Resource:
    found = KINDS.served(group, version, plural)
    assert found
    return found


EVENTS = row("", "v1", "events"), row("events.k8s.io", "v1", "events")
HPAS = (
    row("autoscaling", "v2", "horizontalpodautoscalers"),
    row("autoscaling", "v1", "horizontalpodautoscalers"),
)
TIME, MICRO = "2001-01-01T00:00:00Z", "2001-01-01T00:00:00.000000Z"
NAMED = {"kind": "Event", "metadata": {"name": "e"}}


def test_an_event_of_the_old_kind_seen_by_the_new() -> None:
    old = {
        **NAMED,
        "apiVersion": "v1",
        "involvedObject": {"kind": "Pod", "name": "p"},
        "reason": "Tested",
        "message": "hello",
        "source": {"component": "tester"},
        "firstTimestamp": TIME,
        "lastTimestamp": TIME,
        "count": 1,
        "type": "Normal",
        "eventTime": None,
        "reportingComponent": "",
        "reportingInstance": "",
    }
    assert convert(freeze(old), *EVENTS) == {
        **NAMED,
        "apiVersion": "events.k8s.io/v1",
        "eventTime": None,
        "reason": "Tested",
        "regarding": {"kind": "Pod", "name": "p"},
        "note": "hello",
        "type": "Normal",
        "deprecatedSource": {"component": "tester"},
        "deprecatedFirstTimestamp": TIME,
        "deprecatedLastTimestamp": TIME,
        "deprecatedCount": 1,
    }


def test_an_event_of_the_new_kind_seen_by_the_old() -> None:
    new = {**NAMED, "apiVersion": "events.k8s.io/v1", "regarding": {"kind": "Pod"}, "note": "hi"}
    new |= {
        "eventTime": MICRO,
        "reportingController": "ex.com/t",
        "reportingInstance": "t-1",
        "action": "Testing",
    }
    assert convert(freeze(new), *reversed(EVENTS)) == {
        **NAMED,
        "apiVersion": "v1",
        "involvedObject": {"kind": "Pod"},
        "message": "hi",
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "eventTime": MICRO,
        "action": "Testing",
        "reportingComponent": "ex.com/t",
        "reportingInstance": "t-1",
    }


def hpa(spec: dict[str, Any], status: dict[str, Any] | None = None, **annotations: str) -> dict[str, Any]:
    metadata = {"name": "h", "annotations": annotations} if annotations else {"name": "h"}
    target = {"kind": "Deployment", "name": "d"}
    found = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata}
    return {**found, "spec": {"scaleTargetRef": target, "maxReplicas": 3, **spec}, "status": status or {}}


def load(percent: int) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def test_the_one_metric_that_v1_has_a_field_for() -> None:
    v1 = convert(freeze(hpa({"metrics": [load(70)]})), *HPAS)
    assert v1["apiVersion"] == "autoscaling/v1"
    assert v1["spec"] == {
        "scaleTargetRef": {"kind": "Deployment", "name": "d"},
        "maxReplicas": 3,
        "targetCPUUtilizationPercentage": 70,
    }
    assert v1["status"] == {"currentReplicas": 0, "desiredReplicas": 0}
    assert "annotations" not in v1["metadata"]


def test_what_v1_cannot_say_travels_in_annotations() -> None:
    memory = {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}
    behavior = {"scaleDown": {"selectPolicy": "Max", "policies": [{"type": "Pods", "value": 4}]}}
    spec = {"metrics": [load(70), {"type": "Resource", "resource": memory}], "behavior": behavior}
    v1 = convert(hpa(spec, mine="kept"), *HPAS)
    notes = v1["metadata"]["annotations"]
    assert notes.pop("mine") == "kept"
    assert notes == {
        "autoscaling.alpha.kubernetes.io/metrics": (
            '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}}]'
        ),
        "autoscaling.alpha.kubernetes.io/behavior": (
            '{"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":null,"SelectPolicy":"Max",'
            '"Policies":[{"Type":"Pods","Value":4}],"Tolerance":null}}'
        ),
    }


def metric(kind: str, **source: Any) -> dict[str, Any]:
    return {"type": kind[:1].upper() + kind[1:], kind: source}


def target(kind: str, **value: Any) -> dict[str, Any]:
    return {"type": kind, **value}


PERCENT, AVERAGE = target("Utilization", averageUtilization=5), target("AverageValue", averageValue="1")
METRIC = {"name": "m", "selector": {"matchLabels": {"a": "b"}}}
METRICS = st.sampled_from(
    [
        metric("resource", name="memory", target=PERCENT),
        metric("resource", name="cpu", target=AVERAGE),
        metric("containerResource", name="cpu", container="c", target=PERCENT),
        metric("pods", metric=METRIC, target=AVERAGE),
        metric(
            "object",
            metric=METRIC,
            describedObject={"kind": "A", "name": "a"},
            target=target("Value", value="2"),
        ),
        metric("object", metric=METRIC, describedObject={"kind": "A", "name": "a"}, target=AVERAGE),
        metric("external", metric=METRIC, target=target("Value", value="2")),
    ]
)
RULES = st.fixed_dictionaries({}, optional={"scaleUp": st.just({"selectPolicy": "Min", "tolerance": "100m"})})


@given(st.lists(METRICS, max_size=4), st.none() | st.just(80), RULES, st.booleans())
def test_there_and_back(metrics: list[Any], percent: int | None, behavior: Any, looked: bool) -> None:
    """Only the order of metrics may change: the one that has a field comes last."""
    spec: dict[str, Any] = {
        "metrics": [*metrics, load(percent)] if percent else metrics,
        "behavior": behavior,
    }
    status: dict[str, Any] = {"currentReplicas": 1, "desiredReplicas": 2, "currentMetrics": None}
    if looked:
        current = {"name": "cpu", "current": {"averageUtilization": 5, "averageValue": "1m"}}
        status["currentMetrics"] = [{"type": "Resource", "resource": current}]
        status["conditions"] = [{"type": "AbleToScale", "status": "True", "lastTransitionTime": TIME}]
    v2 = hpa({k: v for k, v in spec.items() if v}, status)
    assert convert(convert(freeze(v2), *HPAS), *reversed(HPAS)) == v2


@given(
    st.text(max_size=5)
    | st.sampled_from(['{"a":1}', "[1]", '[{"type":1,"resource":[]}]', "null", "[" * 2000])
)
def test_annotations_that_make_no_sense_count_as_nothing(note: str) -> None:
    for name in ("metrics", "current-metrics", "conditions", "behavior"):
        v1 = {**hpa({}, **{f"autoscaling.alpha.kubernetes.io/{name}": note}), "apiVersion": "autoscaling/v1"}
        json.dumps(convert(v1, *reversed(HPAS)))


@pytest.mark.parametrize("rows", [EVENTS, HPAS])
def test_a_version_is_itself(rows: tuple[Resource, Resource]) -> None:
    obj = {"apiVersion": rows[0].api_version}
    assert convert(obj, rows[0], rows[0]) is obj


def test_versions_without_a_conversion_differ_in_name_only() -> None:
    old, new = (Resource("example.com", v, "Website", "websites") for v in ("v1", "v2"))
    assert convert({"apiVersion": "example.com/v1", "spec": 1}, old, new) == {
        "apiVersion": "example.com/v2",
        "spec": 1,
    }


def test_priority() -> None:
    ordered = ["v10", "v2", "v1", "v11beta2", "v3beta1", "v12alpha1", "v11alpha2", "foo1"]
    assert sorted(ordered, key=priority, reverse=True) == ordered
