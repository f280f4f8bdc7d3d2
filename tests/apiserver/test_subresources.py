"""Binding: the one write that places a pod, once and for all; and what the status door lets through."""

from __future__ import annotations

import pytest

from k8slearn.api import errors
from k8slearn.api.requests import Request
from tests.fakes import configmap, deployment, pod


def refusal_of(client, pod, node="node-2") -> str:
    with pytest.raises(errors.Conflict) as refusal:
        client.bind(pod, node)
    assert refusal.value.details == {"name": "web", "kind": "pods/binding"}
    return refusal.value.message


def test_a_pod_is_bound_once(client):
    made = client.create(pod())
    client.bind(made, "node-1")
    assert refusal_of(client, made) == (
        'Operation cannot be fulfilled on pods/binding "web": pod web is already assigned to node "node-1"'
    )
    assert client.get("pods", "default/web")["spec"]["nodeName"] == "node-1"


def test_a_pod_that_is_going_is_not_bound(client):
    made = client.create(pod(metadata={"finalizers": ["a/b"]}))
    client.delete(made)
    assert refusal_of(client, made) == (
        'Operation cannot be fulfilled on pods/binding "web": '
        "pod web is being deleted, cannot be assigned to a host"
    )


def test_a_gated_pod_is_not_bound(client):
    made = client.create(pod(schedulingGates=[{"name": "a/b"}]))
    assert "has non-empty .spec.schedulingGates" in refusal_of(client, made)


def test_binding_says_when_it_happened(client, clock):
    made = client.create(pod())
    clock.now = 3.0
    client.bind(made, "node-1")
    (condition,) = client.get("pods", "default/web")["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("PodScheduled", "True")
    assert condition["lastTransitionTime"] == "2026-01-01T00:00:03Z"


def test_nobody_else_can_place_a_pod(client):
    made = client.create(pod())
    with pytest.raises(errors.Invalid):
        client.patch(made, patch={"spec": {"nodeName": "node-1"}})


def test_binding_nowhere(client):
    made = client.create(pod())
    with pytest.raises(errors.Invalid, match=r"target\.name: Required value"):
        client.bind(made, "")


def test_binding_what_is_not_there(client):
    with pytest.raises(errors.NotFound):
        client.bind(pod(), "node-1")


def test_a_rehearsal_of_binding_binds_nothing(server, client):
    client.create(pod())
    before = server.store.revision
    body = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": "web"},
        "target": {"kind": "Node", "name": "n"},
    }
    request = Request("create", "pods", "default", "web", "binding", body, {"dryRun": "All"})
    server.handle(request)
    assert server.store.revision == before


# --- status ----------------------------------------------------------------------------------


def test_annotations_pass_the_status_door_of_builtin_kinds(client):
    """The Deployment controller writes its revision in this way."""
    made = client.create(deployment())
    annotated = {**made, "metadata": {**made["metadata"], "annotations": {"revision": "1"}}}
    written = client.update_status(annotated, observedGeneration=1)
    assert written["metadata"]["annotations"] == {"revision": "1"}
    assert written["metadata"]["generation"] == 1


@pytest.mark.parametrize("verb", ["update", "patch"])
def test_kinds_without_a_status_have_no_such_door(server, client, verb):
    made = client.create(configmap())
    with pytest.raises(errors.NotFound):
        server.handle(Request(verb, "configmaps", "default", "settings", "status", made))


def test_the_status_can_be_read_through_its_door(server, client):
    made = client.create(pod())
    assert server.handle(Request("get", "pods", "default", "web", "status")) == made
