"""How many replicas, and how fast: the rules of the autoscaler as tables."""

from __future__ import annotations

import pytest

from k8slearn.api.clock import timestamp
from k8slearn.controllers.replicacalculator import Metric, NoCount, Target, replicas
from k8slearn.controllers.scalingbehavior import History, normalized

NOW = 1000.0


def pod(name, *, phase="Running", ready="True", since=100.0, began=50.0, request="100m", **metadata):
    status = {"phase": phase, "startTime": timestamp(began)}
    status["conditions"] = [{"type": "Ready", "status": ready, "lastTransitionTime": timestamp(since)}]
    spec = {"containers": [{"name": "c", "resources": {"requests": {"cpu": request}}}]}
    return {"metadata": {"name": name, **metadata}, "spec": spec, "status": status}


def counted(used, target=50, pods=None, **rest):
    """`used`: in thousandths of a CPU, None where it is not known."""
    known = pods or [pod(f"p{i}") for i in range(len(used))]
    metrics = {f"p{i}": Metric(u, 990.0, 15.0) for i, u in enumerate(used) if u is not None}
    return replicas(len(used), Target("cpu", share=target, **rest), known, metrics, NOW).replicas


@pytest.mark.parametrize(
    ("used", "wanted"),
    [
        ([50, 50], 2),
        ([55, 55], 2),  # within the tolerance
        ([56, 56], 3),
        ([100, 100], 4),
        ([45, 45], 2),
        ([20, 20], 1),
        ([100, None], 2),  # the missing one is taken for idle: 1.0
        ([200, None], 4),
        ([10, None], 2),  # ... and for busy, if there would be fewer
        ([1, 1, 1, None], 2),  # 103 of 400: half of the target
    ],
)
def test_the_ratio_of_use_to_target_decides(used, wanted):
    assert counted(used) == wanted


def test_unready_pods_count_as_idle_when_there_would_be_more():
    fresh = pod("p1", ready="False", began=900.0, since=900.0)
    assert counted([200, 200], pods=[pod("p0"), fresh]) == 4
    assert counted([20, 200], pods=[pod("p0"), fresh]) == 1
    assert counted([200, 200], pods=[pod("p0"), pod("p1", phase="Failed")]) == 4


def test_a_measurement_from_before_it_was_ready_does_not_count():
    starting = pod("p1", began=900.0, since=980.0)
    assert counted([100, 900], pods=[pod("p0"), starting]) == counted(
        [100, 900], pods=[pod("p0"), pod("p1", phase="Pending")]
    )


def test_tolerances_can_be_chosen():
    assert counted([56, 56], up=0.2) == 2
    assert counted([51, 51], up=0.0) == 3


@pytest.mark.parametrize(
    ("pods", "used", "why"),
    [
        ([], [], "no pods returned by selector while calculating replica count"),
        (
            [pod("p0", phase="Pending")],
            [None],
            r"did not receive metrics for targeted pods \(pods might be unready\)",
        ),
        ([pod("p0", request=None)], [5], "missing request for cpu in container c of Pod p0"),
    ],
)
def test_what_keeps_it_from_counting_is_said(pods, used, why):
    metrics = {f"p{i}": Metric(u, 990.0, 15.0) for i, u in enumerate(used) if u is not None}
    with pytest.raises(NoCount, match=why):
        replicas(1, Target("cpu", share=50), pods, metrics, NOW)


@pytest.mark.parametrize(
    ("current", "wish", "size", "able", "limited"),
    [
        (3, 3, 3, "ReadyForNewScale", "DesiredWithinRange"),
        (3, 5, 5, "ReadyForNewScale", "DesiredWithinRange"),
        (1, 9, 4, "ReadyForNewScale", "ScaleUpLimit"),
        (3, 9, 6, "ReadyForNewScale", "ScaleUpLimit"),
        (8, 30, 10, "ReadyForNewScale", "TooManyReplicas"),
        (3, 1, 2, "ReadyForNewScale", "TooFewReplicas"),
    ],
)
def test_bounds_and_the_default_rate(current, wish, size, able, limited):
    found = normalized({"minReplicas": 2, "maxReplicas": 10}, current, wish, History(), NOW)
    assert (found.replicas, found.able[0], found.limited[0]) == (size, able, limited)


def test_going_down_waits_for_the_highest_wish_of_five_minutes():
    spec = {"minReplicas": 1, "maxReplicas": 10}
    wishes = ((600.0, 9), (701.0, 7), (900.0, 4))
    found = normalized(spec, 8, 2, History(wishes), NOW)
    assert (found.replicas, found.able[0]) == (7, "ScaleDownStabilized")
    assert normalized(spec, 8, 2, History(wishes), 1300.0).replicas == 2


def behavior(up=None, down=None):
    rest = {"selectPolicy": "Max"}
    default = {"policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}], **rest}
    rules = {"scaleUp": {**default, **(up or {})}, "scaleDown": {**default, **(down or {})}}
    return {"minReplicas": 1, "maxReplicas": 100, "behavior": rules}


PODS = {"type": "Pods", "value": 4, "periodSeconds": 60}
PERCENT = {"type": "Percent", "value": 10, "periodSeconds": 60}


@pytest.mark.parametrize(
    ("up", "down", "wish", "history", "size"),
    [
        ({"policies": [PODS]}, {}, 90, History(), 24),
        ({"policies": [PODS]}, {}, 90, History(ups=((950.0, 3),)), 21),
        ({"policies": [PODS, PERCENT], "selectPolicy": "Min"}, {}, 90, History(), 22),
        ({"policies": [PODS, PERCENT], "selectPolicy": "Max"}, {}, 90, History(), 24),
        ({"selectPolicy": "Disabled"}, {}, 90, History(), 20),
        ({"stabilizationWindowSeconds": 60}, {}, 90, History(wishes=((950.0, 25),)), 25),
        ({}, {"policies": [PODS], "stabilizationWindowSeconds": 0}, 1, History(), 16),
        (
            {},
            {"policies": [PODS, PERCENT], "selectPolicy": "Min", "stabilizationWindowSeconds": 0},
            1,
            History(),
            18,
        ),
        ({}, {"policies": [PODS], "stabilizationWindowSeconds": 0}, 1, History(downs=((950.0, 4),)), 20),
        ({}, {"selectPolicy": "Disabled", "stabilizationWindowSeconds": 0}, 1, History(), 20),
    ],
)
def test_policies_say_how_fast(up, down, wish, history, size):
    assert normalized(behavior(up, down), 20, wish, history, NOW).replicas == size
