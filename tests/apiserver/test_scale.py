"""The scale subresource. Recorded: scenario scale-subresource."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api import errors
from k8slearn.api.requests import Request
from tests.fakes import configmap, deployment, named, replicaset, template


def send(
    server, verb: str, body: Any = None, name: str = "web", resource: str = "deployments", **options: Any
):
    return server.handle(Request(verb, resource, "default", name, "scale", body, options))


def scale(replicas: int, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "web", "namespace": "default", **metadata},
        "spec": {"replicas": replicas},
    }


def replicas(client) -> tuple[int, int]:
    found = client.get("deployments", "default/web")
    return found["spec"]["replicas"], found["metadata"]["generation"]


SELECTOR = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "z", "operator": "DoesNotExist"}]}


def test_what_a_scale_shows(server, client):
    made = client.create(deployment(replicas=3, selector=SELECTOR))
    client.update_status(made, replicas=2)
    found = send(server, "get")
    now = client.get("deployments", "default/web")["metadata"]
    assert (found["kind"], found["apiVersion"]) == ("Scale", "autoscaling/v1")
    fields = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    assert found["metadata"] == {f: now[f] for f in fields}
    assert found["spec"] == {"replicas": 3}
    assert found["status"] == {"replicas": 2, "selector": "app=web,!z"}


def controller(name: str = "web"):
    body = {"replicas": 1, "selector": {"b": "2", "a": "1"}, "template": template({"a": "1", "b": "2"})}
    return named("ReplicationController", name, spec=body)


def stateful(name: str = "web"):
    labels = {"app": name}
    body = {
        "replicas": 1,
        "serviceName": "web",
        "selector": {"matchLabels": labels},
        "template": template(labels),
    }
    return named("StatefulSet", name, "apps/v1", spec=body)


@pytest.mark.parametrize(
    ("obj", "resource", "selector"),
    [
        (replicaset(replicas=1), "replicasets", "app=web"),
        (stateful(), "statefulsets", "app=web"),
        (controller(), "replicationcontrollers", "a=1,b=2"),
    ],
    ids=["ReplicaSet", "StatefulSet", "ReplicationController"],
)
def test_everything_that_has_replicas_has_a_scale(server, client, obj, resource, selector):
    client.create(obj)
    assert send(server, "get", resource=resource)["status"] == {"replicas": 0, "selector": selector}
    send(server, "patch", {"spec": {"replicas": 4}}, resource=resource)
    assert client.get(resource, "default/web")["spec"]["replicas"] == 4


def test_other_kinds_have_none(server, client):
    client.create(configmap("web"))
    with pytest.raises(errors.NotFound):
        send(server, "get", resource="configmaps")


def test_scaling_is_an_update_of_the_object(server, client):
    client.create(deployment(replicas=1))
    assert send(server, "update", scale(2))["spec"] == {"replicas": 2}
    assert replicas(client) == (2, 2)
    assert send(server, "update", scale(2))["spec"] == {"replicas": 2}
    assert replicas(client) == (2, 2), "nothing new was asked for"


@pytest.mark.parametrize(
    ("patch", "kind", "wanted"),
    [
        ({"spec": {"replicas": 0}}, "merge", 0),
        ({"spec": {"replicas": 5}}, "strategic", 5),
        ([{"op": "replace", "path": "/spec/replicas", "value": 7}], "json", 7),
    ],
)
def test_patches(server, client, patch, kind, wanted):
    client.create(deployment(replicas=1))
    answer = send(server, "patch", patch, patchType=kind)
    assert answer["spec"] == ({"replicas": wanted} if wanted else {}), "zero is not written"
    assert replicas(client) == (wanted, 2)


def test_less_than_none(server, client):
    client.create(deployment())
    with pytest.raises(errors.Invalid) as refused:
        send(server, "patch", {"spec": {"replicas": -1}})
    assert refused.value.message == (
        'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: '
        "must be greater than or equal to 0"
    )


CONFLICTS = {
    "revision": (
        {"resourceVersion": "1"},
        'Operation cannot be fulfilled on deployments.apps "web": the object has been modified; '
        "please apply your changes to the latest version and try again",
    ),
    "uid": (
        {"uid": "other"},
        'Operation cannot be fulfilled on deployments/scale.apps "web": Precondition failed: UID in precondition: '
        "other, UID in object meta: UID",
    ),
}


@pytest.mark.parametrize(("metadata", "message"), CONFLICTS.values(), ids=CONFLICTS)
def test_another_object_than_was_meant(server, client, metadata, message):
    uid = client.create(deployment())["metadata"]["uid"]
    with pytest.raises(errors.Conflict) as refused:
        send(server, "update", scale(2, **metadata))
    assert refused.value.message == message.replace("meta: UID", f"meta: {uid}")
    assert replicas(client) == (3, 1)


def test_what_is_not_there_has_no_scale(server):
    with pytest.raises(errors.NotFound, match=r'deployments.apps "none" not found'):
        send(server, "get", name="none")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {"kind": "Pod"},
        {"spec": {"replicas": "many"}},
        {"spec": 7},
        {"metadata": {"name": "other"}},
    ],
    ids=str,
)
def test_what_is_no_scale(server, client, body):
    client.create(deployment())
    with pytest.raises(errors.BadRequest):
        send(server, "update", body)
    assert replicas(client) == (3, 1)


def test_a_rehearsal(server, client):
    client.create(deployment())
    assert send(server, "update", scale(9), dryRun="All")["spec"] == {"replicas": 9}
    assert replicas(client) == (3, 1)
