"""A kind without code: from its definition, through its objects, to its end."""
# ruff: noqa: E501 (messages and schemas are as long as Kubernetes makes them)

from __future__ import annotations

import json
from typing import Any

import pytest

from k8slearn import Cluster, Simulation
from k8slearn.api import errors
from k8slearn.api.objects import Object
from k8slearn.api.requests import Request
from k8slearn.apiserver import tables
from k8slearn.apiserver.discovery import document
from k8slearn.apiserver.http import Front, HttpRequest
from k8slearn.apiserver.outside import Call, Reply
from k8slearn.controllers import CustomResourceDefinitionController
from tests.crds import crd, widget

COUNT = {"count": {"type": "integer", "minimum": 0, "default": 1}}
WIDGETS = "widgets.example.com"


def world(*definitions: Object) -> Simulation:
    """A cluster in which these definitions are established from the beginning."""
    return Simulation(Cluster(0, objects=definitions))


def young() -> Simulation:
    """A cluster that has none, but could have."""
    return Simulation(Cluster(0, adding=[CustomResourceDefinitionController]))


# --- becoming a kind ---------------------------------------------------------------------------


def test_a_kind_exists_once_its_definition_is_established() -> None:
    sim = young()
    sim.client.create(crd())
    with pytest.raises(errors.NotFound):
        sim.client.list(WIDGETS)
    sim.run()
    conditions = sim.client.get("customresourcedefinitions", WIDGETS)["status"]["conditions"]
    assert [(c["type"], c["status"], c["reason"]) for c in conditions] == [
        ("NamesAccepted", "True", "NoConflicts"),
        ("Established", "True", "InitialNamesAccepted"),
    ]
    assert sim.client.create(widget())["metadata"]["generation"] == 1


def test_time_travel_knows_which_kinds_there_were() -> None:
    sim = young()
    sim.client.create(crd())
    sim.run()
    sim.client.create(widget())
    there = sim.position
    sim.goto(0)
    assert WIDGETS not in {r.name for r in sim.server.kinds}
    sim.goto(there)
    assert [o["metadata"]["name"] for o in sim.client.list(WIDGETS)] == ["a"]


def test_who_comes_second_waits_for_the_names() -> None:
    sim = young()
    sim.client.create(crd())
    sim.run()
    sim.client.create(crd("gadgets"))
    sim.run()
    found = sim.client.get("customresourcedefinitions", "gadgets.example.com")["status"]
    assert found["acceptedNames"] == {"plural": "gadgets", "kind": ""}
    assert found["conditions"][0]["reason"] == "ListKindConflict"
    sim.client.delete("customresourcedefinitions", WIDGETS)
    sim.run()
    found = sim.client.get("customresourcedefinitions", "gadgets.example.com")["status"]
    assert found["acceptedNames"]["kind"] == "Widget"
    assert [c["status"] for c in found["conditions"]] == ["True", "True"]


def test_names_of_other_groups_are_free() -> None:
    sim = world(crd(), crd(group="other.org"))
    sim.client.create(widget(group="other.org"))
    assert len(sim.client.list("widgets.other.org")) == 1
    assert len(sim.client.list(WIDGETS)) == 0


def test_a_custom_kind_may_be_called_like_a_built_in_one() -> None:
    """The tables of defaults and rules of built-in kinds do not touch it."""
    sim = world(crd("services", "Service", group="serving.example.org"))
    made = sim.client.create(
        {
            "apiVersion": "serving.example.org/v1",
            "kind": "Service",
            "metadata": {"name": "a", "namespace": "default"},
            "spec": {},
        }
    )
    assert made["spec"] == {}
    assert "status" not in made


# --- objects -----------------------------------------------------------------------------------


def test_objects_are_pruned_defaulted_and_judged() -> None:
    sim = world(crd(spec=COUNT))
    assert sim.client.create(widget(spec={"nope": 1}))["spec"] == {"count": 1}
    with pytest.raises(errors.BadRequest, match=r'strict decoding error: unknown field "spec.nope"'):
        sim.client.create(widget("b", spec={"nope": 1}), fieldValidation="Strict")
    with pytest.raises(errors.Invalid) as refused:
        sim.client.create(widget("b", spec={"count": -1}))
    assert refused.value.message == (
        'Widget.example.com "b" is invalid: spec.count: Invalid value: -1: '
        "spec.count in body should be greater than or equal to 0"
    )


