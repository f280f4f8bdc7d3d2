"""Whether a container takes a request: what whoever routes traffic asks."""

from __future__ import annotations

from math import inf

import pytest

from k8slearn.api.clock import timestamp
from k8slearn.node.serving import connection, drains, sigterm_at
from tests.fakes import pod
from tests.node.machine import container, get, one_node


def running(spec, started: float = 10.0, **metadata):
    state = {"running": {"startedAt": timestamp(started)}}
    found = pod(containers=[spec], metadata=metadata)
    return {**found, "status": {"containerStatuses": [{"name": "c", "state": state}]}}


@pytest.mark.parametrize(
    ("image", "settings", "port", "now", "what"),
    [
        ("k8slearn/web:1", {"STARTS_IN": 5}, 8080, 14, "refused"),
        ("k8slearn/web:1", {"STARTS_IN": 5}, 8080, 15, "taken"),
        ("k8slearn/web:1", {"STARTS_IN": 5}, 80, 20, "refused"),
        ("k8slearn/hanger:1", {"HANGS_AFTER": 10}, 8080, 19, "taken"),
        ("k8slearn/hanger:1", {"HANGS_AFTER": 10}, 8080, 20, "hangs"),
        ("app:1", {}, 12345, 10, "taken"),
    ],
)
def test_a_connection(image, settings, port, now, what):
    assert connection(running(container(image, **settings)), "c", now, port) == what


def test_nothing_runs_nothing_answers():
    assert connection(pod(), "c", 5) == connection(running(container()), "stranger", 20) == "refused"


def test_a_pod_that_is_deleted_serves_until_its_hook_is_over():
    lifecycle = {"preStop": {"sleep": {"seconds": 5}}}
    sim = one_node()
    sim.create(
        pod("p", containers=[container("k8slearn/web:1", STARTS_IN=0, DRAINS_FOR=3, lifecycle=lifecycle)])
    )
    sim.run()
    assert sigterm_at(get(sim), get(sim)["spec"]["containers"][0]) == inf
    began = int(sim.now)
    sim.client.delete("pods", "default/p")
    found = get(sim)
    assert [connection(found, "c", began + t, 8080) for t in (1, 4, 6)] == ["taken", "taken", "refused"]
    sim.advance(7)
    assert get(sim)["status"]["containerStatuses"][0]["state"].get("running")
    sim.run()
    assert sim.client.list("pods") == []


def test_who_finishes_what_was_begun():
    assert drains(container("k8slearn/web:1", DRAINS_FOR=3))
    assert not drains(container("k8slearn/web:1"))
    assert drains(container("nginx"))
