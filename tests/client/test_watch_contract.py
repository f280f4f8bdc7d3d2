"""What every client promises about watches: what is told, in which order, and when it ends."""

from __future__ import annotations

import pytest

from k8slearn.api import errors
from k8slearn.api.objects import edit, revision_of
from k8slearn.client import Client
from tests import fakes
from tests.fakes import configmap, namespace, pod


@pytest.fixture
def client() -> Client:
    """In-process only: over HTTP events are heard a little later (`tests/live/test_remote.py`)."""
    return fakes.client()


def told(watch) -> list[tuple[str, str]]:
    """What the watch has to say now: (type, name)."""
    found = []
    while (event := watch.take()) is not None:
        found.append((event.type, event.object["metadata"]["name"]))
    return found


def relabel(client: Client, name: str, **labels: str) -> None:
    client.patch("configmaps", f"default/{name}", patch={"metadata": {"labels": labels}})


def test_from_now_on_by_default(client):
    client.create(configmap("before"))
    watch = client.watch("configmaps")
    assert watch.take() is None
    made = client.create(configmap("after", data={"a": "1"}))
    event = watch.take()
    assert (event.type, event.object, event.revision) == ("ADDED", made, revision_of(made))


def test_list_then_watch_from_there_misses_and_repeats_nothing(client):
    client.create(configmap("a"))
    found = client.list("configmaps")
    client.create(configmap("b"))
    watch = client.watch("configmaps", revision=found.revision)
    client.delete("configmaps", "default/a")
    assert told(watch) == [("ADDED", "b"), ("DELETED", "a")]


def test_a_life_in_order(client):
    watch = client.watch("configmaps")
    made = client.create(configmap(metadata={"finalizers": ["a/b"]}))
    client.delete(made)
    held = client.get("configmaps", "default/settings")
    del held["metadata"]["finalizers"]
    client.update(held)
    assert [kind for kind, _ in told(watch)] == ["ADDED", "MODIFIED", "DELETED"]


def test_a_deletion_shows_the_last_state_at_the_revision_it_ended(client):
    made = client.create(configmap(data={"a": "1"}))
    watch = client.watch("configmaps")
    client.delete(made)
    event = watch.take()
    assert event.object["data"] == {"a": "1"}
    assert (
        revision_of(event.object) == event.revision == client.list("configmaps").revision > revision_of(made)
    )


def test_peek_take_and_the_revision_of_the_watch(client):
    watch = client.watch("configmaps")
    start = watch.revision
    made = client.create(configmap())
    assert watch.peek().object == made
    assert watch.revision == start
    assert watch.take().object == made
    assert watch.revision == revision_of(made)
    assert watch.peek() is None


def test_lag_counts_what_waits(client):
    watch = client.watch("configmaps")
    for name in "abc":
        client.create(configmap(name))
    assert watch.lag == 3
    watch.take()
    assert watch.lag == 2


def test_only_this_resource_and_namespace(client):
    client.create(namespace("team"))
    everywhere, here = client.watch("configmaps"), client.watch("configmaps", "team")
    client.create(pod())
    client.create(configmap("a"))
    client.create(configmap("b", namespace="team"))
    assert told(everywhere) == [("ADDED", "a"), ("ADDED", "b")]
    assert told(here) == [("ADDED", "b")]


def test_writes_that_change_nothing_are_not_told(client):
    made = client.create(configmap())
    watch = client.watch("configmaps")
    client.update(made)
    assert watch.take() is None


# --- with selectors, objects move in and out of sight ------------------------------------------


def test_label_transitions(client):
    client.create(configmap("a", metadata={"labels": {"app": "web"}}))
    watch = client.watch("configmaps", labels="app=web")
    relabel(client, "a", other="x")
    relabel(client, "a", app="db")
    relabel(client, "a", other="y")
    relabel(client, "a", app="web")
    client.delete("configmaps", "default/a")
    assert told(watch) == [("MODIFIED", "a"), ("DELETED", "a"), ("ADDED", "a"), ("DELETED", "a")]


def test_leaving_sight_shows_the_object_as_it_was_last_seen(client):
    """Kubernetes v1.36: the object before the change, with the revision of the change."""
    client.create(configmap("a", data={"n": "1"}, metadata={"labels": {"app": "web"}}))
    watch = client.watch("configmaps", labels="app=web")
    client.patch("configmaps", "default/a", patch={"data": {"n": "2"}, "metadata": {"labels": {"app": "db"}}})
    event = watch.take()
    assert (event.type, event.object["data"], event.object["metadata"]["labels"]) == (
        "DELETED",
        {"n": "1"},
        {"app": "web"},
    )
    assert revision_of(event.object) == event.revision == client.list("configmaps").revision


def test_what_was_never_in_sight_is_not_told(client):
    watch = client.watch("configmaps", labels="app=web")
    client.create(configmap("a"))
    relabel(client, "a", app="db")
    client.delete("configmaps", "default/a")
    assert watch.take() is None


def test_a_kubelet_hears_of_a_pod_when_it_is_bound(client):
    watch = client.watch("pods", fields="spec.nodeName=node-1")
    other = client.watch("pods", fields="spec.nodeName=node-2")
    made = client.create(pod())
    client.bind(made, "node-1")
    client.delete("pods", "default/web", gracePeriodSeconds=0)
    assert told(watch) == [("ADDED", "web"), ("DELETED", "web")]
    assert told(other) == []


def test_the_scheduler_loses_sight_of_a_pod_that_is_bound(client):
    watch = client.watch("pods", fields="spec.nodeName=")
    made = client.create(pod())
    client.bind(made, "node-1")
    assert told(watch) == [("ADDED", "web"), ("DELETED", "web")]


def test_bells_ring_when_something_is_there(client):
    rung = []
    watch = client.watch("configmaps", bell=lambda: rung.append(1))
    client.create(configmap("a"))
    assert rung
    watch.close()
    heard = len(rung)
    client.create(configmap("b"))
    assert len(rung) == heard


def test_a_selector_that_means_nothing(client):
    with pytest.raises(errors.BadRequest):
        client.watch("configmaps", labels="a in (")


def test_two_watches_share_objects_but_not_their_place(client):
    one, two = client.watch("configmaps"), client.watch("configmaps")
    client.create(configmap("a"))
    assert told(one) == [("ADDED", "a")]
    event = two.take()
    private = edit(event.object)
    private["metadata"]["name"] = "mine"
    assert client.get("configmaps", "default/a")["metadata"]["name"] == "a"