def test_status_is_apart_only_if_the_definition_says_so() -> None:
    status = {
        "properties": {
            "spec": {"type": "object"},
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        }
    }
    schema = {"type": "object", **status}
    apart = world(crd(schema=schema, version={"subresources": {"status": {}}}))
    assert "status" not in apart.client.create(widget(status={"a": 1}))
    assert apart.client.patch_status(WIDGETS, "default/a", patch={"a": 1})["metadata"]["generation"] == 1
    together = world(crd(schema=schema))
    assert together.client.create(widget(status={"a": 1}))["status"] == {"a": 1}
    changed = together.client.patch(WIDGETS, "default/a", patch={"status": {"a": 2}})
    assert changed["metadata"]["generation"] == 2
    with pytest.raises(errors.NotFound):
        together.client.patch_status(WIDGETS, "default/a", patch={"a": 1})


def test_apply_merges_lists_by_the_keys_of_the_schema() -> None:
    item = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "port": {"type": "integer"}},
    }
    listed = {
        "type": "array",
        "items": item,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
    }
    sim = world(crd(spec={"ports": listed}))

    def applied(by: str, *ports: Object) -> Object:
        where, options = (WIDGETS, "default/a"), {"patch_type": "apply", "fieldManager": by}
        return sim.client.patch(*where, patch=widget(spec={"ports": [*ports]}), **options)

    applied("one", {"name": "http", "port": 80})
    both = applied("two", {"name": "admin", "port": 9})
    assert [p["name"] for p in both["spec"]["ports"]] == ["http", "admin"]
    with pytest.raises(errors.Conflict, match=r'conflict with "one": \.spec\.ports\[name="http"\]\.port'):
        applied("two", {"name": "http", "port": 81})
    assert [p["name"] for p in applied("one")["spec"]["ports"]] == ["admin"]


def test_a_scale_is_where_the_definition_says() -> None:
    scale = {"specReplicasPath": ".spec.size.wanted", "statusReplicasPath": ".status.have"}
    size = {"size": {"type": "object", "properties": {"wanted": {"type": "integer"}}}}
    sim = world(crd(spec=size, version={"subresources": {"scale": scale}}))
    sim.client.create(widget(spec={"size": {"wanted": 2}}))

    def asked(verb: str, body: Any = None) -> Object:
        return sim.server.handle(Request(verb, WIDGETS, "default", "a", "scale", body))

    assert asked("get")["spec"] == {"replicas": 2}
    assert asked("patch", {"spec": {"replicas": 5}})["spec"] == {"replicas": 5}
    assert sim.client.get(WIDGETS, "default/a")["spec"] == {"size": {"wanted": 5}}


def test_a_scale_is_held_to_the_schema_like_any_change() -> None:
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    rules = {"type": "integer", "maximum": 5, "x-kubernetes-validations": [{"rule": "self != 3"}]}
    sim = world(crd(spec={"replicas": rules}, version={"subresources": {"scale": scale}}))
    version = sim.client.create(widget(spec={"replicas": 2}))["metadata"]["resourceVersion"]
    for verb, wanted, said in [
        (
            "patch",
            6,
            r"spec\.replicas: Invalid value: 6: spec\.replicas in body should be less than or equal to 5",
        ),
        ("patch", 3, r"spec\.replicas: Invalid value: 3: failed rule: self != 3"),
        ("update", 6, r'Widget\.example\.com "a" is invalid: spec\.replicas'),
    ]:
        named = {"name": "a", "namespace": "default", "resourceVersion": version}
        body = {"metadata": named, "spec": {"replicas": wanted}}
        with pytest.raises(errors.Invalid, match=said):
            sim.server.handle(Request(verb, WIDGETS, "default", "a", "scale", body))
    assert sim.client.get(WIDGETS, "default/a")["spec"] == {"replicas": 2}


def test_selectable_fields_select() -> None:
    sim = world(
        crd(spec={"color": {"type": "string"}}, version={"selectableFields": [{"jsonPath": ".spec.color"}]})
    )
    for name, color in ("a", "red"), ("b", "blue"):
        sim.client.create(widget(name, spec={"color": color}))
    assert [o["metadata"]["name"] for o in sim.client.list(WIDGETS, fields="spec.color=red")] == ["a"]
    with pytest.raises(errors.BadRequest, match=r"field label not supported: spec.size"):
        sim.client.list(WIDGETS, fields="spec.size=1")


