"""Manifests as people write them, and how the wrong ones are refused."""

from __future__ import annotations

import pytest

from k8slearn.api.manifests import ManifestError, load
from k8slearn.api.objects import name_of
from k8slearn.api.yamldata import scalar

TWO = """\
# a comment
apiVersion: v1
kind: ConfigMap
metadata: &meta
  name: first
data: {a: "1"}
---

---
apiVersion: v1
kind: Secret
metadata: {<<: *meta, name: second}
"""
SEVERAL = """\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: a}}
- apiVersion: v1
  kind: PodList
  items:
  - metadata: {name: b}
  - metadata: {generateName: c-}
"""


def test_documents_comments_and_empty_ones() -> None:
    text = TWO.replace("*meta", "{name: base}")
    assert [(o["kind"], name_of(o)) for o in load(text)] == [("ConfigMap", "first"), ("Secret", "second")]
    assert load("---\n# nothing\n---\n") == []


def test_anchors_end_with_their_document() -> None:
    with pytest.raises(ManifestError) as refused:
        load(TWO, "two.yaml")
    assert str(refused.value) == (
        "error: error parsing two.yaml: error converting YAML to JSON: yaml: line 12: "
        "unknown anchor 'meta' referenced"
    )
    assert (refused.value.document, refused.value.line) == (2, 12)


def test_lists_are_opened() -> None:
    found = load(SEVERAL)
    assert [(o["apiVersion"], o["kind"]) for o in found] == [("v1", "Pod")] * 3
    assert [o["metadata"] for o in found] == [{"name": "a"}, {"name": "b"}, {"generateName": "c-"}]


def test_merge_keys_and_aliases() -> None:
    text = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: m}
base: &base {p: 1, q: 2}
data: {<<: *base, q: 3}
again: *base
"""
    found = load(text)[0]
    assert found["data"] == {"p": 1, "q": 3}
    assert found["again"] == {"p": 1, "q": 2}


def test_json_is_welcome() -> None:
    text = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}\n' * 2
    assert [name_of(o) for o in load(text)] == ["a", "a"]
    assert name_of(load("{apiVersion: v1, kind: Pod, metadata: {name: yaml}}")[0]) == "yaml"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("on", True),
        ("y", True),
        ("Off", False),
        ("~", None),
        ("", None),
        ("0644", 420),
        ("0o644", 420),
        ("0x1F", 31),
        ("1_000", 1000),
        ("08", 8),
        ("1.0", 1),
        ("1.5", 1.5),
        ("1e3", 1000),
        ("2026-01-31", "2026-01-31"),
        ("12:30:45", "12:30:45"),
        ("1.2.3", "1.2.3"),
        ("500m", "500m"),
        ("-", "-"),
    ],
)
def test_unquoted_scalars(text: str, value: object) -> None:
    found = scalar(text)
    assert found == value
    assert type(found) is type(value)


def test_quoted_scalars_are_strings_and_keys_always_are() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {on: 'yes', 1: \"1\", null_: !!str 5}"
    assert load(text)[0]["data"] == {"true": "yes", "1": "1", "null_": "5"}


YAML = "error: error parsing x.yaml: error converting YAML to JSON: yaml: "
IGNORE = "; if you choose to ignore these errors, turn validation off with --validate=false"
VALIDATING = 'error: error validating "x.yaml": error validating data: '


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: [unclosed", f"{YAML}line 1: did not find expected ',' or ']'", 1),
        ("a: 1\nb: c: d", f"{YAML}line 2: mapping values are not allowed in this context", 2),
        ("- a\nb: c", f"{YAML}line 2: did not find expected '-' indicator", 2),
        ("a:\n  b: 1\n c: 2", f"{YAML}line 3: did not find expected key", 3),
        ("a: 1\n\tb: 2", f"{YAML}line 2: found character that cannot start any token", 2),
        ("a: 1\nb: 2\na: 3", f'{YAML}unmarshal errors:\n  line 3: key "a" already set in map', 3),
        ("a: &a [*a]", f"{YAML}line 1: anchor value contains itself", 1),
        ("x: .inf", f"{YAML}line 1: json: unsupported value: .inf", 1),
        ("a: \x01", f"{YAML}line 1: control characters are not allowed", 1),
        ("kind: Pod\nmetadata: {}", f"{VALIDATING}apiVersion not set{IGNORE}", 1),
        ("a: b", f"{VALIDATING}[apiVersion not set, kind not set]{IGNORE}", 1),
        ("just text", f"{VALIDATING}invalid object to validate{IGNORE}", 1),
        (
            "# none\napiVersion: apps/v1\nkind: Deployment\nmetadata: {namespace: shop}",
            "error: error when retrieving current configuration of:\n"
            'Resource: "apps/v1, Resource=deployments", GroupVersionKind: "apps/v1, Kind=Deployment"\n'
            'Name: "", Namespace: "shop"\nfrom server for: "x.yaml": resource name may not be empty',
            2,
        ),
    ],
)
def test_refused(text: str, message: str, line: int) -> None:
    with pytest.raises(ManifestError) as refused:
        load(text, "x.yaml")
    assert str(refused.value) == message
    assert refused.value.line == line


def test_the_document_is_named() -> None:
    good = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
    with pytest.raises(ManifestError) as refused:
        load(f"{good}---\n{good}---\nkind: Pod\n")
    assert (refused.value.document, refused.value.line) == (3, 9)


def test_a_bomb_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    with pytest.raises(ManifestError, match="document contains excessive aliasing"):
        load("\n".join(lines))


def test_depth_is_bounded() -> None:
    with pytest.raises(ManifestError, match="exceeded max depth"):
        load("[" * 20_000)
