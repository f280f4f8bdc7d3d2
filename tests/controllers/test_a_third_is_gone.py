"""A third of fifty machines dies at once: what can run runs again, and when, is told by the rules alone.

The rules are v1.36's: a lease is good for 40 seconds, but what makes a node unknown is the grace period of the node
lifecycle controller, which has been 50 seconds since v1.29.
"""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.clock import seconds_of
from k8slearn.api.objects import Object, dig, is_deleting
from k8slearn.controllers.nodelifecycle import EVICTION_PAUSE, GRACE, PERIOD
from k8slearn.sim import Simulation
from tests.fakes import condition, deployment, hollow, objects, template

NODES, DEAD, REPLICAS = 50, 16, 100
TOLERATED = 300.0  # seconds, as the API server writes into every pod
LAST_SIGN = 20.0  # leases are renewed every ten seconds
DEATH = 21.0

#: The first look that is more than the grace period after the last sign of life.
UNKNOWN = LAST_SIGN + GRACE + PERIOD
#: From the next look on, one node in ten seconds is given the taint that drives pods away.
EVICTING = [UNKNOWN + PERIOD + n * EVICTION_PAUSE for n in range(DEAD)]


@pytest.fixture(scope="module")
def sim() -> Simulation:
    sim = hollow(NODES)
    pinned = template({"app": "pinned"}, nodeSelector={"kubernetes.io/hostname": "node-0"})
    sim.create([deployment("web", REPLICAS), deployment("pinned", 1, template=pinned)])
    sim.run()
    sim.advance(DEATH - sim.now)
    for number in range(DEAD):
        sim.fault("cut_off", f"kubelet/node-{number}")
    sim.advance(EVICTING[-1] + TOLERATED - sim.now)
    return sim


def writes(sim: Simulation, player: str, verb: str, resource: str) -> list[tuple[float, str]]:
    return [
        (s.time, c.key)
        for s in sim.trace.of(player)
        for c in s.writes
        if (c.verb, c.resource, c.subresource) == (verb, resource, "")
    ]


def dead(sim: Simulation) -> list[Object]:
    return [n for n in objects(sim, "nodes") if condition(n, "Ready")["status"] != "True"]


def taint_times(node: Object) -> dict[str, float]:
    return {t["effect"]: seconds_of(t["timeAdded"]) for t in dig(node, "spec", "taints", default=[])}


def test_fifty_seconds_of_silence_and_then_they_are_unknown(sim):
    assert UNKNOWN == 75
    assert len(dead(sim)) == DEAD
    assert {seconds_of(condition(n, "Ready")["lastTransitionTime"]) for n in dead(sim)} == {UNKNOWN}
    assert {taint_times(n)["NoSchedule"] for n in dead(sim)} == {UNKNOWN}


def test_pods_are_driven_away_from_one_node_after_the_other(sim):
    assert sorted(taint_times(n)["NoExecute"] for n in dead(sim)) == EVICTING
    assert EVICTING[0] == 80
    assert EVICTING[-1] == 230


def test_each_pod_is_evicted_when_its_toleration_is_over_and_not_a_second_later(sim):
    since = {n["metadata"]["name"]: taint_times(n)["NoExecute"] for n in dead(sim)}
    where = {_key(p): p["spec"]["nodeName"] for p in objects(sim, "pods") if p["spec"].get("nodeName")}
    evicted = writes(sim, "taint-eviction-controller", "delete", "pods")
    assert evicted
    assert all(time == since[where[key]] + TOLERATED for time, key in evicted)
    assert {key for _, key in evicted} == {key for key, node in where.items() if node in since}


def test_what_can_run_runs_again_and_what_cannot_waits(sim):
    web = sim.client.get("deployments", "default/web")
    assert web["status"]["readyReplicas"] == REPLICAS
    alive = [
        p for p in objects(sim, "pods") if p["metadata"]["labels"]["app"] == "web" and not is_deleting(p)
    ]
    names = {n["metadata"]["name"] for n in dead(sim)}
    assert len(alive) == REPLICAS
    assert not names & {p["spec"]["nodeName"] for p in alive}
    assert {condition(p, "Ready")["status"] for p in alive} == {"True"}
    assert dig(sim.client.get("deployments", "default/pinned"), "status", "readyReplicas", default=0) == 0


def test_a_replacement_runs_in_the_very_second_in_which_a_pod_is_evicted(sim):
    evicted = sorted(time for time, _ in writes(sim, "taint-eviction-controller", "delete", "pods"))
    made = sorted(t for t, _ in writes(sim, "replicaset-controller", "create", "pods") if t > DEATH)
    assert made == evicted
    late = [p for p in objects(sim, "pods") if seconds_of(p["metadata"]["creationTimestamp"]) > DEATH]
    for pod in late:
        if dig(pod, "status", "phase") == "Running":
            ready = condition(pod, "Ready")["lastTransitionTime"]
            assert ready == pod["metadata"]["creationTimestamp"]


def _key(pod: dict[str, Any]) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
