"""x-kubernetes-validations: which rules are asked, about what, and what is said when they do not hold."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.structural.rules import check_rules, compile_rules

INTEGER, STRING = {"type": "integer"}, {"type": "string"}


def ruled(schema: dict[str, Any], *rules: dict[str, Any] | str) -> dict[str, Any]:
    return {**schema, "x-kubernetes-validations": [r if isinstance(r, dict) else {"rule": r} for r in rules]}


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def said(schema: dict[str, Any], new: Any, old: Any = None) -> list[str]:
    named = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}}
    before = None if old is None else {**named, **old}
    return [str(e) for e in check_rules(schema, {**named, **new}, before, "")]


def test_a_rule_is_about_the_value_at_its_place() -> None:
    schema = obj(spec=ruled(obj(min=INTEGER, max=INTEGER), "self.min <= self.max"))
    assert said(schema, {"spec": {"min": 1, "max": 2}}) == []
    assert said(schema, {"spec": {"min": 3, "max": 2}}) == [
        "spec: Invalid value: failed rule: self.min <= self.max"
    ]
    assert said(schema, {}) == []


def test_what_it_says_when_it_does_not_hold() -> None:
    rule = {"rule": "self > 0", "message": "must count", "reason": "FieldValueForbidden"}
    assert said(obj(n=ruled(INTEGER, rule)), {"n": 0}) == ["n: Forbidden: must count"]
    rule = {"rule": "self > 0", "message": "plain", "messageExpression": "'got ' + string(self)"}
    assert said(obj(n=ruled(INTEGER, rule)), {"n": 0}) == ["n: Invalid value: 0: got 0"]
    broken = {**rule, "messageExpression": "'got ' + string(1 / 0)"}
    assert said(obj(n=ruled(INTEGER, broken)), {"n": 0}) == ["n: Invalid value: 0: plain"]
    elsewhere = {"rule": "self.a > 0", "fieldPath": ".a", "message": "x"}
    assert said(obj(n=ruled(obj(a=INTEGER), elsewhere)), {"n": {"a": 0}}) == ["n.a: Invalid value: x"]


def test_what_cannot_be_told_does_not_pass() -> None:
    schema = obj(spec=ruled(obj(min=INTEGER), "self.min > 0"))
    assert said(schema, {"spec": {}}) == [
        'spec: Invalid value: "object": no such key: min evaluating rule: self.min > 0'
    ]


def test_the_root_sees_who_the_object_is() -> None:
    schema = ruled(obj(), "self.metadata.name.size() < 3 && self.kind == 'Widget'")
    assert said(schema, {}) == []
    assert said(schema, {"metadata": {"name": "long"}})[0].startswith("<nil>: Invalid value: failed rule")


def test_rules_of_items_and_of_values_of_maps() -> None:
    schema = obj(
        list={"type": "array", "items": ruled(INTEGER, "self > 0")},
        map={"type": "object", "additionalProperties": ruled(STRING, "self != ''")},
    )
    assert said(schema, {"list": [1, 0], "map": {"k": ""}}) == [
        "list[1]: Invalid value: 0: failed rule: self > 0",
        "map.k: Invalid value: \"\": failed rule: self != ''",
    ]


# --- changes -----------------------------------------------------------------------------------

FIXED = ruled(STRING, {"rule": "self == oldSelf", "message": "fixed"})


def test_a_rule_about_a_change_is_asked_only_of_changes() -> None:
    schema = obj(a=FIXED)
    assert said(schema, {"a": "x"}) == []
    assert said(schema, {"a": "x"}, {"a": "x"}) == []
    assert said(schema, {"a": "y"}, {"a": "x"}) == ['a: Invalid value: "y": fixed']
    assert said(schema, {"a": "y"}, {}) == []


def test_unless_it_says_that_it_can_do_without() -> None:
    rule = {"rule": "oldSelf == null || self >= oldSelf", "optionalOldSelf": True}
    schema = obj(n=ruled(INTEGER, rule))
    assert said(schema, {"n": 1}) == []
    assert len(said(schema, {"n": 1}, {"n": 2})) == 1


MAP = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}


@pytest.mark.parametrize(("kind", "refused"), [(MAP, 1), ({}, 0)])
def test_items_have_a_past_only_in_a_list_that_is_a_map(kind: dict[str, Any], refused: int) -> None:
    schema = obj(items={"type": "array", "items": obj(k=STRING, v=FIXED), **kind})
    old, new = [{"k": "a", "v": "1"}, {"k": "b", "v": "2"}], [{"k": "b", "v": "3"}]
    assert len(said(schema, {"items": new}, {"items": old})) == refused


# --- rules that are none -----------------------------------------------------------------------


def test_rules_that_do_not_compile_are_refused_with_their_place() -> None:
    schema = obj(spec=ruled(obj(a=INTEGER), "self.nope > 1", {"rule": " "}))
    first, second = compile_rules(schema, "s")
    assert first.path == "s.properties[spec].x-kubernetes-validations[0].rule"
    assert "compilation failed: ERROR: <input>:1:5: undefined field 'nope'" in first.detail
    assert second.reason == "FieldValueRequired"
    message = {"rule": "true", "messageExpression": "self.nope"}
    assert [e.path for e in compile_rules(ruled(obj(), message), "s")] == [
        "s.x-kubernetes-validations[0].messageExpression"
    ]
