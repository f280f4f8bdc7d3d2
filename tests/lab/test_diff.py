"""What is different between two objects, line by line."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api.objects import freeze
from k8slearn.lab.diff import MOST, counted, diff

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=3)


def told(before: Any, after: Any) -> list[str]:
    return [str(line) for line in diff(before, after)]


def test_each_line_says_what_became_of_it() -> None:
    before = {"metadata": {"name": "tea", "labels": {"a": "1"}}, "data": {"at": "four"}}
    after = {"metadata": {"name": "tea", "uid": "u"}, "data": {"at": "five"}}
    assert told(before, after) == [
        "  metadata:",
        "+   uid: u",
        "-   labels:",
        "-     a: '1'",
        "  data:",
        "~   at: five   (was four)",
    ]
    assert counted(diff(before, after)) == "+1 ~1 -2"


def test_items_of_a_list_are_told_apart_by_their_names() -> None:
    before = {"containers": [{"name": "app", "image": "app:1"}, {"name": "proxy"}]}
    after = {"containers": [{"name": "proxy"}, {"name": "app", "image": "app:2"}, {"name": "log"}]}
    assert told(before, after) == [
        "  containers:",
        "    - name: app",
        "~     image: app:2   (was app:1)",
        "+   - name: log",
    ]


def test_items_without_names_are_told_apart_by_their_places() -> None:
    assert told({"args": ["a", "b"]}, {"args": ["a", "c", "d"]}) == [
        "  args:",
        "~   - #1 c   (was b)",
        "+   - d",
    ]


def test_a_new_object_is_all_plus_and_a_deleted_one_all_minus() -> None:
    assert told(None, {"a": 1}) == ["+ a: 1"]
    assert told(freeze({"a": 1}), None) == ["- a: 1"]


def test_of_managed_fields_only_the_names_are_told() -> None:
    tree = {"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:replicas": {}}, "f:data": {}}
    owned = {"metadata": {"managedFields": [{"manager": "team", "fieldsV1": tree}]}}
    assert told({"metadata": {}}, owned) == [
        "  metadata:",
        "+   managedFields:",
        "+   - manager: team",
        "+     fieldsV1: metadata.labels, spec.replicas, data",
    ]


def test_managed_fields_that_are_none_are_told_as_they_are() -> None:
    assert told({"metadata": {}}, {"metadata": {"managedFields": "mine"}}) == [
        "  metadata:",
        "+   managedFields: mine",
    ]


def test_long_ones_are_cut_and_say_so() -> None:
    lines = diff(None, {str(i): i for i in range(100)})
    assert len(lines) == MOST + 1
    assert lines[-1].text == "... and 60 lines more"


@given(OBJECTS)
def test_nothing_differs_from_itself(value: dict[str, Any]) -> None:
    assert diff(value, freeze(value)) == []


@given(OBJECTS, OBJECTS)
def test_whatever_differs_is_told(before: dict[str, Any], after: dict[str, Any]) -> None:
    differs = freeze(before) != freeze(after)
    assert any(line.mark != " " for line in diff(before, after)) == differs