COLUMNS = [
    {"name": "Count", "type": "integer", "jsonPath": ".spec.count"},
    {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
    {"name": "Note", "type": "string", "jsonPath": ".metadata.annotations.example\\.com/note", "priority": 1},
    {"name": "Born", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]


def test_columns_are_those_of_the_definition() -> None:
    sim = world(crd(spec=COUNT, version={"additionalPrinterColumns": COLUMNS}))
    obj = {
        **sim.client.create(widget(spec={"count": 3}, metadata={"annotations": {"example.com/note": "x"}})),
        "status": {"conditions": [{"type": "Other", "status": "?"}, {"type": "Ready", "status": "True"}]},
    }
    table = tables.table(sim.server.kinds.named(WIDGETS), [obj, widget("b")], now=65.0)
    assert [c["name"] for c in table["columnDefinitions"]] == ["Name", "Count", "Ready", "Note", "Born"]
    assert [c["priority"] for c in table["columnDefinitions"]] == [0, 0, 0, 1, 0]
    assert table["rows"][0]["cells"] == ["a", 3, "True", "x", "65s"]
    assert table["rows"][1]["cells"] == ["b", None, None, None, None]


def test_discovery_and_openapi_speak_of_it() -> None:
    names = {"shortNames": ["wd"], "categories": ["all"]}
    sim = world(crd(spec=COUNT, names=names, version={"subresources": {"status": {}}}))
    found = document(sim.server.kinds, "/apis/example.com/v1")
    assert found is not None
    first, second = found[1]["resources"]
    assert (first["name"], first["shortNames"], first["categories"]) == ("widgets", ["wd"], ["all"])
    assert second["name"] == "widgets/status"
    sim.server.authenticator.tokens["t"] = sim.client.user
    headers = {"authorization": "Bearer t"}
    answer = Front(sim.server).answer(HttpRequest("GET", "/openapi/v3/apis/example.com/v1", "", headers))
    schemas = json.loads(answer.body)["components"]["schemas"]  # type: ignore[union-attr]
    count = schemas["com.example.v1.Widget"]["properties"]["spec"]["properties"]["count"]
    assert count == COUNT["count"]


# --- several versions --------------------------------------------------------------------------

ANY = {
    "openAPIV3Schema": {
        "type": "object",
        "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
}


def version(name: str, *, storage: bool = False, served: bool = True) -> Object:
    return {"name": name, "served": served, "storage": storage, "schema": ANY}


def of(sim: Simulation, version_: str) -> Any:
    found = sim.server.kinds.served("example.com", version_, "widgets")
    assert found is not None
    return found


def test_without_a_converter_versions_differ_in_their_name() -> None:
    sim = world(crd(versions=[version("v1", storage=True), version("v2")]))
    sim.client.create(widget(version="v2", spec={"x": 1}))
    assert sim.store.get(WIDGETS, "default/a")["apiVersion"] == "example.com/v1"  # type: ignore[index]
    for name in ("v1", "v2"):
        seen = sim.server.handle(Request("get", of(sim, name), "default", "a"))
        assert (seen["apiVersion"], seen["spec"]) == (f"example.com/{name}", {"x": 1})


def named(*fields: str) -> Object:
    """A version's schema that knows these fields of the spec."""
    spec = {"type": "object", "properties": {field: {"type": "string"} for field in fields}}
    return {"schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}}


def test_what_the_stored_version_does_not_know_is_lost() -> None:
    versions = [{**version("v1", storage=True), **named("tea")}, {**version("v2"), **named("tea", "lid")}]
    sim = world(crd(versions=versions))
    sim.client.create(widget(version="v2", spec={"tea": "mint", "lid": "blue"}))
    assert sim.store.get(WIDGETS, "default/a")["spec"] == {"tea": "mint"}  # type: ignore[index]


def test_what_an_old_version_does_not_show_is_lost_when_it_is_written_back() -> None:
    versions = [{**version("v1"), **named("tea")}, {**version("v2", storage=True), **named("tea", "lid")}]
    sim = world(crd(versions=versions))
    sim.client.create(widget(version="v2", spec={"tea": "mint", "lid": "blue"}))
    old = sim.server.handle(Request("get", of(sim, "v1"), "default", "a"))
    assert old["spec"] == {"tea": "mint"}
    assert sim.client.get(WIDGETS, "default/a")["spec"] == {"tea": "mint", "lid": "blue"}
    sim.client.update({**old, "metadata": {**old["metadata"], "labels": {"seen": "yes"}}})
    assert sim.client.get(WIDGETS, "default/a")["spec"] == {"tea": "mint"}


def test_the_stored_version_may_change_and_what_lies_there_stays_readable() -> None:
    sim = world(crd(versions=[version("v1", storage=True), version("v2")]))
    sim.client.create(widget(version="v1", spec={"x": 1}))
    there = sim.client.get("customresourcedefinitions", WIDGETS)
    there["spec"]["versions"] = [version("v1"), version("v2", storage=True)]
    assert sim.client.update(there)["status"]["storedVersions"] == ["v1", "v2"]
    assert [o["apiVersion"] for o in sim.client.list(WIDGETS)] == ["example.com/v2"]
    sim.client.patch(WIDGETS, "default/a", patch={"spec": {"x": 2}})
    assert sim.store.get(WIDGETS, "default/a")["apiVersion"] == "example.com/v2"  # type: ignore[index]


def test_what_is_stored_only_cannot_be_asked_for() -> None:
    sim = world(crd(versions=[version("v1", storage=True, served=False), version("v2")]))
    sim.client.create(widget(version="v2"))
    assert sim.server.kinds.served("example.com", "v1", "widgets") is None
    assert [o["apiVersion"] for o in sim.server.handle(Request("list", of(sim, "v2"), "default"))] == [
        "example.com/v2"
    ]


def test_versions_that_are_not_converted_lose_what_the_other_does_not_know() -> None:
    """For good: it is dropped on the way into the store, not only on the way out."""

    def only(field: str) -> dict[str, Any]:
        spec = {"type": "object", "properties": {field: {"type": "string"}}}
        return {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}

    old = {**version("v1"), "schema": only("size")}
    new = {**version("v2", storage=True), "schema": only("width")}
    sim = world(crd(versions=[old, new]))
    sim.client.create(widget(version="v1", spec={"size": "3 by 4"}, metadata={"labels": {"a": "b"}}))
    stored = sim.store.get(WIDGETS, "default/a")
    assert stored is not None
    assert (stored["apiVersion"], stored["spec"]) == ("example.com/v2", {})
    assert stored["metadata"]["labels"] == {"a": "b"}
    (seen,) = sim.server.handle(Request("list", of(sim, "v1"), "default"))
    assert seen["spec"] == {}


HOOK = {
    "strategy": "Webhook",
    "webhook": {
        "conversionReviewVersions": ["v1"],
        "clientConfig": {"service": {"namespace": "default", "name": "converter"}},
    },
}


def converter(call: Call) -> Reply:
    """v1 says ``first last`` in one field, v2 in two."""
    request = json.loads(call.body)["request"]
    made = []
    for obj in request["objects"]:
        spec = obj["spec"]
        if request["desiredAPIVersion"].endswith("v2"):
            first, _, last = spec["name"].partition(" ")
            spec = {"first": first, "last": last}
        else:
            spec = {"name": f"{spec['first']} {spec['last']}"}
        made.append({**obj, "apiVersion": request["desiredAPIVersion"], "spec": spec})
    response = {"uid": request["uid"], "convertedObjects": made, "result": {"status": "Success"}}
    return Reply(200, json.dumps({"response": response}).encode())


def test_a_converter_shows_objects_in_both_versions() -> None:
    sim = world(crd(versions=[version("v1", storage=True), version("v2")], conversion=HOOK))
    sim.programs["service/default/converter:443"] = converter
    sim.client.create(widget(version="v2", spec={"first": "Ada", "last": "Lovelace"}))
    assert sim.store.get(WIDGETS, "default/a")["spec"] == {"name": "Ada Lovelace"}  # type: ignore[index]
    seen = sim.server.handle(Request("list", of(sim, "v2"), "default"))
    assert [o["spec"] for o in seen] == [{"first": "Ada", "last": "Lovelace"}]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(500), "the server answered with 500"),
        (Reply(200, b"[]"), "no response provided"),
        (Reply(200, b'{"response":{"uid":"other"}}'), "expected response.uid="),
    ],
)
def test_a_converter_that_talks_nonsense_loses_nothing(reply: Reply, why: str) -> None:
    sim = world(crd(versions=[version("v1", storage=True), version("v2")], conversion=HOOK))
    sim.client.create(widget(version="v1", spec={"name": "Ada Lovelace"}))
    sim.programs["service/default/converter:443"] = lambda call: reply
    with pytest.raises(errors.InternalError, match=why):
        sim.server.handle(Request("get", of(sim, "v2"), "default", "a"))
    assert sim.client.get(WIDGETS, "default/a")["spec"] == {"name": "Ada Lovelace"}


# --- the end -----------------------------------------------------------------------------------


def test_a_definition_takes_its_objects_along() -> None:
    sim = young()
    sim.client.create(crd())
    sim.run()
    sim.client.create(widget())
    sim.client.create(widget("held", metadata={"finalizers": ["example.com/mine"]}))
    going = sim.client.delete("customresourcedefinitions", WIDGETS)
    assert going["status"]["conditions"][-1]["reason"] == "InstanceDeletionPending"
    with pytest.raises(
        errors.MethodNotAllowed, match="create not allowed while custom resource definition is terminating"
    ):
        sim.client.create(widget("late"))
    sim.advance(5)
    assert [o["metadata"]["name"] for o in sim.client.list(WIDGETS)] == ["held"]
    going = sim.client.get("customresourcedefinitions", WIDGETS)
    assert going["status"]["conditions"][-1]["message"] == "CustomResource deletion is in progress"
    sim.client.patch(WIDGETS, "default/held", patch={"metadata": {"finalizers": None}})
    sim.advance(5)
    with pytest.raises(errors.NotFound):
        sim.client.list(WIDGETS)
    assert sim.client.list("customresourcedefinitions") == []


def test_the_garbage_collector_knows_kinds_that_came_later() -> None:
    sim = young()
    sim.client.create(crd())
    sim.run()
    owner = sim.client.create(widget())
    reference = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "name": "a",
        "uid": owner["metadata"]["uid"],
    }
    metadata = {"name": "mine", "namespace": "default", "ownerReferences": [reference]}
    sim.client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    sim.run()
    sim.client.delete(WIDGETS, "default/a")
    sim.run()
    assert [o["metadata"]["name"] for o in sim.client.list("configmaps", "default")] == []


