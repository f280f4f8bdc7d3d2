"""Selectors: what they match, how they are written, and how a wrong one is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api.errors import BadRequest
from k8slearn.api.kinds import Kinds
from k8slearn.api.selectors import (
    FieldSelector,
    LabelSelector,
    Requirement,
    node_selector_matches,
    node_term_matches,
)

WEB = {"app": "web", "tier": "front", "level": "7"}
VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier!=back", True),
        ("app=db", False),
        ("app in (web, db),tier", True),
        ("tier notin (front)", False),
        ("absent notin (front)", True),
        ("absent!=x", True),
        ("app,!canary", True),
        ("!app", False),
        ("level>6,level<8", True),
        ("level>7", False),
        ("app>6", False),
        ("absent=", False),
        ("app in (in,notin)", False),
        ("app in (,)", False),
    ],
)
def test_typed_label_selectors(text: str, matches: bool) -> None:
    assert LabelSelector.parse(text).matches(WEB) is matches


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("app in web", "unable to parse requirement: found 'web' expected: '('"),
        ("app=b@d", f'unable to parse requirement: values[0][app]: Invalid value: "b@d": {VALUE_RULE}'),
        ("a,,b", "found ',', expected: identifier after ','"),
        ("=x", "found '=', expected: !, identifier, or 'end of string'"),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        (
            "a>x",
            'unable to parse requirement: values[0]: Invalid value: "x": '
            "for 'Gt', 'Lt' operators, the value must be an integer",
        ),
    ],
)
def test_unparsable_label_selectors(text: str, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        LabelSelector.parse(text)
    assert refused.value.message == message


def test_a_bad_key_is_named() -> None:
    with pytest.raises(BadRequest, match="prefix part must be non-empty"):
        LabelSelector.parse("/name=x")


def test_selectors_of_objects() -> None:
    selector = LabelSelector.of(
        {
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["front", "back"]},
                {"key": "canary", "operator": "DoesNotExist"},
            ],
        }
    )
    assert selector.matches(WEB)
    assert not selector.matches({**WEB, "canary": "yes"})
    assert str(selector) == "app=web,!canary,tier in (back,front)"


def test_nothing_everything_and_plain_labels() -> None:
    assert LabelSelector.of({}).empty
    assert LabelSelector.of({}).matches({})
    assert not LabelSelector.of(None).matches({"nothing": "x"})
    assert not LabelSelector.of(None).matches({})
    assert LabelSelector.from_set({"app": "web"}).matches(WEB)
    assert not LabelSelector.from_set({"app": "web", "x": "y"}).matches(WEB)
    assert LabelSelector.from_set(None).empty


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(BadRequest, match='"Like" is not a valid label selector operator'):
        LabelSelector.of({"matchExpressions": [{"key": "a", "operator": "Like", "values": ["b"]}]})


words = st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,8}[A-Za-z0-9])?", fullmatch=True)
several = st.lists(words, min_size=1, max_size=3).map(lambda found: tuple(sorted(set(found))))
requirements = st.one_of(
    st.builds(Requirement, words, st.sampled_from(["=", "==", "!="]), st.tuples(words)),
    st.builds(Requirement, words, st.sampled_from(["In", "NotIn"]), several),
    st.builds(Requirement, words, st.sampled_from(["Exists", "DoesNotExist"]), st.just(())),
    st.builds(Requirement, words, st.sampled_from(["Gt", "Lt"]), st.tuples(st.integers(0, 999).map(str))),
)


@given(st.lists(requirements, max_size=4))
def test_text_and_selector_say_the_same(found: list[Requirement]) -> None:
    selector = LabelSelector(sorted(found, key=lambda requirement: requirement.key))
    assert LabelSelector.parse(str(selector)) == selector


@given(st.text(max_size=30))
def test_any_text_is_a_selector_or_a_bad_request(text: str) -> None:
    try:
        LabelSelector.parse(text).matches(WEB)
        FieldSelector.parse(text).matches({"metadata": {}})
    except BadRequest:
        pass


# --- fields ---------------------------------------------------------------------------------------

PODS, JOBS, NODES = (Kinds().named(name) for name in ("pods", "jobs.batch", "nodes"))
POD = {
    "metadata": {"name": "p", "namespace": "a"},
    "spec": {"nodeName": "n1"},
    "status": {"phase": "Running"},
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("spec.nodeName=n1,status.phase!=Failed", True),
        ("spec.nodeName!=n1", False),
        ("metadata.name==p,metadata.namespace=a", True),
        ("spec.hostNetwork=false", True),
        ("status.podIP=", True),
        ("", True),
    ],
)
def test_field_selectors(text: str, matches: bool) -> None:
    assert FieldSelector.parse(text, PODS).matches(POD) is matches


def test_fields_that_are_not_what_they_are_called() -> None:
    assert FieldSelector.parse("status.successful=2", JOBS).matches({"status": {"succeeded": 2}})
    assert FieldSelector.parse("status.successful=0", JOBS).matches({"status": {}})
    assert FieldSelector.parse("spec.unschedulable=true", NODES).matches({"spec": {"unschedulable": True}})
    event = {"source": {}, "reportingComponent": "kubelet"}
    assert FieldSelector.parse("source=kubelet", Kinds().named("events")).matches(event)


def test_an_event_is_found_by_its_newer_names() -> None:
    event = {"involvedObject": {"name": "p"}, "reportingComponent": "kubelet"}
    newer = Kinds().served("events.k8s.io", "v1", "events")
    assert FieldSelector.parse("regarding.name=p,reportingController=kubelet", newer).matches(event)
    assert not FieldSelector.parse("regarding.name=q", newer).matches(event)


def test_whatever_has_no_fields_of_its_own_is_found_by_its_name() -> None:
    for kind in ("clusterroles", "configmaps"):
        assert FieldSelector.parse("metadata.namespace!=x,metadata.name=a", Kinds().named(kind)).terms


def test_the_value_a_watch_can_be_indexed_by() -> None:
    selector = FieldSelector.parse("spec.nodeName=n1,status.phase!=Failed")
    assert selector.exact("spec.nodeName") == "n1"
    assert selector.exact("status.phase") is None


@pytest.mark.parametrize(
    ("resource", "text", "message"),
    [
        ("pods", "spec.image=x", "field label not supported: spec.image"),
        ("nodes", "metadata.namespace=x", "field label not supported: metadata.namespace"),
        (
            "configmaps",
            "data.a=x",
            '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
        ("jobs.batch", "spec.x=1", 'field label "spec.x" not supported for Job'),
        ("events.events.k8s.io", "involvedObject.name=x", "field label not supported: involvedObject.name"),
        ("certificatesigningrequests", "spec.x=1", "field label not supported: spec.x"),
        ("pods", "status.phase", "invalid selector: 'status.phase'; can't understand 'status.phase'"),
        ("pods", r"status.phase=a\b", r"invalid field selector: invalid escape sequence: \b"),
    ],
)
def test_refused_field_selectors(resource: str, text: str, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        FieldSelector.parse(text, Kinds().named(resource))
    assert refused.value.message == message


@given(st.text(max_size=20))
def test_escaped_values_come_back(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")
    selector = FieldSelector.parse(f"reason={escaped}")
    assert selector.exact("reason") == value
    assert FieldSelector.parse(str(selector)).exact("reason") == value


# --- nodes ----------------------------------------------------------------------------------------

NODE = {"metadata": {"name": "n1", "labels": {"zone": "a", "cores": "8"}}}


def _term(key: str, operator: str, *values: str, field: str = "matchExpressions") -> dict[str, object]:
    return {field: [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("term", "matches"),
    [
        (_term("zone", "In", "a", "b"), True),
        (_term("zone", "NotIn", "a"), False),
        (_term("disk", "NotIn", "a"), True),
        (_term("disk", "DoesNotExist"), True),
        (_term("cores", "Gt", "4"), True),
        (_term("cores", "Lt", "8"), False),
        (_term("metadata.name", "In", "n1", field="matchFields"), True),
        (_term("metadata.name", "NotIn", "n1", field="matchFields"), False),
        ({}, False),
    ],
)
def test_node_terms(term: dict[str, object], matches: bool) -> None:
    assert node_term_matches(term, NODE) is matches


def test_one_term_is_enough() -> None:
    terms = [_term("zone", "In", "x"), _term("zone", "Exists")]
    assert node_selector_matches({"nodeSelectorTerms": terms}, NODE)
    assert not node_selector_matches({"nodeSelectorTerms": []}, NODE)
