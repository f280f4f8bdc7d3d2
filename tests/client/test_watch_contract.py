"""What every client promises about watches: what is told, in which order, and when it ends."""

from __future__ import annotations

import pytest

from k8slearn.api import errors
from k8slearn.api.objects import edit, revision_of
from k8slearn.client import Client
from tests.fakes import configmap, namespace, pod

WEB = {"labels": {"app": "web"}}


def relabel(client: Client, name: str, **labels: str) -> None:
    client.patch("configmaps", f"default/{name}", patch={"metadata": {"labels": labels}})


def test_from_now_on_by_default(client, hear):
    client.create(configmap("before"))
    hearing = hear("configmaps")
    assert hearing.watch.take() is None
    made = client.create(configmap("after", data={"a": "1"}))
    event = hearing.take()
    assert (event.type, event.object, event.revision) == ("ADDED", made, revision_of(made))


def test_list_then_watch_from_there_misses_and_repeats_nothing(client, hear):
    client.create(configmap("a"))
    found = client.list("configmaps")
    client.create(configmap("b"))
    hearing = hear("configmaps", revision=found.revision)
    client.delete("configmaps", "default/a")
    client.create(configmap("end"))
    assert hearing.before("end") == [("ADDED", "b"), ("DELETED", "a")]


def test_a_life_in_order(client, hear):
    hearing = hear("configmaps")
    made = client.create(configmap(metadata={"finalizers": ["a/b"]}))
    client.delete(made)
    held = client.get("configmaps", "default/settings")
    del held["metadata"]["finalizers"]
    client.update(held)
    client.create(configmap("end"))
    assert [kind for kind, _ in hearing.before("end")] == ["ADDED", "MODIFIED", "DELETED"]


def test_a_deletion_shows_the_last_state_at_the_revision_it_ended(client, hear):
    made = client.create(configmap(data={"a": "1"}))
    hearing = hear("configmaps")
    client.delete(made)
    event = hearing.take()
    assert event.object["data"] == {"a": "1"}
    assert (
        revision_of(event.object) == event.revision == client.list("configmaps").revision > revision_of(made)
    )


def test_peek_take_and_the_revision_of_the_watch(client, hear):
    hearing = hear("configmaps")
    watch = hearing.watch
    start = watch.revision
    made = client.create(configmap())
    assert hearing.peek().object == made
    assert watch.revision == start
    assert hearing.take().object == made
    assert watch.revision == revision_of(made)
    assert watch.peek() is None


def test_lag_counts_what_waits(client, hear):
    hearing = hear("configmaps")
    watch = hearing.watch
    assert (watch.lag, watch.waiting) == (0, False)
    for name in "abc":
        client.create(configmap(name))
    hearing.until(lambda: watch.lag >= 3)
    assert (watch.lag, watch.waiting) == (3, True)
    watch.take()
    assert watch.lag == 2


def test_only_this_resource_and_namespace(client, hear):
    client.create(namespace("team"))
    everywhere, here = hear("configmaps"), hear("configmaps", "team")
    client.create(pod())
    client.create(configmap("a"))
    client.create(configmap("b", namespace="team"))
    client.create(configmap("end", namespace="team"))
    assert everywhere.before("end") == [("ADDED", "a"), ("ADDED", "b")]
    assert here.before("end") == [("ADDED", "b")]


def test_writes_that_change_nothing_are_not_told(client, hear):
    made = client.create(configmap())
    hearing = hear("configmaps")
    client.update(made)
    client.create(configmap("end"))
    assert hearing.before("end") == []


# --- with selectors, objects move in and out of sight ------------------------------------------


def test_label_transitions(client, hear):
    client.create(configmap("a", metadata=WEB))
    hearing = hear("configmaps", labels="app=web")
    relabel(client, "a", other="x")
    relabel(client, "a", app="db")
    relabel(client, "a", other="y")
    relabel(client, "a", app="web")
    client.delete("configmaps", "default/a")
    client.create(configmap("end", metadata=WEB))
    told = [("MODIFIED", "a"), ("DELETED", "a"), ("ADDED", "a"), ("DELETED", "a")]
    assert hearing.before("end") == told


def test_leaving_sight_shows_the_object_as_it_was_last_seen(client, hear):
    """Kubernetes v1.36: the object before the change, with the revision of the change."""
    client.create(configmap("a", data={"n": "1"}, metadata=WEB))
    hearing = hear("configmaps", labels="app=web")
    client.patch("configmaps", "default/a", patch={"data": {"n": "2"}, "metadata": {"labels": {"app": "db"}}})
    event = hearing.take()
    assert (event.type, event.object["data"], event.object["metadata"]["labels"]) == (
        "DELETED",
        {"n": "1"},
        {"app": "web"},
    )
    assert revision_of(event.object) == event.revision == client.list("configmaps").revision


def test_what_was_never_in_sight_is_not_told(client, hear):
    hearing = hear("configmaps", labels="app=web")
    client.create(configmap("a"))
    relabel(client, "a", app="db")
    client.delete("configmaps", "default/a")
    client.create(configmap("end", metadata=WEB))
    assert hearing.before("end") == []


def test_a_kubelet_hears_of_a_pod_when_it_is_bound(client, hear):
    here, there = (hear("pods", fields=f"spec.nodeName=node-{n}") for n in (1, 2))
    made = client.create(pod())
    client.bind(made, "node-1")
    client.delete("pods", "default/web", gracePeriodSeconds=0)
    for node in ("node-1", "node-2"):
        client.bind(client.create(pod(f"end-{node}")), node)
    assert here.before("end-node-1") == [("ADDED", "web"), ("DELETED", "web")]
    assert there.before("end-node-2") == []


def test_the_scheduler_loses_sight_of_a_pod_that_is_bound(client, hear):
    hearing = hear("pods", fields="spec.nodeName=")
    made = client.create(pod())
    client.bind(made, "node-1")
    client.create(pod("end"))
    assert hearing.before("end") == [("ADDED", "web"), ("DELETED", "web")]


# --- bells, mistakes, and others who listen -----------------------------------------------------


def test_bells_ring_when_something_is_there_and_not_after_the_end(client, hear):
    hearing, other = hear("configmaps"), hear("configmaps")
    client.create(configmap("a"))
    hearing.until(lambda: hearing.rings)
    assert hearing.take().object["metadata"]["name"] == "a"
    hearing.watch.close()
    heard = hearing.rings
    client.create(configmap("b"))
    client.create(configmap("end"))
    assert other.before("end") == [("ADDED", "a"), ("ADDED", "b")]
    assert hearing.rings == heard


@pytest.mark.parametrize("revision", [None, 1])
def test_a_selector_that_means_nothing(client, revision):
    with pytest.raises(errors.BadRequest):
        client.watch("configmaps", labels="a in (", revision=revision)


def test_a_kind_that_nobody_knows(client):
    with pytest.raises(errors.NotFound):
        client.watch("gadgets")


def test_two_watches_share_objects_but_not_their_place(client, hear):
    one, two = hear("configmaps"), hear("configmaps")
    client.create(configmap("a"))
    client.create(configmap("end"))
    assert one.before("end") == [("ADDED", "a")]
    event = two.take()
    private = edit(event.object)
    private["metadata"]["name"] = "mine"
    assert client.get("configmaps", "default/a")["metadata"]["name"] == "a"
