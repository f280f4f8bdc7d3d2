"""Events: notes for people, counted when the same thing happens again, never in the way of the work."""

from __future__ import annotations

import pytest

from k8slearn.machinery.recorder import Recorder
from tests.fakes import configmap, namespace


@pytest.fixture
def recorder(client, clock):
    return Recorder(client, clock, "tester")


@pytest.fixture
def about(client):
    return client.create(configmap("a"))


def test_a_note_says_about_whom_what_and_who(recorder, client, about, clock):
    clock.now = 4.0
    recorder.warning(about, "Broken", "it broke")
    (event,) = client.list("events")
    said = {
        k: event[k] for k in ("type", "reason", "message", "count", "firstTimestamp", "reportingComponent")
    }
    assert said == {
        "type": "Warning",
        "reason": "Broken",
        "message": "it broke",
        "count": 1,
        "firstTimestamp": "2026-01-01T00:00:04Z",
        "reportingComponent": "tester",
    }
    m = about["metadata"]
    assert event["involvedObject"] == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "a",
        "namespace": "default",
        "uid": m["uid"],
        "resourceVersion": m["resourceVersion"],
    }


def test_the_same_again_raises_the_count(recorder, client, about, clock):
    for clock.now in (1.0, 2.0, 3.0):
        recorder.normal(about, "Did", "something")
    (event,) = client.list("events")
    assert (event["count"], event["firstTimestamp"][-3:], event["lastTimestamp"][-3:]) == (3, "01Z", "03Z")


@pytest.mark.parametrize(
    "other", [("Normal", "Did", "else"), ("Normal", "Other", "x"), ("Warning", "Did", "x")]
)
def test_anything_else_is_another_note(recorder, client, about, other):
    kind, reason, message = other
    recorder.normal(about, "Did", "x")
    (recorder.normal if kind == "Normal" else recorder.warning)(about, reason, message)
    assert [e["count"] for e in client.list("events")] == [1, 1]


def test_about_cluster_scoped_objects_notes_are_in_default(recorder, client):
    recorder.normal(client.create(namespace("team")), "Did", "x")
    (event,) = client.list("events")
    assert event["metadata"]["namespace"] == "default"


def test_a_note_that_cannot_be_taken_down_stops_nobody(recorder, client):
    client.create(namespace("team"))
    about = client.create(configmap("a", namespace="team"))
    client.delete("namespaces", "team")
    recorder.normal(about, "Did", "x")
    assert list(client.list("events")) == []
