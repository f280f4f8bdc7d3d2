"""generation counts wishes, resourceVersion counts writes; and a write that changes nothing is not one.

Facts recorded from Kubernetes v1.36: scenarios api-generation, api-noop-update.
"""

from __future__ import annotations

import pytest

from k8slearn.api.objects import edit, revision_of
from tests.fakes import configmap, deployment, named, pod, replicaset, service

PDB = named(
    "PodDisruptionBudget",
    "web",
    "policy/v1",
    spec={"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}},
)


def generation(obj):
    return obj["metadata"].get("generation")


CHANGES = {
    "spec": ({"spec": {"replicas": 7}}, 1),
    "the same spec": ({"spec": {"replicas": 3}}, 0),
    "labels": ({"metadata": {"labels": {"a": "b"}}}, 0),
    "finalizers": ({"metadata": {"finalizers": ["a/b"]}}, 0),
    "a Deployment's annotations": ({"metadata": {"annotations": {"a": "b"}}}, 1),
}


@pytest.mark.parametrize(("patch", "more"), CHANGES.values(), ids=CHANGES.keys())
def test_what_raises_the_generation(client, patch, more):
    made = client.create(deployment())
    assert generation(made) == 1
    assert generation(client.patch(made, patch=patch)) == 1 + more


def test_a_replicasets_annotations_are_no_wish(client):
    made = client.create(replicaset())
    assert generation(client.patch(made, patch={"metadata": {"annotations": {"a": "b"}}})) == 1


def test_the_status_raises_the_revision_and_not_the_generation(client):
    made = client.create(deployment())
    written = client.update_status(made, observedGeneration=1)
    assert generation(written) == 1
    assert revision_of(written) > revision_of(made)


def test_asking_for_deletion_is_a_wish(client):
    made = client.create(deployment(replicas=1) | {"metadata": {"name": "web", "finalizers": ["a/b"]}})
    assert generation(client.delete(made)) == 2
    assert generation(client.delete(made)) == 2


def test_binding_a_pod_is_a_change_of_its_spec_that_nobody_asked_for(client):
    """Recorded: a bound pod is still at generation 1, its deletion is 2."""
    client.bind(client.create(pod()), "node-1")
    assert generation(client.get("pods", "default/web")) == 1
    assert generation(client.delete("pods", "default/web")) == 2


@pytest.mark.parametrize("obj", [configmap(), service()], ids=["ConfigMap", "Service"])
def test_kinds_without_a_generation(client, obj):
    assert generation(client.create(obj)) is None


def test_a_client_cannot_set_the_generation(client):
    made = edit(client.create(deployment()))
    made["metadata"]["generation"] = 41
    made["spec"]["replicas"] = 4
    assert generation(client.update(made)) == 2


# --- writes that change nothing --------------------------------------------------------------

KINDS = {o["kind"]: o for o in (configmap(data={"a": "1"}), deployment(), replicaset(), service(), pod())}


@pytest.mark.parametrize("obj", [*KINDS.values(), PDB], ids=lambda o: o["kind"])
def test_sending_back_what_was_read_writes_nothing(server, client, obj):
    current = edit(client.create(obj))
    before = server.store.revision
    client.update(current)
    client.patch(current, patch={})
    if server.kinds.of(obj).has_status:
        client.update_status(current)
    assert server.store.revision == before


@pytest.mark.parametrize("obj", KINDS.values(), ids=KINDS.keys())
def test_sending_the_manifest_once_more_asks_for_nothing_new(server, client, obj):
    """The manifest leaves out what the server filled in; it still asks for the same."""
    client.create(obj)
    before = server.store.revision
    client.update(obj)
    client.patch(obj, patch=obj)
    assert server.store.revision == before


def test_a_change_and_its_undoing_are_two_writes(server, client):
    made = client.create(configmap(data={"a": "1"}))
    before = server.store.revision
    client.patch(made, patch={"data": {"a": "2"}})
    again = client.patch(made, patch={"data": {"a": "1"}})
    assert server.store.revision == before + 2 == revision_of(again)
    assert again["data"] == made["data"]
