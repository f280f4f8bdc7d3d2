"""The language of rules: what expressions say about values, and what is said of expressions that are none."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import Any

import pytest

from k8slearn.api import cel

SELF = {
    "spec": {"replicas": 3, "name": "web", "tags": ["a", "b"], "none": None},
    "labels": {"app": "web", "x.io/y": "z"},
    "size": "500Mi",
    "optional": "a",
    "sets": "bc",
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
        ("self.?spec.optMap(s, s.replicas + 1).orValue(0)", 4),
        ("self.?nope.optMap(s, s + 1).hasValue()", False),
        ("self.spec.tags.map(t, t != 'a', t + '!')", ["b!"]),
        ("'%s has %d, %.2f%%'.format([self.spec.name, 3, 1.5])", "web has 3, 1.50%"),
        (
            "sets.contains(self.spec.tags, ['a']) && !sets.intersects([1], [2]) && sets.equivalent([1], [1, 1])",
            True,
        ),
        ("1 < 1.5 && 2.0 == dyn(2)", True),
        ("dyn(1) == 'a'", False),
        ("dyn(1) in [dyn('a'), 1]", True),
        (
            "self.?spec.replicas.orValue(0) + self.?nope.replicas.orValue(1)",
            4,
        ),  # whatever follows is optional, too
        ("self.?labels['app'].orValue('') + self.spec.?tags[1].orValue('')", "webb"),
        ("self.labels.all(k, v, k != v) && self.spec.tags.exists(i, t, i == 1 && t == 'b')", True),
        ("self.spec.tags.existsOne(i, t, i < 1)", True),
        ("self.spec.tags.transformList(i, t, i > 0, t + string(i))", ["b1"]),
        ("{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v + 1)", {"b": 3}),
        ("{'a': 1}.transformMapEntry(k, v, {string(v): k})", {"1": "a"}),
        ("lists.range(4).slice(1, 3) == [1, 2] && [[1], [2, 3]].flatten() == [1, 2, 3]", True),
        ("[3, 1, 3].distinct().sort().reverse()", [3, 1]),
        ("self.spec.tags.sortBy(t, t == 'b' ? 0 : 1)", ["b", "a"]),
        ("1.0 + 0.5 == 1.5 && [1.0, 2.0].sum() == 3.0 && b'a' + b'b' == b'ab'", True),
        ("string(1.0) + ' ' + string(1234567.25) + ' ' + string(0.00001)", "1 1.23456725e+06 1e-05"),
        ("int(1.9) + int('12') + int(timestamp('1970-01-01T00:00:01Z'))", 14),
        ("duration('1h30m') == duration('5400s') && duration('0') < duration('1ms')", True),
        ("'abcabc'.lastIndexOf('b', 3) + 'abc'.indexOf('c', 1)", 3),
        ("strings.quote('a\"b')", '"a\\"b"'),
        ("ip.isCanonical('10.0.0.1') && ip('10.0.0.1').isGlobalUnicast()", True),
        ("isURL('https://a b') || isURL('https://a:b:c/')", False),
        ("r'\\d[?x' + '\\'' == '\\\\d[?x\\'' // 'a comment", True),
        ("type(self.spec.name) == string && string(true) == 'true'", True),
        ("true || 1 / 0 > 1", True),
        ("optional.none().hasValue() && optional.none().value() > 1", False),
        ("quantity('1Gi').add(quantity('1Mi')).isGreaterThan(quantity('1Gi'))", True),
        ("quantity('2').sub(1) == quantity('1000m') && quantity('3').asInteger() == 3", True),
        ("url('https://a.example:80/c?d=e').getHost()", "a.example:80"),
        ("url('https://a.example/c?d=e').getQuery()", {"d": ["e"]}),
        ("cidr('10.0.0.0/8').containsIP('10.1.1.1') && !cidr('10.0.0.0/8').containsCIDR('11.0.0.0/9')", True),
        ("ip('::1').family() == 6 && ip('::1').isLoopback()", True),
        ("format.dns1123Label().validate('a.b').hasValue()", True),
        ("format.named('dns1123Subdomain').value().validate('a.b').hasValue()", False),
        ("format.named('nope').hasValue()", False),
        ("'AB'.matches('^(?i)ab$')", True),
        ("self.optional.size() + self.sets.size()", 3),  # names of fields, not of rooms
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
        ("self.spec.nope && self.spec.more", "no such key: nope"),
        ("self.spec.nope ? 1 : 2", "no such key: nope"),
        ("self.spec.tags.all(t, self.spec[t] == 1)", "no such key: a"),
        ("1 / 0 > 1", "division by zero"),
        ("9223372036854775807 + 1 > 1", "integer overflow"),
        ("self.spec.tags[5] == ''", "index out of bounds: 5"),
        ("int(self.spec.name) > 1", "type conversion error from 'string' to 'int'"),
        ("int(1e30) > 1", "integer overflow"),
        ("-(-9223372036854775807 - 1) > 1", "integer overflow"),
        (
            "duration(self.spec.name) > duration('1s')",
            "type conversion error from 'string' to 'google.protobuf.Du",
        ),
        ("has(self.nope.deeper)", "no such key: nope"),  # not even false
        ("dyn([]).min() == 1", "min called on empty list"),
        ("self.spec.tags.filter(t, t.nope) == []", "no such overload"),
        ("[1 / dyn(0)] == []", "division by zero"),
        ("{'a': 1 / dyn(0)}", "division by zero"),
        ("self.spec.name.?first.hasValue()", "no such overload"),
        ("self.spec.name.matches(self.size + '(')", "error parsing regexp: missing closing \\): `500Mi\\(`"),
        ("[1, 2].slice(1, 5) == []", r"cannot slice\(1, 5\), list is length 2"),
        ("optional.none().value() == 1", r"optional.none\(\) dereference"),
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
        "any": {"x-kubernetes-preserve-unknown-fields": True},
        "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "keyed": {
            "type": "array",
            "items": {"type": "object", "properties": {k: {"type": "string"} for k in ("namespace", "v")}},
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["namespace"],
        },
        "namespace": {"type": "string"},
        "ratio": {"type": "number"},
        "since": {"type": "string", "format": "date-time"},
        "wait": {"type": "string", "format": "duration"},
        "port": {"x-kubernetes-int-or-string": True},
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
        ("self.a >", "ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting {"),
        (
            "self.a is 1",
            "<input>:1:8: Syntax error: mismatched input 'is' expecting <EOF>\n | self.a is 1\n | .......",
        ),
        ("self.?list.orValue([]).all(i, nope)", "<input>:1:31: undeclared reference to 'nope'"),
        ("self.a > 'x'", "<input>:1:8: found no matching overload for '_>_' applied to '(int, string)'"),
        ("self.ratio == 1", "'_==_' applied to '(double, int)'"),
        ("'x' + self.a == 'x1'", "'_+_' applied to '(string, int)'"),
        ("self.a && true", "'_&&_' applied to '(int, bool)'"),
        ("!self.a", "'!_' applied to '(int)'"),
        ("self.a in ['x']", "'@in' applied to '(int, list(string))'"),
        ("self.a.startsWith('x')", "'startsWith' applied to 'int.(string)'"),
        ("self.a.b == 1", "<input>:1:7: type 'int' does not support field selection"),
        ("self.since > 'x'", "'_>_' applied to '(timestamp, string)'"),
        ("self.a.nope()", "<input>:1:12: undeclared reference to 'nope'"),
        ("nope(self.a)", "<input>:1:5: undeclared reference to 'nope'"),
        ("self.free.anything == 1", "undefined field 'anything'"),  # what no schema knows, no rule sees
        ("self.any == 1", "undefined field 'any'"),
        ("self.?nope.hasValue()", "undefined field 'nope'"),
        ("has(self.nope)", "<input>:1:9: undefined field 'nope'"),
        ("has(self)", "<input>:1:5: invalid argument to has() macro"),
        ("self.list.exists(1, true)", "<input>:1:18: argument must be a simple name"),
        ("self.list.filter(1, true)", "argument is not an identifier"),
        ("self.all(f, true)", "expression of type 'object' cannot be range of a comprehension"),
        ("self.list.all(i, i.b)", "'_&&_' applied to '(bool, string)'"),
        ("self['a'] == 1", "'_[_]' applied to '(object, string)'"),
        ("self.a == null", "<input>:1:8: found no matching overload for '_==_' applied to '(int, null)'"),
        ("[1, 'a'].size() == 2", "<input>:1:5: expected type 'int' but found 'string'"),
        ("{'a': 1, 'b': 'x'}.size() == 2", "<input>:1:15: expected type 'int' but found 'string'"),
        ("['a'].sum() == 'a'", "'sum' applied to 'list(string).()'"),
        ("'a'.matches('(')", "<input>:1:13: invalid matches argument"),
        (
            "self.x__dash__y.find('(') == ''",
            "program instantiation failed: error parsing regexp: missing closing )",
        ),
        ("duration('1d') > self.wait", "<input>:1:10: invalid duration argument"),
        ("timestamp('yesterday') < self.since", "<input>:1:11: invalid timestamp argument"),
        ("self.a < 9223372036854775808", "<input>:1:10: invalid int literal"),
        ("if == 1", "reserved identifier: if"),
        ("cel.bind(x, 1, x) == 1", "undeclared reference to 'cel'"),  # Kubernetes has none either
        ("optional.nope(1)", "undeclared reference to 'optional'"),
        ("(self.a > 1", "<input>:1:12: Syntax error: missing ')' at '<EOF>'"),
        ("self.a > 1 ||", "<input>:1:14: Syntax error: mismatched input '<EOF>' expecting {"),
        ("!" * 2000 + "true", "expression recursion limit exceeded"),
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
        "'%s is %d'.format(['a', 1]) != ''",
        "self.since == null || self.free != null",
        "dyn(self.a) == 'x' && [dyn(1), 'a'].size() == 2",
        "self.__namespace__ == 'x' && self.x__dash__y == 'z'",
        "self.list.filter(i, has(i.b)).all(i, i.b != '')",
    ],
)
def test_what_compiles(expression: str) -> None:
    cel.compile(expression, {"self": TYPED})


def typed(expression: str, **fields: Any) -> Any:
    return cel.compile(expression, {"self": TYPED}).evaluate({"self": fields})


def test_values_are_what_their_schema_says() -> None:
    assert typed("self.ratio < 0.5 || self.ratio / 2.0 == 0.5", ratio=1)
    assert typed("self.since < timestamp('2026-02-01T00:00:00Z')", since="2026-01-01T00:00:00Z")
    assert typed("self.wait == duration('90s')", wait="1m30s")
    assert typed("self.__namespace__ + self.x__dash__y == 'ab'", **{"namespace": "a", "x-y": "b"})
    assert typed("self.map['namespace'].c == 'x'", map={"namespace": {"c": "x"}})
    percent_or_count = "type(self.port) == string ? self.port.endsWith('%') : self.port > 0"
    assert typed(percent_or_count, port="5%")
    assert typed(percent_or_count, port=5)


def test_in_some_lists_order_means_nothing() -> None:
    assert typed("self.set == ['b', 'a'] && self.set != ['a', 'c']", set=["a", "b"])
    assert typed("self.set + ['b', 'c'] == ['a', 'b', 'c']", set=["a", "b"])
    one, other = {"namespace": "a", "v": "1"}, {"namespace": "b", "v": "2"}
    assert typed("self.keyed == [self.keyed[1], self.keyed[0]]", keyed=[one, other])
    changed = "[{'__namespace__': 'b', 'v': '3'}]"
    assert typed(f"(self.keyed + dyn({changed})).map(k, k.v) == ['1', '3']", keyed=[one, other])


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("self.a", "int"),
        ("self.a > 1", "bool"),
        ("self.list.map(i, i.b)", "list(string)"),
        ("self.port", ""),
        ("null", "null_type"),
        ("true ? 'a' : 'b'", "string"),
    ],
)
def test_of_what_type_the_value_will_be(expression: str, kind: str) -> None:
    assert cel.compile(expression, {"self": TYPED}).kind == kind


def test_it_knows_of_which_variables_it_speaks() -> None:
    names = dict.fromkeys(["self", "oldSelf", "other"])
    assert cel.compile("'oldSelf' in self && self.all(x, x != 'other')", names).used == {"self"}
    assert cel.compile("has(self.a) || oldSelf.?a.hasValue()", names).used == {"self", "oldSelf"}


def test_a_variable_may_have_no_value() -> None:
    said = cel.compile("old.hasValue() ? old.value().a : 0", {"old": cel.optional_of(TYPED)})
    assert said.evaluate({"old": {"a": 3}}) == 3
    assert said.evaluate({"old": cel.MISSING}) == 0


def test_an_expression_can_be_copied() -> None:
    said = cel.compile("self.a + 1", {"self": TYPED})
    assert copy.deepcopy(said).evaluate({"self": {"a": 1}}) == 2
    assert pickle.loads(pickle.dumps(said)).source == said.source


def test_nobody_pays_for_the_language_who_does_not_speak_it() -> None:
    program = "import sys, k8slearn.cluster, k8slearn.sim; sys.exit('celpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_who_speaks_it_without_celpy_is_told_what_to_install() -> None:
    program = "import sys; sys.modules['celpy'] = None; import k8slearn.api.cel"
    found = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert "pip install 'k8slearn[live]'" in found.stderr
