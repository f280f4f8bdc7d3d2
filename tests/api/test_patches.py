"""JSON patch and merge patch: what they do, and what is said of those that make no sense."""

from __future__ import annotations

import pytest

from k8slearn.api.errors import ApiError, BadRequest
from k8slearn.api.kinds import Kinds
from k8slearn.api.patches import apply_patch, undecodable

CONFIGMAP = {"metadata": {"name": "a", "labels": {"a": "1", "b": "2"}}, "data": {"k": "v"}}
UNPROCESSABLE = (422, "the server rejected our request due to an error in our request")


def test_a_merge_patch_sets_deletes_and_replaces_lists():
    service = {"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {"ports": [{"port": 1}, {"port": 2}]}}
    patch = {"metadata": {"labels": {"a": None, "c": "3"}}, "spec": {"ports": [{"port": 3}]}}
    assert apply_patch(service, patch, "merge") == {
        "metadata": {"labels": {"b": "2", "c": "3"}},
        "spec": {"ports": [{"port": 3}]},
    }


@pytest.mark.parametrize(
    ("operation", "path", "expected"),
    [
        ({"op": "test", "value": "v"}, "/data/k", CONFIGMAP),
        ({"op": "add", "value": "w"}, "/data/k", {**CONFIGMAP, "data": {"k": "w"}}),
        ({"op": "remove"}, "/data/k", {**CONFIGMAP, "data": {}}),
        ({"op": "test", "value": "w"}, "/data/k", None),
        ({"op": "remove"}, "/data/none", None),
        ({"op": "replace", "value": "w"}, "/data/none", None),
        ({"op": "add", "value": "w"}, "/none/k", None),
        ({"op": "jump"}, "/data/k", None),
        ({"op": "add", "value": 1}, "/data/k/x", None),
    ],
)
def test_operations_of_a_json_patch(operation, path, expected):
    operations = [{**operation, "path": path}]
    if expected is not None:
        assert apply_patch(CONFIGMAP, operations, "json") == expected
        return
    with pytest.raises(ApiError) as raised:
        apply_patch(CONFIGMAP, operations, "json")
    assert (raised.value.code, raised.value.message) == UNPROCESSABLE
    assert raised.value.status()["reason"] == "Invalid"


@pytest.mark.parametrize(
    ("kind", "patch", "code", "message"),
    [
        (
            "merge",
            [],
            400,
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        ("merge", None, 400, "Invalid JSON Patch"),
        (
            "json",
            {},
            400,
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
        (
            "json",
            [1],
            400,
            "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp",
        ),
        (
            "json",
            [{"op": 1}],
            400,
            "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string",
        ),
        (
            "json",
            [{"op": "add", "path": "/data/x", "value": "y"}] * 10_001,
            413,
            "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
        ),
        ("magic", {}, 415, "415: Unsupported Media Type"),
    ],
)
def test_what_is_no_patch(kind, patch, code, message):
    with pytest.raises(ApiError) as raised:
        apply_patch(CONFIGMAP, patch, kind, Kinds().named("configmaps"))
    assert (raised.value.code, raised.value.message) == (code, message)


def test_a_patched_object_that_cannot_be_decoded_is_shown():
    field = "Go struct field DeploymentSpec.spec.replicas of type int32"
    error = BadRequest(
        f'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into {field}'
    )
    patch = {"spec": {"replicas": "x"}}
    merged = undecodable(error, {"spec": {"replicas": "x"}, "kind": "D"}, patch, "merge")
    assert merged.message == (
        f' "" is invalid: patch: Invalid value: "{{\\"kind\\":\\"D\\",\\"spec\\":{{\\"replicas\\":\\"x\\"}}}}": '
        f"json: cannot unmarshal string into {field}"
    )
    converted = undecodable(error, {}, patch, "strategic")
    assert (
        converted.message
        == ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:x]]": unrecognized type: int32'
    )
    assert converted.details["causes"][0]["field"] == "patch"
