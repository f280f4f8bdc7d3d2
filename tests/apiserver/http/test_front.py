"""The way of a request: who asks, may he, what is meant, do it, say it."""

from __future__ import annotations

import json

import pytest
import yaml

from k8slearn.api.protobuf import MAGIC
from tests.apiserver.http.conftest import HOME, Send, configmap

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
MAPS = f"{HOME}/configmaps"


def test_create_get_update_delete(send: Send) -> None:
    made = send("POST", MAPS, configmap("a", k="1"))
    assert (made.code, made.body["data"], made.media_type) == (201, {"k": "1"}, "application/json")
    assert send("GET", f"{MAPS}/a").body == made.body
    changed = send("PUT", f"{MAPS}/a", configmap("a", k="2"))
    assert (changed.code, changed.body["data"]) == (200, {"k": "2"})
    gone = send("DELETE", f"{MAPS}/a")
    assert (gone.code, gone.body["kind"], gone.body["status"]) == (200, "Status", "Success")
    assert send("GET", f"{MAPS}/a").code == 404


@pytest.mark.parametrize(
    ("content_type", "patch"),
    [
        ("application/merge-patch+json", {"data": {"k": "2"}}),
        ("application/strategic-merge-patch+json", {"data": {"k": "2"}}),
        ("application/json-patch+json", [{"op": "replace", "path": "/data/k", "value": "2"}]),
    ],
)
def test_patches(send: Send, content_type: str, patch: object) -> None:
    send("POST", MAPS, configmap("a", k="1"))
    answer = send("PATCH", f"{MAPS}/a", patch, content_type=content_type)
    assert (answer.code, answer.body["data"]) == (200, {"k": "2"})


def test_apply_creates_then_updates_and_names_its_conflicts(send: Send) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", **configmap("a", k="1")}
    apply = {"content_type": "application/apply-patch+yaml"}
    assert send("PATCH", f"{MAPS}/a?fieldManager=one", body, **apply).code == 201
    assert send("PATCH", f"{MAPS}/a?fieldManager=one", body, **apply).code == 200
    body["data"] = {"k": "2"}
    refused = send("PATCH", f"{MAPS}/a?fieldManager=two", body, **apply)
    assert (refused.code, refused.body["reason"]) == (409, "Conflict")
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "one": .data.k'
    assert send("PATCH", f"{MAPS}/a?fieldManager=two&force=true", body, **apply).code == 200
    assert send("PATCH", f"{MAPS}/a", body, **apply).code == 422  # who applies must say who he is


# --- who, and may he -------------------------------------------------------------------------


def test_a_wrong_token_is_not_let_in_and_nobody_in_particular_may_hardly_anything(send: Send) -> None:
    wrong = send("GET", "/api/v1/pods", user="nonsense")
    assert (wrong.code, wrong.body["reason"]) == (401, "Unauthorized")
    nobody = send("GET", "/api/v1/pods", user="")
    assert nobody.code == 403
    assert nobody.body["message"] == (
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope'
    )
    assert send("GET", "/healthz", user="").code == 200
    assert send("GET", "/metrics", user="").code == 403


def test_a_role_lets_a_user_do_what_it_says_and_no_more(send: Send) -> None:
    assert send("GET", MAPS, user="jane").code == 403
    binding = {
        "metadata": {"name": "jane"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"
    assert send("POST", bindings, binding).code == 201
    assert send("GET", MAPS, user="jane").code == 200
    assert send("GET", "/api/v1/namespaces/kube-system/configmaps", user="jane").code == 403


def test_an_administrator_may_act_as_somebody_else(send: Send) -> None:
    answer = send("GET", MAPS, impersonate_user="jane")
    assert answer.code == 403
    assert 'User "jane" cannot list' in answer.body["message"]
    assert send("GET", MAPS, user="jane", impersonate_user="kubernetes-admin").code == 403


# --- what ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "url", "code", "reason"),
    [
        ("GET", "/nowhere", 404, None),
        ("GET", "/apis/none.example.com/v1/things", 404, None),
        ("GET", "/api/v1/nothings", 404, "NotFound"),
        ("GET", "/apis/apps/v9/deployments", 404, "NotFound"),
        ("GET", f"{HOME}/nodes", 404, "NotFound"),
        ("GET", f"{HOME}/pods/a/nonsense", 404, "NotFound"),
        ("POST", "/api/v1/configmaps", 405, "MethodNotAllowed"),
        ("PUT", MAPS, 405, "MethodNotAllowed"),
        ("POST", f"{MAPS}/a", 405, "MethodNotAllowed"),
        ("POST", "/version", 405, "MethodNotAllowed"),
        ("GET", f"{MAPS}?labelSelector=a+in+b", 400, "BadRequest"),
        ("GET", f"{MAPS}?limit=x", 400, "BadRequest"),
        ("GET", f"{MAPS}?continue=x", 400, "BadRequest"),
        ("GET", f"{MAPS}?resourceVersion=99999999", 504, "Timeout"),
    ],
)
def test_what_cannot_be_meant(send: Send, method: str, url: str, code: int, reason: str | None) -> None:
    answer = send(method, url, {} if method in ("POST", "PUT") else None)
    assert answer.code == code
    assert (answer.body["reason"] if reason else answer.media_type.split(";")[0]) == (reason or "text/plain")


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"{not json", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"metadata": {"name": "\xff\xfe"}}', "application/json", 422),
        (b"[" * 100_000, "application/json", 400),
        (b"hello", "text/plain", 415),
        (b"a: [", "application/yaml", 400),
        (MAGIC + b"\xff\xff", "application/vnd.kubernetes.protobuf", 400),
        (b"{}", "application/vnd.kubernetes.protobuf", 400),
    ],
)
def test_bodies_that_cannot_be_read(send: Send, body: bytes, content_type: str, code: int) -> None:
    answer = send("POST", MAPS, body, content_type=content_type)
    assert (answer.code, answer.body["status"]) == (code, "Failure")


