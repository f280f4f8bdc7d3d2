"""Sets of fields: their algebra, and their form on the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api.fieldpaths import (
    MEMBER,
    difference,
    dump,
    field_step,
    intersection,
    key_step,
    of_paths,
    parse,
    path_text,
    paths,
    union,
    value_step,
    without,
)

scalars = st.one_of(st.text(max_size=3), st.integers(-5, 100), st.booleans())
steps = st.one_of(
    st.builds(field_step, st.sampled_from(["a", "b", "app.kubernetes.io/name", ""])),
    st.builds(key_step, st.dictionaries(st.sampled_from(["name", "port"]), scalars, min_size=1)),
    st.builds(value_step, scalars),
    st.builds("i:{}".format, st.integers(0, 12)),
)
some_paths = st.frozensets(st.lists(steps, min_size=1, max_size=3).map(tuple), max_size=6)


def tree(given_paths):
    found = {}
    for path in given_paths:
        node = MEMBER
        for step in reversed(path):
            node = {step: node}
        found = union(found, node)
    return found


@given(some_paths)
def test_a_set_is_its_paths_and_survives_the_wire(given_paths):
    fields = tree(given_paths)
    assert set(paths(fields)) == given_paths
    assert parse(dump(fields)) == fields
    assert list(dump(parse(dump(fields)))) == list(dump(fields)), "the order is canonical"


@given(some_paths, some_paths)
def test_the_algebra_is_that_of_sets_of_paths(a, b):
    assert set(paths(union(tree(a), tree(b)))) == a | b
    assert set(paths(intersection(tree(a), tree(b)))) == a & b
    assert set(paths(difference(tree(a), tree(b)))) == a - b
    assert set(paths(without(tree(a), tree(b)))) == {p for p in a if not any(p[: len(q)] == q for q in b)}
    assert (not difference(tree(a), tree(b))) == (a <= b), "an empty set has no empty branches"


def test_the_wire_form():
    wire = {
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
            "f:finalizers": {'v:"ex.com/a"': {}},
        },
    }
    fields = parse(wire)
    assert dump(fields) == wire
    assert [path_text(p) for p in paths(fields)] == [
        ".metadata.labels",
        ".metadata.labels.app",
        '.spec.finalizers[="ex.com/a"]',
        '.spec.ports[containerPort=80,protocol="TCP"]',
        '.spec.ports[containerPort=80,protocol="TCP"].containerPort',
    ]


def test_other_spellings_are_understood_and_unknown_steps_forgotten():
    assert parse({'k:{ "b": 1, "a": "x" }': {}}) == {'k:{"a":"x","b":1}': MEMBER}
    assert parse({"x:new": {}, "f:a": {"x:new": {}}}) == {"f:a": MEMBER}


def test_the_order_of_steps():
    """Fields before keys before values; numbers as numbers."""
    fields = tree([("v:2",), ("v:10",), ('k:{"port":443}',), ('k:{"port":80}',), ("f:z",), ("f:a",)])
    assert list(dump(fields)) == ["f:a", "f:z", 'k:{"port":80}', 'k:{"port":443}', "v:2", "v:10"]


@pytest.mark.parametrize(
    "wire", [[], "x", {"f": {}}, {"fa": {}}, {"k:[1]": {}}, {"k:{": {}}, {"v:": {}}, {"i:x": {}}]
)
def test_what_is_no_set(wire):
    with pytest.raises(ValueError):  # noqa: PT011 - json's own error is one
        parse(wire)


def test_taking_a_parent_leaves_its_children():
    spec = of_paths("spec", "spec.replicas")
    assert difference(spec, of_paths("spec")) == of_paths("spec.replicas")
    assert without(spec, of_paths("spec")) == {}
