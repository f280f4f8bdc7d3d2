"""Namespaces: nothing is born where there is none, or in one that is going; three live forever."""

from __future__ import annotations

import pytest

from k8slearn.api import errors
from tests.fakes import configmap, namespace


@pytest.fixture
def team(client):
    return client.create(namespace("team"))


def test_a_namespace_begins_active_and_holds_itself(team):
    assert (team["spec"], team["status"]) == ({"finalizers": ["kubernetes"]}, {"phase": "Active"})
    assert team["metadata"]["labels"]["kubernetes.io/metadata.name"] == "team"


def test_nothing_is_created_in_a_namespace_that_is_not_there(client):
    with pytest.raises(errors.NotFound, match='namespaces "nowhere" not found'):
        client.create(configmap(namespace="nowhere"))


def test_a_deleted_namespace_stays_until_it_has_been_finalized(client, team):
    going = client.delete(team)
    assert (going["kind"], going["status"]["phase"]) == ("Namespace", "Terminating")
    assert client.get("namespaces", "team")["status"]["phase"] == "Terminating"
    emptied = client.get("namespaces", "team") | {"spec": {"finalizers": []}}
    client.finalize(emptied)
    with pytest.raises(errors.NotFound):
        client.get("namespaces", "team")


def test_nothing_is_created_in_a_namespace_that_is_going(client, team):
    client.create(configmap("old", namespace="team"))
    client.delete(team)
    with pytest.raises(errors.Forbidden) as refusal:
        client.create(configmap("new", namespace="team"))
    assert refusal.value.message == (
        'configmaps "new" is forbidden: unable to create new content in namespace team '
        "because it is being terminated"
    )
    assert refusal.value.details["causes"] == [
        {
            "reason": "NamespaceTerminating",
            "message": "namespace team is being terminated",
            "field": "metadata.namespace",
        }
    ]


def test_what_is_there_can_still_be_updated_and_deleted(client, team):
    client.create(configmap("old", namespace="team"))
    client.delete(team)
    client.patch("configmaps", "team/old", patch={"data": {"a": "1"}})
    client.delete("configmaps", "team/old")
    assert list(client.list("configmaps", "team")) == []


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_three_namespaces_are_immortal(server, client, name):
    before = server.store.revision
    with pytest.raises(
        errors.Forbidden, match=f'namespaces "{name}" is forbidden: this namespace may not be deleted'
    ):
        client.delete("namespaces", name)
    assert server.store.revision == before


def test_others_of_the_system_are_not(client):
    assert client.delete("namespaces", "kube-node-lease")["status"]["phase"] == "Terminating"


def test_an_ordinary_update_cannot_take_the_finalizer_off(client, team):
    client.delete(team)
    client.update(client.get("namespaces", "team") | {"spec": {}})
    client.patch("namespaces", "team", patch={"spec": {"finalizers": None}})
    assert client.get("namespaces", "team")["spec"] == {"finalizers": ["kubernetes"]}


def test_finalizing_with_a_stale_revision(client, team):
    client.patch("namespaces", "team", patch={"metadata": {"labels": {"a": "b"}}})
    with pytest.raises(errors.Conflict):
        client.finalize(team)


def test_a_rehearsal_of_finalizing(server, client, team):
    client.delete(team)
    before = server.store.revision
    client.transport.handle(
        client._request("update", "namespaces", "team", namespace("team"), {"dryRun": "All"}, "finalize")
    )
    assert server.store.revision == before


def test_finalizing_what_is_not_being_deleted_deletes_nothing(client, team):
    client.finalize(team | {"spec": {}})
    assert client.get("namespaces", "team")["spec"] == {}
    going = client.delete("namespaces", "team")
    assert (going["kind"], going["status"]["phase"]) == ("Namespace", "Terminating")
