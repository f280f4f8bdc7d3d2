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


# --- the rest of binding ---------------------------------------------------------------------


def bind(server, **binding):
    body = {"metadata": {"name": "web"}, "target": {"name": "node-1"}, **binding}
    return server.handle(Request("create", "pods", "default", "web", "binding", body))


def test_a_binding_may_bring_annotations(server, client):
    client.create(pod(metadata={"annotations": {"a": "1"}}))
    bind(server, metadata={"name": "web", "annotations": {"b": "2"}})
    assert client.get("pods", "default/web")["metadata"]["annotations"] == {"a": "1", "b": "2"}


def test_a_binding_of_another_pod(server, client):
    client.create(pod())
    with pytest.raises(errors.BadRequest, match="name in URL does not match name in Binding object"):
        bind(server, metadata={"name": "other"})
    with pytest.raises(errors.Conflict, match="UID in precondition: gone"):
        bind(server, metadata={"name": "web", "uid": "gone"})
    with pytest.raises(errors.Invalid, match=r'target\.kind: Unsupported value: "Pod"'):
        bind(server, target={"kind": "Pod", "name": "x"})


# --- finalize --------------------------------------------------------------------------------


def test_finalize_replaces_the_namespace_but_not_its_status(client):
    made = client.create(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team", "labels": {"a": "b"}}}
    )
    bare = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}, "spec": {"finalizers": []}}
    found = client.finalize(bare)
    assert (found["spec"], found["status"]) == ({}, {"phase": "Active"})
    assert found["metadata"]["labels"] == {"kubernetes.io/metadata.name": "team"}
    assert found["metadata"]["uid"] == made["metadata"]["uid"]


# --- parts of a running pod ------------------------------------------------------------------

DEBUGGER = {"name": "debugger", "image": "busybox", "targetContainerName": "c"}


def part(server, name: str, spec, kind: str = "strategic"):
    options = {"patchType": kind}
    request = Request("patch", "pods", "default", "web", name, {"spec": spec}, options)
    return server.handle(request)


def served(server, name: str) -> None:
    if name not in server.kinds.named("pods").subresources:
        pytest.skip("not served")


def test_an_ephemeral_container_comes_and_never_goes(server, client):
    served(server, "ephemeralcontainers")
    client.create(pod())
    spec = {"ephemeralContainers": [DEBUGGER], "containers": [{"name": "c", "image": "sneaky"}]}
    found = part(server, "ephemeralcontainers", spec)["spec"]
    assert found["ephemeralContainers"][0]["name"] == "debugger"
    assert found["containers"][0]["image"] == "app:1", "only this part is taken"
    with pytest.raises(errors.Invalid, match="may not be removed"):
        part(server, "ephemeralcontainers", {"ephemeralContainers": None}, "merge")
    with pytest.raises(errors.Invalid, match="may not be changed"):
        part(server, "ephemeralcontainers", {"ephemeralContainers": [{**DEBUGGER, "image": "x"}]}, "merge")


def test_a_container_is_resized(server, client):
    served(server, "resize")
    small = {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}
    client.create(pod(containers=[{"name": "c", "image": "app:1", "resources": small}]))
    sized = {"name": "c", "image": "sneaky", "resources": {"requests": {"cpu": "1500m"}}}
    container = part(server, "resize", {"containers": [sized]})["spec"]["containers"][0]
    assert container["resources"] == {"requests": {"cpu": "1500m"}, "limits": {"cpu": "2"}}
    assert container["image"] == "app:1"
    with pytest.raises(errors.Invalid, match="Pod QOS Class may not change as a result of resizing"):
        part(server, "resize", {"containers": [{"name": "c", "resources": None}]}, "merge")
