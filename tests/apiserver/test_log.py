"""Logs: whom to ask, and how much of it. The doors that lead nowhere are here too."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api import errors
from k8slearn.api.requests import Request
from tests.fakes import named, pod

PRINTED = [(1.0, "hello"), (2.5, "wörld"), (9.0, "bye")]


@pytest.fixture
def asked(server, client):
    """A pod that runs on a machine whose kubelet keeps logs; and what the kubelet was asked."""
    questions: list[tuple[str, str, bool]] = []

    def kubelets(obj, container, previous, now):
        questions.append((obj["metadata"]["name"], container, previous))
        return PRINTED

    server.kubelets = kubelets
    client.create(named("Node", "node-1", namespace=""))
    client.bind(client.create(pod()), "node-1")
    report(client, running={"startedAt": "2026-01-01T00:00:00Z"})
    return questions


def report(client, name: str = "web", container: str = "c", last: Any = None, **state: Any) -> None:
    """What the kubelet says of the container."""
    status = {
        "name": container,
        "state": state,
        "ready": True,
        "restartCount": 0,
        "image": "i",
        "imageID": "",
    }
    if last:
        status["lastState"] = {"terminated": last}
    client.update_status(client.get("pods", f"default/{name}"), containerStatuses=[status])


def logs(server, name: str = "web", **options: Any) -> str:
    return server.handle(Request("get", "pods", "default", name, "log", options=options))


def refusal(server, kind: type[errors.ApiError] = errors.BadRequest, **options: Any) -> str:
    with pytest.raises(kind) as refused:
        logs(server, **options)
    return refused.value.message


CUTS = {
    "everything": ({}, "hello\nwörld\nbye\n"),
    "the last": ({"tailLines": 1}, "bye\n"),
    "none": ({"tailLines": 0}, ""),
    "more than there is": ({"tailLines": 9}, "hello\nwörld\nbye\n"),
    "some bytes": ({"limitBytes": 5}, "hello"),
    "not half a letter": ({"limitBytes": 8}, "hello\nw"),
    "lately": ({"sinceSeconds": 8}, "wörld\nbye\n"),
    "since then": ({"sinceTime": "2026-01-01T00:00:09Z"}, "bye\n"),
    "stamped": ({"timestamps": True, "tailLines": 1}, "2026-01-01T00:00:09.000000000Z bye\n"),
}


@pytest.mark.parametrize(("options", "text"), CUTS.values(), ids=CUTS)
def test_what_was_printed(server, asked, clock, options, text):
    clock.now = 10.0
    assert logs(server, **options) == text
    assert asked == [("web", "c", False)]


def test_the_container_before_this_one(server, client, asked):
    assert refusal(server, previous=True) == 'previous terminated container "c" in pod "web" not found'
    report(client, last={"exitCode": 1}, running={})
    logs(server, previous=True)
    assert asked == [("web", "c", True)]


def test_a_pod_of_several_containers(server, client, asked):
    containers = [{"name": n, "image": "i:1"} for n in "ab"]
    client.create(pod("two", containers=containers))
    assert refusal(server, name="two") == (
        "a container name must be specified for pod two, choose one of: [a b]"
    )
    client.create(pod("three", containers=containers, initContainers=[{"name": "i", "image": "i:1"}]))
    assert refusal(server, name="three").endswith("[a b] or one of the init containers: [i]")
    assert refusal(server, name="two", container="x") == "container x is not valid for pod two"


STATES = {
    "waiting": ({"waiting": {"reason": "ContainerCreating"}}, "is waiting to start: ContainerCreating"),
    "back-off": (
        {"waiting": {"reason": "ImagePullBackOff"}},
        "is waiting to start: trying and failing to pull image",
    ),
    "nothing": ({}, "is waiting to start - no logs yet"),
}


@pytest.mark.parametrize(("state", "why"), STATES.values(), ids=STATES)
def test_nothing_is_printed_yet(server, client, asked, state, why):
    report(client, **state)
    assert refusal(server) == f'container "c" in pod "web" {why}'
    assert asked == []


def test_who_waits_now_may_have_printed_before(server, client, asked):
    report(client, last={"exitCode": 1}, waiting={"reason": "CrashLoopBackOff"})
    assert logs(server) == "hello\nwörld\nbye\n"


def test_a_pod_that_is_nowhere_has_printed_nothing(server, client, asked):
    client.create(pod("new"))
    assert logs(server, name="new") == ""


def test_a_machine_that_is_not_there(server, client, asked):
    client.bind(client.create(pod("lost")), "far-away")
    assert refusal(server, errors.NotFound, name="lost") == 'nodes "far-away" not found'


def test_a_pod_that_is_not_there(server):
    assert refusal(server, errors.NotFound, name="none") == 'pods "none" not found'


def test_where_nobody_keeps_logs(server, asked):
    server.kubelets = None
    assert logs(server) == ""


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"tailLines": -1}, "tailLines: Invalid value: -1: must be greater than or equal to 0"),
        ({"limitBytes": 0}, "limitBytes: Invalid value: 0: must be greater than 0"),
        ({"sinceSeconds": 0}, "sinceSeconds: Invalid value: 0: must be greater than 0"),
    ],
)
def test_options_that_break_a_rule(server, asked, options, why):
    assert refusal(server, errors.Invalid, **options) == f'PodLogOptions "web" is invalid: {why}'


@pytest.mark.parametrize("way", ["exec", "attach", "portforward", "proxy"])
def test_there_is_nothing_to_connect_to(server, client, asked, way):
    if way not in server.kinds.named("pods").subresources:
        pytest.skip("not served")
    with pytest.raises(errors.BadRequest, match="simulated"):
        server.handle(Request("create", "pods", "default", "web", way))
    with pytest.raises(errors.NotFound):
        server.handle(Request("create", "pods", "default", "none", way))
