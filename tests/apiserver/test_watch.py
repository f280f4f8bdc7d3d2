"""The server's side of a watch: topics, expiry, and numbers that are none."""

from __future__ import annotations

import pytest

from k8slearn.api import errors
from k8slearn.api.requests import Request
from tests.fakes import configmap, pod


def test_a_watch_that_has_fallen_behind_expires_and_a_new_list_helps(server, client):
    watch = client.watch("configmaps")
    client.create(configmap("a"))
    server.store.compact(server.store.revision)
    with pytest.raises(errors.Expired) as refusal:
        watch.take()
    assert (refusal.value.code, refusal.value.reason) == (410, "Expired")
    watch = client.watch("configmaps", revision=client.list("configmaps").revision)
    client.create(configmap("b"))
    assert watch.take().object["metadata"]["name"] == "b"


def test_a_watch_from_a_forgotten_revision_is_refused(server, client):
    client.create(configmap("a"))
    server.store.compact(server.store.revision)
    with pytest.raises(errors.Expired):
        client.watch("configmaps", revision=1)


def test_what_was_compacted_but_not_for_this_watch_does_not_expire_it(server, client):
    """A kubelet without pods may sleep through any number of other people's writes."""
    watch = client.watch("pods", fields="spec.nodeName=node-1")
    for name in "abc":
        client.create(pod(name))
    server.store.compact(server.store.revision)
    client.bind(client.get("pods", "default/b"), "node-1")
    assert [watch.take().type, watch.take()] == ["ADDED", None]


def test_ten_thousand_idle_kubelets_cost_nothing(server, client):
    """No bell rings, and nothing waits, for those whom a write does not concern."""
    rung = []
    watches = [
        client.watch("pods", fields=f"spec.nodeName=node-{i}", bell=lambda i=i: rung.append(i))
        for i in range(10_000)
    ]
    client.bind(client.create(pod()), "node-7")
    assert rung == [7]
    assert sum(w.lag for w in watches) == 1


@pytest.mark.parametrize("resource_version", ["abc", "1.5"])
def test_a_revision_that_is_none(server, resource_version):
    with pytest.raises(
        errors.ApiError, match=f'resourceVersion: Invalid value: "{resource_version}"'
    ) as refusal:
        server.watch(Request("watch", "configmaps", options={"resourceVersion": resource_version}))
    assert refusal.value.code == 500


def test_an_update_with_a_revision_that_is_none(client):
    client.create(configmap())
    with pytest.raises(errors.ApiError, match="Invalid value"):
        client.update(configmap(metadata={"resourceVersion": "abc"}))


def test_peeking_passes_over_what_is_not_for_us(client):
    watch = client.watch("configmaps", "kube-system")
    client.create(configmap("a"))
    assert watch.peek() is None
    assert watch.lag == 0
