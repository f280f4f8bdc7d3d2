"""Profiles: several schedulers in one, each with plugins, weights and arguments of its own; and what is refused."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest

from k8slearn.api.objects import dig
from k8slearn.cluster import Cluster
from k8slearn.node import HOLLOW, Kubelet
from k8slearn.scheduler import DEFAULT_PLUGINS, Scheduler
from k8slearn.scheduler.configuration import BadConfiguration, read
from k8slearn.sim import Simulation
from tests.fakes import pod

TIGHT = {
    "schedulerName": "tight",
    "plugins": {"score": {"disabled": [{"name": "NodeResourcesBalancedAllocation"}]}},
    "pluginConfig": [{"name": "NodeResourcesFit", "args": {"scoringStrategy": {"type": "MostAllocated"}}}],
}


def profile(**plugins: Any) -> dict[str, Any]:
    return {"profiles": [{"plugins": plugins}]}


def names(config: dict[str, Any], point: str) -> list[str]:
    return [p.name for p in read(config).profiles["default-scheduler"].at(point)]


def test_nothing_said_is_the_default_profile() -> None:
    framework = read({}).profiles["default-scheduler"]
    assert [(p.name, p.weight) for p in framework.plugins] == [(p.name, p.weight) for p in DEFAULT_PLUGINS]
    assert framework.at("filter") == framework.filters


def test_two_profiles_place_their_pods_by_their_own_rules_from_one_queue() -> None:
    machines = [partial(Kubelet, f"node-{i}", stages=HOLLOW, cpu="8") for i in range(3)]
    made = partial(Scheduler.configured, {"profiles": [{"schedulerName": "default-scheduler"}, TIGHT]})
    sim = Simulation(Cluster(machines, components=[made]))
    resources = {"requests": {"cpu": "1", "memory": "1Gi"}}
    container = {"name": "c", "image": "i:1", "resources": resources}
    sim.create([pod(f"wide-{i}", containers=[container]) for i in range(3)])
    sim.create([pod(f"tight-{i}", containers=[container], schedulerName="tight") for i in range(3)])
    sim.run()
    places = {p["metadata"]["name"]: p["spec"]["nodeName"] for p in sim.client.list("pods")}
    assert len({places[f"wide-{i}"] for i in range(3)}) == 3
    assert len({places[f"tight-{i}"] for i in range(3)}) == 1
    said = {e["involvedObject"]["name"]: dig(e, "source", "component") for e in sim.client.list("events")}
    assert (said["wide-0"], said["tight-0"]) == ("default-scheduler", "tight")


def test_points_can_be_changed_one_by_one() -> None:
    assert "ImageLocality" not in names(
        profile(multiPoint={"disabled": [{"name": "ImageLocality"}]}), "score"
    )
    only = profile(filter={"disabled": [{"name": "*"}], "enabled": [{"name": "NodeName"}]})
    assert names(only, "filter") == ["NodeName"]
    assert "NodeAffinity" in names(only, "score")
    heavier = read(profile(score={"enabled": [{"name": "NodeAffinity", "weight": 9}]}))
    framework = heavier.profiles["default-scheduler"]
    assert {p.name: p.weight for p in framework.scorers}["NodeAffinity"] == 9
    assert {p.name: p.weight for p in DEFAULT_PLUGINS}["NodeAffinity"] == 2


def test_a_learners_plugin_is_enabled_by_name() -> None:
    class Mine:
        name, weight = "Mine", 1

        def score(self, pod: Any, node: Any) -> int:
            return 100

    config = profile(multiPoint={"enabled": [{"name": "Mine", "weight": 3}]})
    framework = read(config, [Mine()]).profiles["default-scheduler"]
    assert [(p.name, p.weight) for p in framework.scorers][-1] == ("Mine", 3)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (
            profile(multiPoint={"enabled": [{"name": "Nope"}]}),
            'plugin "Nope" does not exist; there are Default',
        ),
        (profile(multipoint={}), 'plugins: "multipoint" is no extension point; preEnqueue'),
        ({"profiles": [{}, {}]}, 'duplicate value: "default-scheduler"'),
        ({"kind": "Pod"}, 'kind: "Pod" is not "KubeSchedulerConfiguration"'),
        (profile(bind={"disabled": [{"name": "*"}]}), "at least one bind plugin is needed"),
        (profile(queueSort={"disabled": [{"name": "*"}]}), "at least one queue sort plugin is needed"),
        ({"podInitialBackoffSeconds": 20}, "podMaxBackoffSeconds: must be greater than or equal"),
        ({"profiles": [{"pluginConfig": [{"name": "Nope"}]}]}, 'plugin "Nope" does not exist'),
        (
            {"profiles": [{"pluginConfig": [{"name": "InterPodAffinity", "args": {"weight": 1}}]}]},
            "unexpected keyword argument 'weight'",
        ),
        (
            {
                "profiles": [
                    {
                        "pluginConfig": [
                            {"name": "NodeResourcesFit", "args": {"scoringStrategy": {"type": "x"}}}
                        ]
                    }
                ]
            },
            'scoringStrategy.type: "x" is none of LeastAllocated, MostAllocated, RequestedToCapacityRatio',
        ),
    ],
)
def test_what_cannot_be_run_is_refused_and_says_why(config: dict[str, Any], why: str) -> None:
    with pytest.raises(BadConfiguration, match=re.escape(why)):
        read(config)
