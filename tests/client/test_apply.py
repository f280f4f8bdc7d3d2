"""A whole file of objects: all of it, or an error and nothing stored."""

from __future__ import annotations

import pytest

from k8slearn.api import errors
from k8slearn.client.apply import apply_all, create_all
from tests.fakes import configmap, deployment, named, namespace, service


def everything(client) -> list[str]:
    kinds = ("namespaces", "configmaps", "deployments", "services")
    return [f"{o['kind']}/{o['metadata']['name']}" for k in kinds for o in client.list(k)]


BAD_FILES = {
    "invalid last": ([configmap("a"), deployment(replicas=-1)], errors.Invalid),
    "taken last": ([configmap("b"), configmap("taken")], errors.AlreadyExists),
    "twice": ([configmap("a"), configmap("a")], errors.AlreadyExists),
    "an unknown kind": ([configmap("a"), named("Unicorn", "u")], errors.NotFound),
    "no such namespace": ([configmap("a"), configmap("b", namespace="nowhere")], errors.NotFound),
    "invalid, in a namespace of the same file": (
        [namespace("team"), deployment(replicas=-1) | {"metadata": {"name": "web", "namespace": "team"}}],
        errors.Invalid,
    ),
}


@pytest.mark.parametrize("case", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_create_stores_nothing_of_a_bad_file(client, case):
    objects, refusal = case
    client.create(configmap("taken"))
    before = everything(client)
    with pytest.raises(refusal):
        create_all(client, objects, "default")
    assert everything(client) == before


@pytest.mark.parametrize("send", [create_all, apply_all])
def test_a_file_may_bring_its_own_namespace(client, send):
    send(client, [namespace("team"), configmap("a", namespace="team"), deployment()], "default")
    assert {"Namespace/team", "ConfigMap/a", "Deployment/web"} <= set(everything(client))


def test_objects_without_a_namespace_go_where_they_are_told(client):
    client.create(namespace("team"))
    bare = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    (made,) = create_all(client, bare, "team")
    assert made["metadata"]["namespace"] == "team"
    assert "namespace" not in bare["metadata"]


def test_apply_creates_then_merges_then_changes_nothing(client):
    first = apply_all(client, [deployment(replicas=2), service()], "default")
    client.patch(first[0], patch={"metadata": {"annotations": {"from": "somebody else"}}})
    (second, _) = apply_all(client, [deployment(replicas=5), service()], "default")
    assert second["spec"]["replicas"] == 5
    assert second["metadata"]["annotations"] == {"from": "somebody else"}
    before = client.list("deployments").revision
    apply_all(client, [deployment(replicas=5), service()], "default")
    assert client.list("deployments").revision == before
