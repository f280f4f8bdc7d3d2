"""x-kubernetes-validations: which rules are asked, about what, and what is said when they do not hold."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api.structural.rulecheck import compile_rules
from k8slearn.api.structural.rules import check_rules

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
        "map[k]: Invalid value: \"\": failed rule: self != ''",
    ]


# --- changes -----------------------------------------------------------------------------------

FIXED = ruled(STRING, {"rule": "self == oldSelf", "message": "fixed"})


def test_a_rule_about_a_change_is_asked_only_of_changes() -> None:
    schema = obj(a=FIXED)
    assert said(schema, {"a": "x"}) == []
    assert said(schema, {"a": "x"}, {"a": "x"}) == []
    assert said(schema, {"a": "y"}, {"a": "x"}) == ['a: Invalid value: "y": fixed']
    assert said(schema, {"a": "y"}, {}) == []


def test_a_text_that_only_mentions_it_is_not_about_a_change() -> None:
    assert len(said(obj(a=ruled(STRING, "self == 'oldSelf'")), {"a": "x"})) == 1


def test_the_order_of_a_set_may_change() -> None:
    rule = {"rule": "self == oldSelf", "message": "fixed"}
    schema = obj(tags=ruled({"type": "array", "items": STRING, "x-kubernetes-list-type": "set"}, rule))
    assert said(schema, {"tags": ["b", "a"]}, {"tags": ["a", "b"]}) == []
    assert len(said(schema, {"tags": ["b", "c"]}, {"tags": ["a", "b"]})) == 1


def test_unless_it_says_that_it_can_do_without() -> None:
    rule = {"rule": "!oldSelf.hasValue() || self >= oldSelf.value()", "optionalOldSelf": True}
    schema = obj(n=ruled(INTEGER, rule))
    assert said(schema, {"n": 1}) == []
    assert len(said(schema, {"n": 1}, {"n": 2})) == 1


MAP = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}


@pytest.mark.parametrize(("kind", "refused"), [(MAP, 1), ({}, 0)])
def test_items_have_a_past_only_in_a_list_that_is_a_map(kind: dict[str, Any], refused: int) -> None:
    schema = obj(items={"type": "array", "items": obj(k=STRING, v=FIXED), **kind})
    old, new = [{"k": "a", "v": "1"}, {"k": "b", "v": "2"}], [{"k": "b", "v": "3"}]
    assert len(said(schema, {"items": new}, {"items": old})) == refused


def test_what_was_there_already_is_not_judged_anew() -> None:
    inner = ruled(obj(m=INTEGER), "self.m > 0")
    schema = obj(spec=ruled(obj(n=INTEGER, other=INTEGER, inner=inner), "self.n > 0"))
    wrong = {"n": 0, "inner": {"m": 0}}
    assert len(said(schema, {"spec": wrong})) == 2
    assert said(schema, {"spec": wrong}, {"spec": wrong}) == []
    changed = said(schema, {"spec": {**wrong, "other": 1}}, {"spec": wrong})
    assert changed == ["spec: Invalid value: failed rule: self.n > 0"]  # not about inner, which is as it was


def test_an_object_within_an_object_has_a_name() -> None:
    inner = ruled({"type": "object", "x-kubernetes-embedded-resource": True}, "self.metadata.name == 'x'")
    whole = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "y"}}
    assert said(obj(template=inner), {"template": whole}) == [
        "template: Invalid value: failed rule: self.metadata.name == 'x'"
    ]


def test_what_only_shows_when_it_is_evaluated() -> None:
    schema = obj(
        port=ruled({"x-kubernetes-int-or-string": True}, {"rule": "self > 0", "message": "positive"})
    )
    assert said(schema, {"port": "x"}) == [
        "port: Invalid value: \"\": 'no such overload': call arguments did not match a supported operator, function "
        "or macro signature for rule: positive"
    ]


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


@pytest.mark.parametrize(
    ("rule", "place", "text"),
    [
        ({"rule": "self.a"}, "rule", "cel expression must evaluate to a bool"),
        ({"rule": "self.a > 'x'"}, "rule", "found no matching overload for '_>_' applied to '(int, string)'"),
        ({"rule": "true", "messageExpression": "self.a"}, "messageExpression", "must evaluate to a string"),
        ({"rule": "has(self.nope)"}, "rule", "<input>:1:9: undefined field 'nope'"),
        ({"rule": "self.a.matches('(')"}, "rule", "'matches' applied to 'int.(string)'"),
        ({"rule": "'a'.matches('(')"}, "rule", "invalid matches argument"),
        ({"rule": "true", "message": " "}, "message", "message must be non-empty if specified"),
        ({"rule": "true", "message": "a\nb"}, "message", "message must not contain line breaks"),
        ({"rule": "true ||\n false"}, "message", "message must be specified if rule contains line breaks"),
        ({"rule": "true", "fieldPath": ".nope"}, "fieldPath", "fieldPath must be a valid path"),
        ({"rule": "true", "reason": "Nope"}, "reason", "supported values"),
        (
            {"rule": "true", "optionalOldSelf": True},
            "optionalOldSelf",
            "may not be set if oldSelf is not used",
        ),
    ],
)
def test_rules_that_are_not_well_written(rule: dict[str, Any], place: str, text: str) -> None:
    (error,) = compile_rules(ruled(obj(a=INTEGER), rule), "s")
    assert error.path == f"s.x-kubernetes-validations[0].{place}"
    assert text in error.detail


def test_places_of_fields_may_be_quoted() -> None:
    schema = obj(a=obj(**{"x.y": {"type": "object", "additionalProperties": STRING}}))
    assert compile_rules(ruled(schema, {"rule": "true", "fieldPath": ".a['x.y'].key"}), "s") == []


def test_a_rule_about_a_change_must_know_what_has_changed() -> None:
    items = {"type": "array", "items": obj(v=FIXED)}
    (error,) = compile_rules(obj(list=items), "s")
    assert error.path == "s.properties[list].items.properties[v].x-kubernetes-validations[0].rule"
    assert error.detail.endswith("uncorrelatable portion of the schema within s.properties[list].items")
    assert compile_rules(obj(list={**items, **MAP}), "s") == []
