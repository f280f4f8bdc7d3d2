"""Objects compared, merged and cut up along their shapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api.fieldpaths import intersection, path_text, paths
from k8slearn.api.fieldsets import SAME, compare, field_set, with_structs
from k8slearn.api.kinds import Kinds
from k8slearn.api.shapes import shape_of
from k8slearn.api.structuredmerge import merge, mistakes, remove, zipped

POD = shape_of(Kinds().named("pods"))

names = st.sampled_from(["a", "b", "c", "d"])
ports = st.lists(
    st.fixed_dictionaries(
        {"containerPort": st.sampled_from([80, 443])}, optional={"protocol": st.sampled_from(["TCP", "UDP"])}
    ),
    unique_by=lambda p: (p["containerPort"], p.get("protocol", "TCP")),
    max_size=3,
)
containers = st.lists(
    st.fixed_dictionaries(
        {"name": names}, optional={"image": names, "ports": ports, "args": st.lists(names)}
    ),
    unique_by=lambda c: c["name"],
    max_size=3,
)
metadata = st.fixed_dictionaries(
    {},
    optional={
        "labels": st.dictionaries(names, names, max_size=3),
        "finalizers": st.lists(names, unique=True, max_size=3),
    },
)
pods = st.fixed_dictionaries(
    {"metadata": metadata},
    optional={
        "spec": st.fixed_dictionaries(
            {"containers": containers}, optional={"nodeSelector": st.just({"x": "y"})}
        )
    },
)


def labels(pod):
    return set(pod.get("metadata", {}).get("labels", {}))


def containers_of(pod):
    return {c["name"] for c in pod.get("spec", {}).get("containers", [])}


def shown(fields):
    return [path_text(path) for path in paths(fields)]


@given(pods, pods)
def test_what_is_merged_in_is_there_and_nothing_is_lost(live, config):
    merged = merge(POD, live, config)
    assert not [*mistakes(POD, merged)]
    change = compare(POD, config, merged)
    assert not intersection(field_set(POD, config), change.modified), "the applier has the last word"
    assert not change.removed
    assert labels(merged) == labels(live) | labels(config)
    assert containers_of(merged) == containers_of(live) | containers_of(config)
    assert merge(POD, merged, config) == merged, "applying again changes nothing"


@given(pods, pods)
def test_a_comparison_accounts_for_every_field(old, new):
    change = compare(POD, old, new)
    assert change == SAME or old != new
    assert not intersection(change.added, change.removed)
    assert not intersection(change.added, change.modified)
    back = compare(POD, new, old)
    assert (back.added, back.modified, back.removed) == (change.removed, change.modified, change.added)


@given(pods)
def test_all_that_is_named_can_be_cut_out(pod):
    assert remove(POD, pod, {}) == (pod or None)
    rest = remove(POD, pod, with_structs(POD, field_set(POD, pod)))
    assert field_set(POD, rest) == {}, "nothing but empty lists, which nobody owns"


def test_equal_objects_are_not_looked_into():
    pod = {"metadata": {"labels": {"a": "b"}}}
    assert compare(POD, pod, {"metadata": {"labels": {"a": "b"}}}) is SAME


def test_a_field_that_go_always_writes_is_never_added():
    """``metadata`` and ``spec`` are no pointers, and ``containers`` is written even if it is null."""
    new = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c"}], "hostAliases": [{"ip": "::1"}]},
    }
    assert shown(compare(POD, {}, new).changed) == [
        ".metadata.labels",
        ".metadata.labels.a",
        ".spec.hostAliases",
        '.spec.containers[name="c"]',
        '.spec.containers[name="c"].name',
        '.spec.containers[name="c"].resources',
        '.spec.hostAliases[ip="::1"]',
        '.spec.hostAliases[ip="::1"].ip',
    ]


def test_duplicates_are_owned_together():
    """A stored list may name a key twice, from before somebody called it a key."""
    twice = {"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "a", "image": "2"}]}}
    assert [*mistakes(POD, twice)] == [(".spec.containers", 'duplicate entries for key [name="a"]')]
    assert not [*mistakes(POD, twice, duplicates=True)]
    once = {"spec": {"containers": [{"name": "a", "image": "1"}]}}
    assert shown(compare(POD, once, twice).added) == ['.spec.containers[name="a"]']
    assert shown(compare(POD, twice, once).removed) == ['.spec.containers[name="a"]']


@pytest.mark.parametrize(
    ("live", "config", "expected"),
    [
        ("abc", "", "abc"),
        ("abc", "b", "abc"),
        ("abc", "ca", "bca"),
        ("ab", "xa", "xab"),
        ("ab", "bx", "abx"),
        ("axb", "ab", "axb"),
        ("", "ba", "ba"),
    ],
)
def test_the_order_of_merged_lists(live, config, expected):
    found = zipped([(x, x) for x in live], [(x, x) for x in config])
    assert "".join(step for step, _ in found) == expected