# --- definitions that are refused ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({**crd(), "metadata": {"name": "Widgets.example.com"}}, 'must be spec.names.plural+"."+spec.group'),
        (crd(group="example_com.org"), "a lowercase RFC 1123 subdomain must consist of"),
        (crd(group="apps.k8s.io"), "protected groups must have approval annotation"),
        (crd(scope="Here"), 'supported values: "Cluster", "Namespaced"'),
        (crd(spec={"a": {"type": "string", "default": 1}}), "must be of type string"),
        (crd(version={"subresources": {"scale": {"specReplicasPath": ".x", "statusReplicasPath": ".status.x"}}}), "should be a json path under .spec"),
        (crd(version={"additionalPrinterColumns": [{"name": "A", "type": "text", "jsonPath": ".a"}]}), "must be one of boolean,date,integer,number,string"),
        (crd(conversion={"strategy": "Magic"}), 'supported values: "None", "Webhook"'),
        (crd(versions=[version("v1"), version("v2")]), "must have exactly one version marked as storage version"),
        (crd(versions=[version("v1", storage=True), version("v1")]), 'spec.versions[1].name: Duplicate value: "v1"'),
    ],
)  # fmt: skip
def test_a_broken_definition_is_refused(broken: Object, said: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        young().client.create(broken)
    assert said in refused.value.message


def test_what_would_lose_objects_is_refused() -> None:
    sim = world(crd(versions=[version("v1", storage=True), version("v2")]))
    there = sim.client.get("customresourcedefinitions", WIDGETS)
    there["spec"]["versions"] = [version("v2", storage=True)]
    with pytest.raises(
        errors.Invalid,
        match=r'status.storedVersions\[0\]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage',
    ):
        sim.client.update(there)
    for change in ({"group": "other.org"}, {"scope": "Cluster"}):
        with pytest.raises(errors.Invalid, match="field is immutable"):
            sim.client.patch("customresourcedefinitions", WIDGETS, patch={"spec": change})
