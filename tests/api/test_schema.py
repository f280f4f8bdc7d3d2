"""Decoding: wrong types are refused in Go's words, unknown fields as asked, nothing is changed."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api.errors import ApiError, BadRequest
from k8slearn.api.kinds import BUILTIN, Kinds, Resource
from k8slearn.api.objects import freeze
from k8slearn.api.schema import decode, fields_of

KINDS = Kinds()
QUANTITY_RULE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def decoded(kind: str, obj: dict[str, Any], **options: str) -> dict[str, Any]:
    return decode(KINDS.named(kind), obj, **options)[0]


def _pod(**container: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i", **container}]}}


@pytest.mark.parametrize(
    ("kind", "obj", "message"),
    [
        (
            "configmaps",
            {"data": {"k": 5}},
            'ConfigMap in version "v1" cannot be handled as a ConfigMap: '
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
        ),
        (
            "deployments",
            {"spec": {"replicas": "3"}},
            'Deployment in version "v1" cannot be handled as a Deployment: '
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            "deployments",
            {"spec": {"replicas": 1.5}},
            'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal '
            "number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            "pods",
            _pod(env=[{"name": "A", "value": True}]),
            'Pod in version "v1" cannot be handled as a Pod: '
            "json: cannot unmarshal bool into Go struct field "
            "EnvVar.spec.containers.env.value of type string",
        ),
        (
            "pods",
            {"spec": {"containers": {}}},
            'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal object into Go '
            "struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            "pods",
            {"metadata": []},
            'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal array into Go '
            "struct field Pod.metadata of type v1.ObjectMeta",
        ),
        (
            "secrets",
            {"data": {"k": "not base64!"}},
            'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 3',
        ),
        (
            "pods",
            _pod(resources={"limits": {"cpu": "one"}}),
            f'Pod in version "v1" cannot be handled as a Pod: {QUANTITY_RULE}',
        ),
        (
            "pods",
            {"metadata": {"creationTimestamp": "yesterday"}},
            'Pod in version "v1" cannot be handled as a Pod: parsing time "yesterday" as '
            '"2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
        ),
        (
            "services",
            {"spec": {"ports": [{"targetPort": True}]}},
            'Service in version "v1" cannot be handled as a Service: json: cannot unmarshal bool into Go '
            "struct field ServicePort.spec.ports.targetPort of type int32",
        ),
    ],
)
def test_wrong_types(kind: str, obj: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        decoded(kind, obj)
    assert refused.value.message == message


def test_unknown_fields() -> None:
    obj = {"metadata": {"name": "a", "lable": "x"}, "data": {"k": "v"}, "dota": 1}
    found, warnings = decode(KINDS.named("configmaps"), obj)
    assert warnings == ['unknown field "metadata.lable"', 'unknown field "dota"']
    assert found == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}
    assert decode(KINDS.named("configmaps"), obj, field_validation="Ignore") == (found, [])


def test_strict_decoding_names_every_unknown_field() -> None:
    with pytest.raises(BadRequest) as refused:
        decoded("pods", _pod(prots=[], env=[{"name": "A", "valeu": 1}]), field_validation="Strict")
    assert refused.value.message == (
        'Pod in version "v1" cannot be handled as a Pod: strict decoding error: '
        'unknown field "spec.containers[0].prots", unknown field "spec.containers[0].env[0].valeu"'
    )


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"replicas": 0, "paused": False, "minReadySeconds": 0}, {"replicas": 0}),
        ({"replicas": None, "strategy": {}}, {"strategy": {}}),
        ({"selector": {"matchLabels": {}, "matchExpressions": []}}, {"selector": {}}),
    ],
)
def test_zeros_vanish_unless_they_mean_something(sent: dict[str, Any], kept: dict[str, Any]) -> None:
    assert decoded("deployments", {"spec": sent})["spec"] == kept


def test_values_are_rewritten_as_kubernetes_does() -> None:
    spec = decoded("pods", _pod(resources={"requests": {"cpu": "0.5", "memory": 1024}}))["spec"]
    assert spec["containers"][0]["resources"] == {"requests": {"cpu": "500m", "memory": "1024"}}
    lease = decoded("leases", {"spec": {"renewTime": "2026-01-01T02:00:00.123456+02:00"}})
    assert lease["spec"]["renewTime"] == "2026-01-01T00:00:00.123456Z"
    created = decoded("pods", {"metadata": {"creationTimestamp": "2026-01-01T00:00:00.9Z"}})
    assert created["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"


def test_null_in_lists_and_maps_is_the_zero_of_the_type() -> None:
    pod = decoded("pods", {"metadata": {"labels": {"a": None}}, "spec": {"containers": [None]}})
    assert pod["metadata"]["labels"] == {"a": ""}
    assert pod["spec"]["containers"] == [{}]


def test_required_numbers_are_written() -> None:
    status = decoded("replicasets", {"status": {}})["status"]
    assert status == {"replicas": 0}


def test_custom_resources_pass_as_they_are() -> None:
    resource = Resource("example.com", "v1", "Website", "websites")
    obj = {"spec": {"any": [None, {"thing": 1.5}]}}
    found, warnings = decode(resource, obj, field_validation="Strict")
    assert (found, warnings) == (obj, [])
    assert found["spec"] is not obj["spec"]


def test_the_decoded_object_is_a_copy_also_of_a_frozen_one() -> None:
    sent = freeze(_pod(args=["x"]))
    found = decoded("pods", sent)
    found["spec"]["containers"][0]["args"].append("y")
    assert sent["spec"]["containers"][0]["args"] == ["x"]


def test_every_built_in_kind_has_types() -> None:
    for resource in BUILTIN:
        fields = fields_of(resource)
        assert fields is not None, resource
        assert fields["metadata"].rstrip("!") == "v1.ObjectMeta", resource


fields = st.sampled_from(
    ["metadata", "spec", "containers", "name", "labels", "replicas", "template", "data", "x"]
)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(BUILTIN), st.dictionaries(fields, json, max_size=5))
def test_decoding_anything_changes_nothing_and_fails_politely(
    resource: Resource, obj: dict[str, Any]
) -> None:
    before = deepcopy(obj)
    try:
        found, _ = decode(resource, obj)
        assert decode(resource, found) == (found, [])
    except ApiError:
        pass
    assert obj == before
