"""What a structural schema does to values, and what it says of them: word for word as Kubernetes says it."""
# ruff: noqa: E501 (messages are as long as Kubernetes makes them)

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api.structural.defaulting import default
from k8slearn.api.structural.listtypes import check_lists
from k8slearn.api.structural.pruning import prune
from k8slearn.api.structural.values import check_value
from k8slearn.api.structural.wellformed import check_schema

PRESERVE = "x-kubernetes-preserve-unknown-fields"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "a", "x", "5"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcx"), inner, max_size=3),
    max_leaves=8,
)


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


STRING, INTEGER = {"type": "string"}, {"type": "integer"}

# --- pruning -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "value", "kept", "dropped"),
    [
        (obj(spec=obj(a=STRING)), {"spec": {"a": "x", "b": 1}, "c": 2}, {"spec": {"a": "x"}}, ["spec.b", "c"]),
        (obj(), {"apiVersion": "v", "kind": "K", "metadata": {"x": 1}}, None, []),
        (obj(spec=obj(metadata=obj())), {"spec": {"metadata": {"x": 1}}}, {"spec": {"metadata": {}}}, ["spec.metadata.x"]),
        (obj(l={"type": "array", "items": obj(a=STRING)}), {"l": [{"a": "x", "b": 1}]}, {"l": [{"a": "x"}]}, ["l[0].b"]),
        (obj(m={"type": "object", "additionalProperties": STRING}), {"m": {"any": "x"}}, None, []),
        (obj(m={"type": "object", PRESERVE: True}), {"m": {"any": {"deep": [{"er": 1}]}}}, None, []),
        (
            obj(m={"type": "object", PRESERVE: True, "properties": {"known": obj(a=STRING)}}),
            {"m": {"any": 1, "known": {"b": 2}}},
            {"m": {"any": 1, "known": {}}},
            ["m.known.b"],
        ),
        (
            obj(t={"type": "object", "x-kubernetes-embedded-resource": True, PRESERVE: True}),
            {"t": {"kind": "Pod", "metadata": {"name": "x"}, "spec": {}}},
            None,
            [],
        ),
    ],
)  # fmt: skip
def test_what_the_schema_does_not_know_is_dropped(
    schema: Any, value: Any, kept: Any, dropped: list[str]
) -> None:
    assert prune(schema, value) == (value if kept is None else kept, dropped)


@given(JSON)
def test_what_is_pruned_once_stays_as_it_is(value: Any) -> None:
    schema = obj(
        a=obj(b={"type": "array", "items": obj(c=STRING)}),
        x={"type": "object", "additionalProperties": obj(a=STRING)},
    )
    once, _ = prune(schema, {"a": value, "x": value})
    assert prune(schema, once) == (once, [])


# --- defaults ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("properties", "before", "after"),
    [
        ({"a": {"type": "string", "default": "x"}}, {}, {"a": "x"}),
        ({"a": {"type": "string", "default": "x"}}, {"a": "y"}, {"a": "y"}),
        ({"a": {"type": "string", "default": "x"}}, {"a": None}, {"a": "x"}),
        ({"a": {"type": "string", "default": "x", "nullable": True}}, {"a": None}, {"a": None}),
        ({"a": STRING}, {"a": None}, {}),
        ({"a": obj(b={"type": "integer", "default": 1})}, {}, {}),
        ({"a": obj(b={"type": "integer", "default": 1})}, {"a": {}}, {"a": {"b": 1}}),
        ({"a": {**obj(b={"type": "integer", "default": 1}), "default": {}}}, {}, {"a": {"b": 1}}),
        ({"a": {"type": "array", "items": obj(b={"type": "integer", "default": 1})}}, {"a": [{}, {"b": 2}]}, {"a": [{"b": 1}, {"b": 2}]}),
    ],
)  # fmt: skip
def test_defaults(properties: Any, before: Any, after: Any) -> None:
    default(obj(**properties), before)
    assert before == after


def test_a_default_is_nobody_elses() -> None:
    schema = obj(a={"type": "object", "default": {"b": []}, PRESERVE: True})
    one, other = {}, {}
    default(schema, one)
    default(schema, other)
    one["a"]["b"].append(1)
    assert other == {"a": {"b": []}}


