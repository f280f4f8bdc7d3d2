"""Watches, as they are served: one JSON document a line."""

from __future__ import annotations

import json

from k8slearn.apiserver.http import Front
from tests.apiserver.http.conftest import HOME, Send, configmap, events

MAPS = f"{HOME}/configmaps"


def names(found: list[tuple[str, dict]]) -> list[tuple[str, str]]:
    return [(kind, obj["metadata"].get("name", "")) for kind, obj in found]


def test_from_a_version(send: Send) -> None:
    since = send("POST", MAPS, configmap("a")).body["metadata"]["resourceVersion"]
    stream = send("GET", f"{MAPS}?watch=1&resourceVersion={since}")
    assert stream.take() == b""
    send("POST", MAPS, configmap("b"))
    send("PUT", f"{MAPS}/b", configmap("b", k="1"))
    send("DELETE", f"{MAPS}/b")
    assert names(events(stream)) == [("ADDED", "b"), ("MODIFIED", "b"), ("DELETED", "b")]


def test_without_a_version_it_begins_with_what_is_there(send: Send) -> None:
    send("POST", MAPS, configmap("a"))
    assert names(events(send("GET", f"{MAPS}?watch=1"))) == [("ADDED", "a")]


def test_initial_events_end_with_a_mark(send: Send) -> None:
    send("POST", MAPS, configmap("a"))
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    first, mark = events(send("GET", f"{MAPS}?{query}"))
    assert (first[0], mark[0]) == ("ADDED", "BOOKMARK")
    assert mark[1]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_bookmark_says_how_far_one_has_come_though_nothing_happened(send: Send, front: Front) -> None:
    since = send("POST", MAPS, configmap("a")).body["metadata"]["resourceVersion"]
    stream = send("GET", f"{MAPS}?watch=1&resourceVersion={since}&allowWatchBookmarks=true")
    send("POST", f"{HOME}/secrets", {"metadata": {"name": "s"}})
    mark = json.loads(stream.bookmark())
    assert (mark["type"], mark["object"]["kind"]) == ("BOOKMARK", "ConfigMap")
    assert int(mark["object"]["metadata"]["resourceVersion"]) == front.server.store.revision
    send("POST", MAPS, configmap("b"))
    assert stream.bookmark() == b""  # there is news that he does not know


def test_who_does_not_want_bookmarks_gets_none(send: Send) -> None:
    assert send("GET", f"{MAPS}?watch=1").bookmark() == b""


def test_an_object_moves_in_and_out_of_sight(send: Send) -> None:
    since = send("POST", MAPS, {"metadata": {"name": "a", "labels": {"on": "yes"}}}).body
    stream = send(
        "GET", f"{MAPS}?watch=1&labelSelector=on=yes&resourceVersion={since['metadata']['resourceVersion']}"
    )
    for value in ("no", "maybe", "yes"):
        patch = {"metadata": {"labels": {"on": value}}}
        send("PATCH", f"{MAPS}/a", patch, content_type="application/merge-patch+json")
    assert names(events(stream)) == [("DELETED", "a"), ("ADDED", "a")]


def test_what_has_been_forgotten_is_told_as_the_only_event(send: Send, front: Front) -> None:
    send("POST", MAPS, configmap("a"))
    front.server.store.compact(front.server.store.revision)
    stream = send("GET", f"{MAPS}?watch=1&resourceVersion=1")
    ((kind, status),) = events(stream)
    assert (kind, status["code"], status["reason"], stream.finished) == ("ERROR", 410, "Expired", True)


def test_a_watch_that_lags_too_far_behind_is_told_so(send: Send, front: Front) -> None:
    since = send("POST", MAPS, configmap("a")).body["metadata"]["resourceVersion"]
    stream = send("GET", f"{MAPS}?watch=1&resourceVersion={since}")
    send("POST", MAPS, configmap("b"))
    front.server.store.compact(front.server.store.revision)
    assert [kind for kind, _ in events(stream)] == ["ERROR"]


def test_a_stream_of_tables_names_the_columns_once(send: Send) -> None:
    stream = send("GET", f"{MAPS}?watch=1", accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    send("POST", MAPS, configmap("a"))
    send("POST", MAPS, configmap("b"))
    first, second = (table for _, table in events(stream))
    assert [c["name"] for c in first["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert second["columnDefinitions"] is None


def test_a_watch_shows_the_version_that_was_asked_for(send: Send) -> None:
    stream = send("GET", "/apis/events.k8s.io/v1/events?watch=1")
    about = {"kind": "Pod", "namespace": "default", "name": "p"}
    send("POST", f"{HOME}/events", {"metadata": {"name": "e"}, "involvedObject": about, "message": "hi"})
    ((_, event),) = events(stream)
    assert (event["apiVersion"], event["note"]) == ("events.k8s.io/v1", "hi")
