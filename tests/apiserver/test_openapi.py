"""OpenAPI: the documents hold together, and say what kubectl looks for."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from k8slearn.api import schema
from k8slearn.api.errors import NotAcceptable
from k8slearn.api.kinds import BUILTIN, Kinds
from k8slearn.api.protobuf import read_message
from k8slearn.api.resources import Resource
from k8slearn.apiserver import openapi
from k8slearn.apiserver.openapi import descriptions
from k8slearn.apiserver.openapi.components import references

KINDS = Kinds()
PLACES = sorted({f"/openapi/v3/api{'s' if r.group else ''}/{r.api_version}" for r in BUILTIN})


@cache
def document(path: str) -> dict[str, Any]:
    found = openapi.document(KINDS, path, "application/json")
    assert found is not None
    return found[1]


def dug(value: Any, *path: str) -> Any:
    for step in path:
        value = value[step]
    return value


APPS, CORE = "/openapi/v3/apis/apps/v1", "/openapi/v3/api/v1"
UNDESCRIBED = ("v1.JSONSchemaProps", "v1.ExternalDocumentation")  # Kubernetes says nothing about theirs
DEPLOYMENT = "io.k8s.api.apps.v1.Deployment"


@pytest.mark.parametrize(
    ("place", "path", "value"),
    [
        (APPS, ["openapi"], "3.0.0"),
        (APPS, ["components", "schemas", DEPLOYMENT + "Spec", "properties", "replicas", "type"], "integer"),
        (APPS, ["components", "schemas", DEPLOYMENT + "Spec", "required"], ["selector", "template"]),
        (
            APPS,
            ["components", "schemas", DEPLOYMENT, "x-kubernetes-group-version-kind"],
            [{"group": "apps", "kind": "Deployment", "version": "v1"}],
        ),
        (
            APPS,
            ["components", "schemas", DEPLOYMENT, "properties", "spec", "allOf"],
            [{"$ref": f"#/components/schemas/{DEPLOYMENT}Spec"}],
        ),
        (
            CORE,
            [
                "components",
                "schemas",
                "io.k8s.api.core.v1.ServiceSpec",
                "properties",
                "ports",
                "x-kubernetes-list-map-keys",
            ],
            ["port", "protocol"],
        ),
        (
            CORE,
            [
                "components",
                "schemas",
                "io.k8s.api.core.v1.ServiceSpec",
                "properties",
                "ports",
                "x-kubernetes-patch-merge-key",
            ],
            "port",
        ),
        (
            CORE,
            ["components", "schemas", "io.k8s.api.core.v1.ConfigMap", "properties", "data"],
            {
                "description": descriptions.of("v1.ConfigMap", "core").fields["data"],
                "type": "object",
                "additionalProperties": {"type": "string", "default": ""},
            },
        ),
        ("/openapi/v2", ["swagger"], "2.0"),
        ("/openapi/v2", ["definitions", "io.k8s.api.core.v1.ConfigMap", "type"], "object"),
    ],
)
def test_what_clients_look_for(place: str, path: list[str], value: Any) -> None:
    assert dug(document(place), *path) == value


@pytest.mark.parametrize("place", PLACES)
def test_a_document_refers_to_nothing_outside(place: str) -> None:
    found = document(place)
    assert references(found) <= found["components"]["schemas"].keys()
    assert found["paths"]


def test_the_old_document_refers_to_nothing_outside() -> None:
    text = json.dumps(document("/openapi/v2"))
    assert "#/components" not in text
    found = {part.split('"')[0] for part in text.split('"#/definitions/')[1:]}
    assert found <= document("/openapi/v2")["definitions"].keys()


def test_every_operation_has_a_name_of_its_own_and_every_kind_a_schema() -> None:
    old = document("/openapi/v2")
    operations = [
        op for item in old["paths"].values() for method, op in item.items() if method != "parameters"
    ]
    assert len({op["operationId"] for op in operations}) == len(operations)
    typed = {
        (gvk["group"], gvk["version"], gvk["kind"])
        for one in old["definitions"].values()
        for gvk in one.get("x-kubernetes-group-version-kind", ())
    }
    assert {(r.group, r.version, r.kind) for r in BUILTIN} <= typed


def test_operations_are_the_verbs_of_the_kind() -> None:
    paths = document(CORE)["paths"]
    pods = paths["/api/v1/namespaces/{namespace}/pods"]
    assert {m: op["x-kubernetes-action"] for m, op in pods.items() if m != "parameters"} == {
        "get": "list",
        "post": "post",
        "delete": "deletecollection",
    }
    assert pods["post"]["operationId"] == "createCoreV1NamespacedPod"
    assert pods["delete"]["operationId"] == "deleteCoreV1CollectionNamespacedPod"
    assert paths["/api/v1/pods"]["get"]["operationId"] == "listCoreV1PodForAllNamespaces"
    assert [p["name"] for p in pods["parameters"]] == ["namespace", "pretty"]
    assert set(paths["/api/v1/namespaces"]) == {"get", "post", "parameters"}
    assert set(paths["/api/v1/namespaces/{namespace}/bindings"]) == {"post", "parameters"}
    assert (
        paths["/api/v1/namespaces/{namespace}/pods/{name}/exec"]["post"]["x-kubernetes-action"] == "connect"
    )


def test_a_subresource_carries_its_own_kind() -> None:
    scale = document(APPS)["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"]
    gvk = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    assert scale["get"]["x-kubernetes-group-version-kind"] == gvk
    sent = scale["put"]["requestBody"]["content"]["application/json"]["schema"]
    assert sent == {"$ref": "#/components/schemas/io.k8s.api.autoscaling.v1.Scale"}


def test_kubectl_finds_out_that_the_server_validates_fields() -> None:
    """It looks at the parameters of any PATCH of the kind."""
    patch = document(APPS)["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == {
        "group": "apps",
        "kind": "Deployment",
        "version": "v1",
    }
    assert {"dryRun", "fieldManager", "fieldValidation", "force"} <= {p["name"] for p in patch["parameters"]}


def test_every_place_is_in_the_index() -> None:
    index = document("/openapi/v3")["paths"]
    assert sorted(f"/openapi/v3/{place}" for place in index) == PLACES
    url = index["apis/apps/v1"]["serverRelativeURL"]
    assert url.startswith("/openapi/v3/apis/apps/v1?hash=")
    assert len({entry["serverRelativeURL"].partition("=")[2] for entry in index.values()}) == len(PLACES)


def test_a_kind_that_is_added_changes_its_document_and_no_other() -> None:
    kinds = Kinds()
    before = openapi.document(kinds, "/openapi/v3")
    assert openapi.document(kinds, "/openapi/v3/apis/example.com/v1") is None
    kinds.add(Resource("example.com", "v1", "Website", "websites"))
    after = openapi.document(kinds, "/openapi/v3")
    assert before is not None
    assert after is not None
    assert {k: v for k, v in after[1]["paths"].items() if k != "apis/example.com/v1"} == before[1]["paths"]
    found = openapi.document(kinds, "/openapi/v3/apis/example.com/v1")
    assert found is not None
    website = found[1]["components"]["schemas"]["com.example.v1.Website"]
    assert website["x-kubernetes-preserve-unknown-fields"] is True


def test_a_document_is_made_once() -> None:
    assert openapi.document(KINDS, APPS)[1] is openapi.document(KINDS, APPS)[1]  # type: ignore[index]


def test_protobuf_is_spoken_as_far_as_kubectl_listens() -> None:
    accept = "application/com.github.proto-openapi.spec.v{0}@v1.0+protobuf"
    with pytest.raises(NotAcceptable):
        openapi.document(KINDS, "/openapi/v3/api/v1", accept.format(3))
    found = openapi.document(KINDS, "/openapi/v2", accept.format(2))
    assert found is not None
    paths = read_message(dict(read_message(found[1]))[8])  # type: ignore[arg-type]
    named = {dict(read_message(path))[1].decode(): dict(read_message(path))[2] for _, path in paths}
    patch = read_message(dict(read_message(named["/api/v1/namespaces/{name}"]))[8])
    kind = dict(read_message(dict(patch)[13]))
    assert kind[1] == b"x-kubernetes-group-version-kind"
    assert b'"kind": "Namespace"' in kind[2]
    assert any(b"fieldValidation" in value for number, value in patch if number == 8)


@pytest.mark.parametrize(
    "path", ["/openapi", "/openapi/v1", "/openapi/v3/apis/none.example.com/v1", "/openapi/v3/api"]
)
def test_what_there_is_not(path: str) -> None:
    assert openapi.document(KINDS, path) is None


# --- descriptions ----------------------------------------------------------------------------


def test_descriptions_come_from_the_installed_package() -> None:
    replicas = document(APPS)["components"]["schemas"][DEPLOYMENT + "Spec"]["properties"]["replicas"]
    assert replicas["description"] == (
        "Number of desired pods. This is a pointer to distinguish between explicit zero and not specified. "
        "Defaults to 1."
    )
    paragraphs = descriptions.of("v1.PodSpec", "core").fields["os"].split("\n\n")
    assert len(paragraphs) == 3
    assert all("\n" not in paragraph for paragraph in paragraphs)


def test_nearly_every_field_has_one() -> None:
    missing = [
        f"{spelt}.{field}"
        for spelt, fields in schema.types().items()
        for field in fields
        if spelt not in UNDESCRIBED and not descriptions.of(spelt, schema.packages()[spelt]).fields.get(field)
    ]
    assert len(missing) < 5, missing


def test_without_the_package_there_are_none_and_nothing_else_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptions, "_folder", lambda: None)
    monkeypatch.setattr(descriptions, "_docstrings", descriptions._docstrings.__wrapped__)
    assert not descriptions.available()
    bare = openapi.document(Kinds(), APPS)
    assert bare is not None
    assert "description" not in bare[1]["components"]["schemas"][DEPLOYMENT + "Spec"]
    assert bare[1]["paths"] == document(APPS)["paths"]