# --- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [
        (INTEGER, "x", 'f: Invalid value: "string": f in body must be of type integer: "string"'),
        (INTEGER, 1.5, 'f: Invalid value: "number": f in body must be of type integer: "number"'),
        (INTEGER, True, 'f: Invalid value: "boolean": f in body must be of type integer: "boolean"'),
        (STRING, None, 'f: Invalid value: "null": f in body must be of type string: "null"'),
        (INTEGER, 2.0, None),
        ({**STRING, "nullable": True}, None, None),
        ({"x-kubernetes-int-or-string": True}, "50%", None),
        ({"x-kubernetes-int-or-string": True}, [], 'f: Invalid value: "array": f in body must be of type integer,string: "array"'),
        ({**STRING, "enum": ["a", "b"]}, "c", 'f: Unsupported value: "c": supported values: "a", "b"'),
        ({**STRING, "pattern": "^x"}, "y", "f: Invalid value: \"y\": f in body should match '^x'"),
        ({**STRING, "maxLength": 2}, "abc", "f: Too long: may not be more than 2 bytes"),
        ({**STRING, "minLength": 2}, "a", 'f: Invalid value: "a": f in body should be at least 2 chars long'),
        ({**INTEGER, "minimum": 3}, 2, "f: Invalid value: 2: f in body should be greater than or equal to 3"),
        ({**INTEGER, "minimum": 3, "exclusiveMinimum": True}, 3, "f: Invalid value: 3: f in body should be greater than 3"),
        ({**INTEGER, "maximum": 3}, 4, "f: Invalid value: 4: f in body should be less than or equal to 3"),
        ({**INTEGER, "multipleOf": 3}, 4, "f: Invalid value: 4: f in body should be a multiple of 3"),
        ({"type": "array", "items": STRING, "maxItems": 1}, ["a", "b"], "f: Too many: 2: must have at most 1 item"),
        ({**STRING, "format": "date-time"}, "yesterday", 'f: Invalid value: "yesterday": f in body must be of type date-time: "yesterday"'),
        ({**STRING, "format": "ipv4"}, "10.0.0.1", None),
        ({**STRING, "format": "no-such-format"}, "anything", None),
        ({**obj(a=STRING), "required": ["a"]}, {}, "f.a: Required value"),
        (obj(a=obj(b=INTEGER)), {"a": {"b": "x"}}, 'f.a.b: Invalid value: "string": f.a.b in body must be of type integer: "string"'),
        ({"type": "array", "items": INTEGER}, [1, "x"], 'f[1]: Invalid value: "string": f[1] in body must be of type integer: "string"'),
        ({**obj(a=STRING, b=STRING), "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {}, 'f: Invalid value: "object": "f" must validate one and only one schema (oneOf). Found none valid'),
        ({**INTEGER, "not": {"enum": [3]}}, 3, 'f: Invalid value: 3: "f" must not validate the schema (not)'),
    ],
)  # fmt: skip
def test_what_does_not_fit(schema: Any, value: Any, said: str | None) -> None:
    assert [str(e) for e in check_value(schema, value, "f")] == ([said] if said else [])


def test_what_has_not_changed_is_not_judged_anew() -> None:
    """Who tightens a schema does not lock out the objects that are there. (Ratcheting.)"""
    schema = obj(a={**INTEGER, "maximum": 3}, b={**INTEGER, "maximum": 3})
    assert check_value(schema, {"a": 9, "b": 1}, "", {"a": 9, "b": 2}) == []
    assert [e.path for e in check_value(schema, {"a": 9, "b": 8}, "", {"a": 9, "b": 2})] == ["b"]


def test_sets_and_maps_have_nothing_twice() -> None:
    keys = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
    schema = obj(
        s={"type": "array", "items": STRING, "x-kubernetes-list-type": "set"},
        m={"type": "array", "items": obj(k=STRING), **keys},
    )
    found = check_lists(schema, {"s": ["a", "b", "a"], "m": [{"k": "x"}, {"k": "x", "v": 1}]})
    assert [str(e) for e in found] == ['s[2]: Duplicate value: "a"', 'm[1]: Duplicate value: {"k":"x"}']


# --- schemas -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (obj(a=STRING), []),
        ({"properties": {}}, ["s.type: Required value: must not be empty at the root"]),
        (obj(a={}), ["s.properties[a].type: Required value: must not be empty for specified object fields"]),
        (obj(a={PRESERVE: True}), []),
        (obj(a={"type": "array"}), ["s.properties[a].items: Required value: must be specified"]),
        (obj(a={"type": "array", "items": {}}), ["s.properties[a].items.type: Required value: must not be empty for specified array items"]),
        (obj(a={**obj(b=STRING), "additionalProperties": STRING}), ["s.properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"]),
        (obj(a={**INTEGER, "default": 5, "maximum": 3}), ["s.properties[a].default: Invalid value: 5:  in body should be less than or equal to 3"]),
        (obj(a={**obj(b=STRING), "default": {"c": 1}}), ['s.properties[a].default: Invalid value: {"c":1}: must not have unknown fields']),
        (obj(a={**STRING, "pattern": "("}), None),
        ({**obj(), "anyOf": [obj(a=STRING)]}, None),
        (obj(a={"type": "array", "items": obj(k=STRING), "x-kubernetes-list-type": "map"}), ["s.properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map"]),
        (obj(a={"$ref": "#/x", **STRING}), ["s.properties[a].$ref: Forbidden: $ref is not supported"]),
        (obj(a={**STRING, "uniqueItems": True}), ["s.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic"]),
    ],
)  # fmt: skip
def test_only_structural_schemas_pass(schema: Any, said: list[str] | None) -> None:
    found = [str(e) for e in check_schema(schema, "s")]
    assert found == said if said is not None else found
