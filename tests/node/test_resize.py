"""Resizing in place: granted, put off, impossible; with and without a restart."""

from __future__ import annotations

import json

import pytest

from tests.fakes import condition, pod
from tests.node.machine import container, first, get, one_node, status, texts, told


def sized(cpu: str, memory: str = "100Mi", **rest):
    amounts = {"cpu": cpu, "memory": memory}
    return container("k8slearn/web:1", resources={"requests": amounts, "limits": amounts}, **rest)


def running(*containers, machine=None, **spec):
    sim = one_node(machine=machine)
    sim.create(pod("p", containers=list(containers), **spec))
    sim.run()
    return sim


def resize(sim, cpu: str, memory: str = "100Mi", name: str = "p"):
    amounts = {"cpu": cpu, "memory": memory}
    patch = {"spec": {"containers": [{"name": "c", "resources": {"requests": amounts, "limits": amounts}}]}}
    sim.client.patch("pods", f"default/{name}", patch=patch, patch_type="strategic", subresource="resize")


def has(sim, name: str = "p") -> str:
    found = first(sim, name)
    assert found["allocatedResources"] == found["resources"]["requests"]
    return found["resources"]["limits"]["cpu"]


def pending(sim, name: str = "p"):
    found = condition(get(sim, name), "PodResizePending")
    return found.get("reason"), found.get("message")


def test_a_running_container_gets_more_without_a_restart():
    sim = running(sized("1"))
    before = first(sim)
    resize(sim, "2")
    sim.run(until=lambda s: condition(get(s), "PodResizeInProgress"))
    assert has(sim) == "1"
    sim.run()
    assert (has(sim), first(sim)["containerID"], first(sim)["restartCount"]) == (
        "2",
        before["containerID"],
        0,
    )
    assert condition(get(sim), "PodResizeInProgress") == {}
    started, completed = (t for t in told(sim) if t[1].startswith("Resize"))
    amounts = '{"cpu":"2","memory":"100Mi"}'
    sizes = f'{{"limits":{amounts},"requests":{amounts}}}'
    summary = f'{{"containers":[{{"name":"c","resources":{sizes}}}],"generation":2}}'
    assert started[1:3] == ("ResizeStarted", f"Pod resize started: {summary}")
    assert completed[1:3] == ("ResizeCompleted", f"Pod resize completed: {summary}")


def test_a_container_may_want_to_be_started_anew_for_it():
    policy = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
    sim = running(sized("1", resizePolicy=policy))
    resize(sim, "2")
    sim.run()
    assert (has(sim), first(sim)["restartCount"]) == ("2", 0)
    resize(sim, "2", "200Mi")
    sim.run()
    assert (first(sim)["resources"]["limits"]["memory"], first(sim)["restartCount"]) == ("200Mi", 1)
    assert texts(sim, "Killing") == ["Container c resize requires restart"]
    assert len(texts(sim, "ResizeCompleted")) == 2


def test_what_no_machine_like_this_could_give_is_infeasible():
    sim = running(sized("1"), machine={"cpu": "4"})
    resize(sim, "5")
    sim.run()
    text = "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000"
    assert (has(sim), pending(sim)) == ("1", ("Infeasible", text))
    (event,) = texts(sim, "ResizeInfeasible")
    prefix, _, said = event.partition(": ")
    assert (prefix, json.loads(said)["error"]) == ("Pod resize Infeasible", text)
    resize(sim, "2")
    sim.run()
    assert (has(sim), pending(sim)) == ("2", (None, None))


@pytest.mark.parametrize("leaves", ["deleted", "done"])
def test_what_there_is_no_room_for_now_waits_until_there_is(leaves):
    sim = one_node(machine={"cpu": "4"})
    sim.create(pod("p", containers=[sized("1")]))
    other = container("k8slearn/batch:1", RUNS_FOR=100, resources={"requests": {"cpu": "2"}})
    sim.create(pod("other", restartPolicy="Never", containers=[other]))
    sim.advance(10)
    resize(sim, "3")
    sim.advance(10)
    text = "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000"
    assert (has(sim), pending(sim)) == ("1", ("Deferred", text))
    assert len(texts(sim, "ResizeDeferred")) == 1
    if leaves == "deleted":
        sim.client.delete("pods", "default/other")
    sim.run()
    assert (has(sim), pending(sim)) == ("3", (None, None))


def test_memory_that_was_given_in_time_saves_a_leaker():
    sizes = {"limits": {"memory": "64Mi"}, "requests": {"memory": "64Mi"}}
    sim = one_node()
    sim.create(pod("p", containers=[container("k8slearn/leaker:1", LEAKS="32Mi", resources=sizes)]))
    sim.advance(30)
    more = {"limits": {"memory": "128Mi"}, "requests": {"memory": "128Mi"}}
    patch = {"spec": {"containers": [{"name": "c", "resources": more}]}}
    sim.client.patch("pods", "default/p", patch=patch, patch_type="strategic", subresource="resize")
    sim.advance(100)
    assert first(sim)["restartCount"] == 0
    sim.advance(100)
    assert first(sim)["lastState"]["terminated"]["reason"] == "OOMKilled"


def test_a_restarted_kubelet_carries_a_resize_out():
    sim = running(sized("1"))
    resize(sim, "2")
    sim.crash("kubelet/node-0")
    sim.run()
    assert (has(sim), status(sim)["observedGeneration"]) == ("2", 2)
