"""The language of rules: what expressions say about values, and what is said of expressions that are none."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.api import cel

SELF = {
    "spec": {"replicas": 3, "name": "web", "tags": ["a", "b"], "none": None},
    "labels": {"app": "web", "x.io/y": "z"},
    "size": "500Mi",
}


def value(expression: str, **variables: Any) -> Any:
    return cel.compile(expression, dict.fromkeys(["self", *variables])).evaluate({"self": SELF, **variables})


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("self.spec.replicas * 2 + 1", 7),
        ("self.spec.replicas > 2 ? 'many' : 'few'", "many"),
        ("has(self.spec.nope)", False),
        ("has(self.spec.name) && self.spec.name.startsWith('w')", True),
        ("self.labels['x.io/y']", "z"),
        ("'app' in self.labels", True),
        ("size(self.spec.tags) == 2", True),
        ("self.spec.tags.all(t, size(t) == 1)", True),
        ("self.spec.tags.exists(t, t == 'c')", False),
        ("self.spec.tags.exists_one(t, t == 'b')", True),
        ("self.spec.tags.map(t, t + '!')", ["a!", "b!"]),
        ("self.spec.tags.filter(t, t != 'a')", ["b"]),
        ("self.spec.name.matches('^w.b$')", True),
        ("'a,b,c'.split(',')", ["a", "b", "c"]),
        ("['a', 'b'].join('-')", "a-b"),
        ("' x '.trim().upperAscii()", "X"),
        ("'abcd'.substring(1, 3)", "bc"),
        ("'a.b.c'.replace('.', '-')", "a-b-c"),
        ("'abcabc'.lastIndexOf('b')", 4),
        ("'v1.2'.find('[0-9]+')", "1"),
        ("'v1.2'.findAll('[0-9]+')", ["1", "2"]),
        ("[1, 2, 3].sum()", 6),
        ("[3, 1, 2].max() - [3, 1, 2].min()", 2),
        ("[1, 2, 2].isSorted() && ![2, 1].isSorted()", True),
        ("quantity(self.size).isLessThan(quantity('1Gi'))", True),
        ("quantity('1000m').compareTo(quantity('1')) == 0", True),
        ("isQuantity('1Gi') && !isQuantity('one')", True),
        ("isURL('https://example.com/x') && !isURL('example')", True),
        ("isIP('10.0.0.1') && !isIP('10.0.0') && isCIDR('10.0.0.0/8')", True),
        ("self.spec.none == null", True),
        ("string(self.spec.replicas) + 'x'", "3x"),
        ("timestamp('2026-01-01T00:00:00Z') < timestamp('2026-01-02T00:00:00Z')", True),
        ("self.spec.?nope.orValue('none')", "none"),
        ("self.spec.?name.orValue('none')", "web"),
        ("self.?nope.?deeper.hasValue()", False),
        ("self.spec.tags[?5].orValue('x') + self.spec.tags[?0].orValue('x')", "xa"),
        ("optional.of(1).value() + optional.none().orValue(2)", 3),
        ("'a.?b' == 'a' + '.?b'", True),  # what stands in quotes is no expression
    ],
)
def test_what_expressions_say(expression: str, result: Any) -> None:
    assert value(expression) == result


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("self.spec.nope > 1", "no such key: nope"),
        ("self.spec.name > 1", "no such overload"),
        ("1 / 0 > 1", "div"),
        ("quantity('x') == quantity('y')", "quantit"),
    ],
)
def test_what_has_no_value(expression: str, said: str) -> None:
    with pytest.raises(cel.CelError, match=said):
        value(expression)


TYPED = {
    "type": "object",
    "properties": {
        "a": {"type": "integer"},
        "list": {"type": "array", "items": {"type": "object", "properties": {"b": {"type": "string"}}}},
        "map": {
            "type": "object",
            "additionalProperties": {"type": "object", "properties": {"c": {"type": "string"}}},
        },
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "namespace": {"type": "string"},
        "x-y": {"type": "string"},
    },
}


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("self.nope > 1", "ERROR: <input>:1:5: undefined field 'nope'\n | self.nope > 1\n | ....^"),
        ("x > 1", "ERROR: <input>:1:1: undeclared reference to 'x' (in container '')\n | x > 1\n | ^"),
        (
            "self.list.all(i, i.nope == 'x')",
            "ERROR: <input>:1:19: undefined field 'nope'\n | self.list.all(i, i.nope == 'x')\n | ..................^",
        ),
        (
            "self.list[0].nope == 'x'",
            "ERROR: <input>:1:13: undefined field 'nope'\n | self.list[0].nope == 'x'\n | ............^",
        ),
        ("self.map['k'].nope == 'x'", "undefined field 'nope'"),
        ("self.list.all(i, j.b == 'x')", "undeclared reference to 'j'"),
        ("self.a >", "Syntax error"),
    ],
)
def test_what_does_not_compile(expression: str, said: str) -> None:
    with pytest.raises(cel.CelError) as wrong:
        cel.compile(expression, {"self": TYPED})
    assert said in str(wrong.value)


@pytest.mark.parametrize(
    "expression",
    [
        "self.list.exists(i, i.b == 'x')",
        "self.map.any.c == 'x'",
        "self.free.any.thing == 1",
        "self.__namespace__ == 'x' && self.x__dash__y == 'z'",
        "self.list.filter(i, has(i.b)).all(i, i.b != '')",
    ],
)
def test_what_compiles(expression: str) -> None:
    cel.compile(expression, {"self": TYPED})
