"""Rules that hold for every kind together: defaults, unchanged updates, generation, metadata, status."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slearn.api.errors import ApiError, Invalid
from k8slearn.api.kinds import Kinds
from k8slearn.api.objects import edit
from k8slearn.api.requests import Request
from k8slearn.apiserver import strategy
from k8slearn.apiserver.defaults import default
from tests import fakes
from tests.apiserver.objects import OBJECTS

KINDS = Kinds()
EACH_KIND = pytest.mark.parametrize("kind", sorted(OBJECTS))


@pytest.fixture
def ask(server):
    def ask(verb: str, kind: str, body: Any = None, subresource: str = "", **options: Any) -> Any:
        resource = server.kinds.named(kind)
        home = "default" if resource.namespaced else ""
        return server.handle(Request(verb, resource, home, "x", subresource, body, options))

    return ask


def body(kind: str) -> Any:
    resource = KINDS.named(kind)
    head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": "x"}}
    return {**head, **edit(OBJECTS[kind])}


@EACH_KIND
def test_defaults_of_defaults(ask, kind):
    stored = edit(ask("create", kind, body(kind)))
    again = edit(stored)
    default(KINDS.named(kind), again)
    assert again == stored


@EACH_KIND
def test_a_replacement_that_changes_nothing(ask, kind):
    stored = ask("create", kind, body(kind))
    assert ask("update", kind, edit(stored)) == stored
    assert ask("patch", kind, {}) == stored


@EACH_KIND
def test_what_was_sent_first_can_be_sent_again(ask, kind):
    """As `kubectl replace` does it: without what the server has added."""
    stored = ask("create", kind, body(kind))
    sent = body(kind)
    sent["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]
    if kind == "jobs":
        sent["spec"]["selector"] = stored["spec"]["selector"]
        sent["spec"]["template"] = stored["spec"]["template"]
    found = ask("update", kind, sent)
    assert found.get("spec") == stored.get("spec")


@EACH_KIND
def test_generation_counts_wishes(ask, kind):
    resource = KINDS.named(kind)
    stored = ask("create", kind, body(kind))
    assert stored["metadata"].get("generation") == (1 if strategy.has_generation(resource) else None)
    labelled = ask("patch", kind, {"metadata": {"labels": {"a": "b"}}})
    counted = labelled["metadata"].get("generation")
    assert counted == (stored["metadata"].get("generation", 0) + (kind == "endpointslices") or None)


@EACH_KIND
def test_a_bad_label_is_told(ask, kind):
    ask("create", kind, body(kind))
    with pytest.raises(Invalid) as refused:
        ask("patch", kind, {"metadata": {"labels": {"a": "-"}}})
    assert "metadata.labels: Invalid value" in str(refused.value)
    assert str(refused.value).count("metadata.labels") == 1


@EACH_KIND
def test_who_must_say_what_he_has_read(ask, kind):
    ask("create", kind, body(kind))
    sent = {**body(kind), "metadata": {"name": "x", "annotations": {"a": "b"}}}
    if kind == "jobs":
        return
    if KINDS.named(kind).kind in strategy.CONDITIONAL:
        with pytest.raises(
            Invalid, match=r"metadata\.resourceVersion: Invalid value: 0: must be specified"
        ) as refused:
            ask("update", kind, sent)
        assert refused.value.details["kind"] == kind
    else:
        assert ask("update", kind, sent)["metadata"]["annotations"]["a"] == "b"


@pytest.mark.parametrize("kind", [k for k in sorted(OBJECTS) if KINDS.named(k).has_status])
def test_the_status_says_what_it_has_to(ask, kind):
    stored = ask("create", kind, body(kind))
    emptied = ask("update", kind, {**edit(stored), "status": {}}, "status")
    assert ask("update", kind, edit(emptied), "status") == emptied
    assert emptied.get("spec") == stored.get("spec")


# --- metadata --------------------------------------------------------------------------------


def test_causes_are_repeated_and_the_message_is_not(ask):
    ask("create", "configmaps", body("configmaps"))
    with pytest.raises(Invalid) as refused:
        ask("patch", "configmaps", {"metadata": {"uid": "other"}})
    assert [c["field"] for c in refused.value.causes] == ["metadata.uid"] * 2
    assert str(refused.value).count("field is immutable") == 1


def test_a_kind_that_does_not_count_keeps_what_it_was_born_with(ask):
    sent = body("configmaps")
    sent["metadata"]["generation"] = 7
    assert ask("create", "configmaps", sent)["metadata"]["generation"] == 7
    changed = ask("patch", "configmaps", {"data": {"k": "w"}, "metadata": {"generation": 9}})
    assert changed["metadata"]["generation"] == 7


def test_a_version_of_something_that_is_not_there_yet(ask):
    sent = body("configmaps")
    sent["metadata"]["resourceVersion"] = "5"
    with pytest.raises(
        ApiError, match="resourceVersion should not be set on objects to be created"
    ) as refused:
        ask("create", "configmaps", sent)
    assert refused.value.code == 500


def test_the_status_of_most_kinds_brings_metadata_along(ask):
    for kind, kept in (
        ("replicasets", ["annotations", "labels"]),
        ("deployments", ["annotations"]),
        ("flowschemas", []),
    ):
        ask("create", kind, body(kind))
        patch = {"metadata": {"labels": {"a": "b"}, "annotations": {"a": "b"}}}
        found = ask("patch", kind, patch, "status")["metadata"]
        assert [
            field for field in ("annotations", "labels") if (found.get(field) or {}).get("a") == "b"
        ] == kept


def test_times_that_nobody_knows_are_null(ask):
    ask("create", "pods", body("pods"))
    status = {
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "c", "state": {"running": {}}}],
    }
    found = ask("patch", "pods", {"status": status}, "status")["status"]
    assert found["conditions"][0]["lastProbeTime"] is None
    assert found["containerStatuses"][0]["state"] == {"running": {"startedAt": None}}
    assert found["qosClass"] == "BestEffort"


# --- nonsense --------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["", "a", "A b", "x/y", "10.0.0.1", "None", "50%", "Always", "*", "LoadBalancer", "Indexed"]
)
SCALARS = st.one_of(st.none(), st.booleans(), st.sampled_from([0, 1, -1, 70000, 2**31 - 1]), WORDS)


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(sorted(OBJECTS)), data=st.data())
def test_a_good_object_with_one_thing_wrong(kind, data):
    """Whatever takes the place of one part: an answer or an ApiError, and nothing half-written."""
    server = fakes.server()
    resource, sent = KINDS.named(kind), body(kind)
    place: Any = sent
    while True:
        at = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[at], (dict, list)) or not place[at] or data.draw(st.booleans()):
            break
        place = place[at]
    place[at] = data.draw(st.one_of(SCALARS, st.just({}), st.just([]), st.just([{}])))
    before = server.store.revision
    home = "default" if resource.namespaced else ""
    answer = answer_to(server, Request("create", resource, home, "", body=sent))
    if isinstance(answer, ApiError):
        assert 400 <= answer.code < 500
        assert server.store.revision == before


def answer_to(server: Any, request: Request) -> Any:
    try:
        return server.handle(request)
    except ApiError as error:
        return error