def test_unknown_fields_are_warned_about_or_refused(send: Send) -> None:
    odd = {"metadata": {"name": "odd"}, "dota": {}}
    warned = send("POST", f"{MAPS}?fieldValidation=Warn", odd)
    assert (warned.code, warned.headers["Warning"]) == (201, '299 - "unknown field \\"dota\\""')
    assert send("POST", f"{MAPS}?fieldValidation=Strict", odd).code == 400


def test_a_rehearsal_changes_nothing(send: Send) -> None:
    assert send("POST", f"{MAPS}?dryRun=All", configmap("a")).code == 201
    assert send("GET", f"{MAPS}/a").code == 404


# --- in which form ---------------------------------------------------------------------------


def test_forms(send: Send) -> None:
    send("POST", MAPS, configmap("a", k="1"))
    table = send("GET", MAPS, accept=TABLE).body
    assert [c["name"] for c in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert ["a", 1] in [row["cells"][:2] for row in table["rows"]]
    assert send("GET", f"{MAPS}/a", accept=PARTIAL).body["kind"] == "PartialObjectMetadata"
    assert send("GET", MAPS, accept=PARTIAL).code == 406  # a list of them is another kind
    assert send("GET", MAPS, accept="text/html").code == 406
    text = send("GET", f"{MAPS}/a", accept="application/yaml")
    assert (text.media_type, yaml.safe_load(text.body)["data"]) == ("application/yaml", {"k": "1"})


def test_items_of_a_list_do_not_repeat_its_kind(send: Send) -> None:
    send("POST", MAPS, configmap("a"))
    found = send("GET", MAPS).body
    assert (found["kind"], found["apiVersion"]) == ("ConfigMapList", "v1")
    assert all("kind" not in item for item in found["items"])


def test_a_long_list_comes_in_pages_that_show_one_moment(send: Send) -> None:
    for i in range(7):
        send("POST", MAPS, configmap(f"m{i}"))
    seen, url = [], f"{MAPS}?limit=3"
    revisions, remaining = set(), []
    while url:
        page = send("GET", url).body
        seen += [o["metadata"]["name"] for o in page["items"]]
        revisions.add(page["metadata"]["resourceVersion"])
        remaining.append(page["metadata"].get("remainingItemCount"))
        token = page["metadata"].get("continue")
        url = f"{MAPS}?limit=3&continue={token}" if token else ""
        send("POST", MAPS, configmap(f"late{len(seen)}"))
    assert seen == [f"m{i}" for i in range(7)]
    assert (len(revisions), remaining) == (1, [4, 1, None])


def test_one_event_seen_as_two_versions(send: Send) -> None:
    about = {"kind": "Pod", "namespace": "default", "name": "p"}
    event = {"metadata": {"name": "e", "namespace": "default"}, "involvedObject": about, "message": "hi"}
    assert send("POST", f"{HOME}/events", event).code == 201
    other = send("GET", "/apis/events.k8s.io/v1/namespaces/default/events/e").body
    assert (other["apiVersion"], other["note"], other["regarding"]["name"]) == ("events.k8s.io/v1", "hi", "p")


def test_protobuf_is_understood_and_answered_in_json(send: Send) -> None:
    def field(number: int, data: bytes) -> bytes:
        return bytes([number << 3 | 2, len(data)]) + data

    kind = field(1, b"v1") + field(2, b"ConfigMap")
    entry = field(1, b"k") + field(2, b"v")
    raw = field(1, field(1, b"a")) + field(2, entry)  # metadata{name}, data{k: v}
    body = MAGIC + field(1, kind) + field(2, raw)
    protobuf = "application/vnd.kubernetes.protobuf"
    made = send("POST", MAPS, body, content_type=protobuf, accept=f"{protobuf},application/json")
    assert (made.code, made.media_type, made.body["data"]) == (201, "application/json", {"k": "v"})


def test_pages(send: Send) -> None:
    assert send("GET", "/version").body["gitVersion"].startswith("v1.36")
    assert send("GET", "/livez/ping").body == "ok"
    assert "livez check passed" in send("GET", "/livez?verbose").body
    assert {"name": "apps"}.items() <= send("GET", "/apis/apps").body.items()
    assert "/apis/apps/v1" in send("GET", "/").body["paths"]
    assert json.dumps(send("GET", "/openapi/v3").body).count("serverRelativeURL") > 20
    assert 'resource="namespaces"' in send("GET", "/metrics").body
