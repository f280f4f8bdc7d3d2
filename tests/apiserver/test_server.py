"""The server's own part: names and uids, what a client may not say, and answers to nonsense."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slearn.api import errors
from k8slearn.api.clock import Dice
from k8slearn.api.kinds import BUILTIN
from k8slearn.api.requests import Request
from tests import fakes
from tests.fakes import configmap, deployment, pod, service

UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


# --- what only the server may say ------------------------------------------------------------


def test_a_client_cannot_choose_what_the_server_decides(client, clock):
    clock.now = 5.9
    given = {
        "uid": "mine",
        "creationTimestamp": "2001-01-01T00:00:00Z",
        "deletionTimestamp": "2001-01-01T00:00:00Z",
    }
    made = client.create(configmap(metadata=given))
    m = made["metadata"]
    assert UID.fullmatch(m["uid"])
    assert m["creationTimestamp"] == "2026-01-01T00:00:05Z"
    assert "deletionTimestamp" not in m


def test_a_revision_cannot_be_given_at_creation(client):
    with pytest.raises(errors.ApiError, match="resourceVersion should not be set on objects to be created"):
        client.create(configmap(metadata={"resourceVersion": "5"}))


def test_an_update_may_leave_out_what_the_server_knows(client):
    made = client.create(configmap())
    kept = ("uid", "creationTimestamp")
    for change in ({}, {"creationTimestamp": "2001-01-01T00:00:00Z"}):
        updated = client.update(configmap(data={"n": str(change)}, metadata=change))
        assert [updated["metadata"][k] for k in kept] == [made["metadata"][k] for k in kept]


IMMUTABLE = {
    "uid": "11111111-2222-4333-8444-555555555555",
    "deletionTimestamp": "2001-01-01T00:00:00Z",
    "deletionGracePeriodSeconds": 5,
}


@pytest.mark.parametrize(("field", "value"), IMMUTABLE.items())
def test_a_patch_cannot_change_what_the_server_decided(client, field, value):
    made = client.create(configmap())
    with pytest.raises(errors.ApiError) as refusal:
        client.patch(made, patch={"metadata": {field: value}})
    assert refusal.value.code in (409, 422)
    assert client.get("configmaps", "default/settings") == made


def test_made_again_is_another_object(client):
    first = client.create(configmap())
    client.delete(first)
    assert client.create(configmap())["metadata"]["uid"] != first["metadata"]["uid"]


# --- generateName ----------------------------------------------------------------------------


def generated(name: str, **rest: object) -> dict[str, object]:
    made = configmap(**rest)
    del made["metadata"]["name"]
    made["metadata"]["generateName"] = name
    return made


def test_generated_names_have_five_letters_that_spell_nothing(client):
    found = [client.create(generated("web-"))["metadata"]["name"] for _ in range(200)]
    assert len(set(found)) == 200
    assert all(re.fullmatch(r"web-[bcdfghjklmnpqrstvwxz2456789]{5}", name) for name in found)


def test_a_long_stem_is_cut_so_that_the_name_stays_a_label(client):
    name = client.create(generated("x" * 100))["metadata"]["name"]
    assert (len(name), name[:58]) == (63, "x" * 58)


def test_a_name_that_is_given_wins(client):
    assert client.create(configmap("mine", metadata={"generateName": "web-"}))["metadata"]["name"] == "mine"


def test_a_generated_name_that_is_taken_is_not_used(server, client, monkeypatch):
    answers = iter(["taken", "taken", "freed"])
    monkeypatch.setattr(Dice, "suffix", lambda *_, **__: next(answers))
    client.create(configmap("web-taken"))
    assert client.create(generated("web-"))["metadata"]["name"] == "web-freed"


def test_no_name_at_all(client):
    with pytest.raises(errors.Invalid, match="name or generateName is required"):
        client.create(generated(""))


def test_names_and_uids_follow_from_the_seed():
    def names(seed: int) -> list[tuple[str, str]]:
        server = fakes.server(seed=seed)
        made = [
            server.handle(Request("create", "configmaps", "default", body=generated("a-"))) for _ in range(3)
        ]
        return [(o["metadata"]["name"], o["metadata"]["uid"]) for o in made]

    assert names(1) == names(1)
    assert not set(names(1)) & set(names(2))


# --- where the URL and the object disagree ---------------------------------------------------


def test_the_namespace_of_the_object_must_be_that_of_the_request(server):
    request = Request("create", "configmaps", "kube-system", body=configmap(namespace="default"))
    with pytest.raises(errors.BadRequest, match="does not match the namespace sent on the request"):
        server.handle(request)


def test_the_name_of_the_object_must_be_that_of_the_url(server, client):
    client.create(configmap())
    request = Request("update", "configmaps", "default", "settings", body=configmap("other"))
    with pytest.raises(errors.BadRequest, match=r"\(other\) does not match the name on the URL \(settings\)"):
        server.handle(request)


def test_an_object_of_another_kind(server):
    with pytest.raises(errors.BadRequest):
        server.handle(Request("create", "configmaps", "default", body=pod()))


# --- unknown verbs and subresources ----------------------------------------------------------

NOT_ALLOWED = [
    ("create", "status"),
    ("delete", "status"),
    ("delete", "binding"),
    ("get", "binding"),
    ("update", "eviction"),
]


@pytest.mark.parametrize(("verb", "subresource"), NOT_ALLOWED)
def test_a_subresource_answers_only_its_own_verbs(server, client, verb, subresource):
    made = client.create(pod())
    with pytest.raises(errors.MethodNotAllowed):
        server.handle(Request(verb, "pods", "default", "web", subresource, body=made))
    assert client.get("pods", "default/web") == made


def test_a_subresource_that_the_kind_does_not_have(server, client):
    client.create(configmap())
    with pytest.raises(errors.NotFound, match="could not find the requested resource"):
        server.handle(Request("get", "configmaps", "default", "settings", "status"))


def test_a_verb_that_nobody_knows(server):
    with pytest.raises(errors.MethodNotAllowed):
        server.handle(Request("dance", "pods", "default", "web"))


# --- nonsense --------------------------------------------------------------------------------

FIELDS = (
    "metadata spec name namespace labels kind apiVersion resourceVersion template containers selector "
    "ownerReferences finalizers status target"
).split()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x", "v1", "settings", "9"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from(FIELDS),
        inner,
        max_size=4,
    ),
    max_leaves=8,
)  # fmt: skip
KIND_NAMES = st.sampled_from([r.name for r in BUILTIN])
PATCH_TYPES = st.sampled_from(["merge", "json"])


@settings(max_examples=400)
@given(
    kind=KIND_NAMES, verb=st.sampled_from(["create", "update", "patch"]), body=JSON, patch_type=PATCH_TYPES
)
def test_whatever_is_sent_the_answer_is_an_object_or_an_api_error(kind, verb, body, patch_type):
    server = fakes.server()
    resource = server.kinds.named(kind)
    home = "default" if resource.namespaced else ""
    server.store.put(resource.name, f"{home}/settings".lstrip("/"), stored(resource, home))
    before = server.store.revision
    request = Request(verb, kind, home, "settings", body=body, options={"patchType": patch_type})
    answer = answer_to(server, request)
    if isinstance(answer, errors.ApiError):
        assert answer.status()["code"] >= 400
        assert server.store.revision == before
    else:
        assert resource.is_virtual or answer["metadata"]["uid"]


def answer_to(server, request):
    """What comes back: an object, or the ApiError. Anything else is raised, and fails the test."""
    try:
        return server.handle(request)
    except errors.ApiError as error:
        return error


def stored(resource, home):
    """Something of this kind that is there already; even if it would not pass validation."""
    obj = fakes.named(resource.kind, "settings", resource.api_version, home, spec={}, status={})
    obj["metadata"]["uid"] = "u"
    return obj


OPERATIONS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "op": st.sampled_from(["add", "remove", "replace", "test", "move", "copy", "dance", 1]),
            "path": st.sampled_from(
                ["", "/", "/data", "/data/a", "/data/a/b", "/metadata", "/metadata/name", "nope", 3]
            ),
            "from": st.sampled_from(["/data/a", "/nowhere", 7]),
            "value": st.sampled_from([None, 1, "x", [], {}]),
        },
    )
    | JSON,
    max_size=3,
)


@settings(max_examples=300)
@given(operations=OPERATIONS)
def test_whatever_json_patch_is_sent_the_answer_is_an_object_or_an_api_error(operations):
    server = fakes.server()
    server.handle(Request("create", "configmaps", "default", body=configmap(data={"a": "1"})))
    request = Request(
        "patch", "configmaps", "default", "settings", body=operations, options={"patchType": "json"}
    )
    answer = answer_to(server, request)
    if isinstance(answer, errors.ApiError):
        assert answer.code in (400, 404, 409, 422)
    else:
        assert answer["kind"] == "ConfigMap"


# --- services --------------------------------------------------------------------------------


def test_a_service_gets_an_address_of_its_own_once_and_keeps_it(client):
    found = [client.create(service(f"s{i}"))["spec"]["clusterIP"] for i in range(50)]
    assert len(set(found)) == 50
    assert all(address.startswith("10.96.") for address in found)
    again = client.update(service("s0"))
    assert again["spec"]["clusterIP"] == found[0]
    assert again["spec"]["clusterIPs"] == [found[0]]


def test_headless_and_external_services_have_no_address(client):
    assert client.create(service("a", clusterIP="None"))["spec"]["clusterIP"] == "None"
    external = client.create(service("b", type="ExternalName", externalName="example.com"))
    assert "clusterIP" not in external["spec"]


def test_a_deployment_says_everything_once_it_is_stored(client):
    """A few of the defaults, through the whole pipeline (test_defaults has the rest)."""
    spec = client.create(deployment())["spec"]
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
    }
    assert (spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (10, 600)
    assert spec["template"]["spec"]["restartPolicy"] == "Always"
