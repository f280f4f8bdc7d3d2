"""Bodies: Go's words for what is wrong with them, repeated fields, and nothing that gets through to do harm."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api.errors import BadRequest
from k8slearn.api.jsonbody import MAX_DEPTH, decode_json, decode_yaml, interpret
from k8slearn.api.jsonsyntax import syntax_error
from k8slearn.api.kinds import Kinds
from k8slearn.api.objects import edit, freeze
from k8slearn.api.schema import decode

KINDS = Kinds()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "unexpected end of JSON input"),
        (b'{"a":', "unexpected end of JSON input"),
        (b'"\\u12', "unexpected end of JSON input"),
        (b"{not json", "invalid character 'n' looking for beginning of object key string"),
        (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        (b"'a'", r"invalid character '\'' looking for beginning of value"),
        (b"NaN", "invalid character 'N' looking for beginning of value"),
        (b"\xef\xbb\xbf{}", "invalid character 'ï' looking for beginning of value"),
        (b"-Infinity", "invalid character 'I' in numeric literal"),
        (b"01", "invalid character '1' after top-level value"),
        (b"1.x", "invalid character 'x' after decimal point in numeric literal"),
        (b"1e+", "unexpected end of JSON input"),
        (b"1ex", "invalid character 'x' in exponent of numeric literal"),
        (b"trie", "invalid character 'i' in literal true (expecting 'u')"),
        (b'"a\nb"', r"invalid character '\n' in string literal"),
        (b'"\x01"', r"invalid character '\x01' in string literal"),
        (b'"\\q"', "invalid character 'q' in string escape code"),
        (b'"\\u12G4"', r"invalid character 'G' in \u hexadecimal character escape"),
        (b'{"a" "b"}', "invalid character '\"' after object key"),
        (b'{"a":1]', "invalid character ']' after object key:value pair"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b"{}\x80", r"invalid character '\u0080' after top-level value"),
        (b"[" * 20_000, "exceeded max depth"),
        (b"1e999", "json: cannot unmarshal number 1e999 into Go value of type float64"),
        (b"1" * 5_000, "json: cannot unmarshal number into Go value of type float64"),
    ],
)
def test_what_is_no_json(raw: bytes, said: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (any ValueError; its text is what matters)
        decode_json(raw)
    assert str(refused.value) == said


FRAGMENTS = st.sampled_from(
    [b"{", b"}", b"[", b"]", b",", b":", b'"a"', b'"', b"\\", b"1", b"-", b".", b"e", b"tru"]
)


@given(st.lists(FRAGMENTS | st.binary(max_size=3), max_size=12).map(b"".join))
def test_the_scanner_finds_fault_exactly_where_pythons_does(raw: bytes) -> None:
    try:
        json.loads(raw.decode("utf-8", "replace"), parse_constant=lambda name: 1 / 0)
    except (ValueError, ZeroDivisionError):
        assert syntax_error(raw)
    else:
        assert not syntax_error(raw)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(anything)
def test_what_is_json_comes_through_unchanged(value: Any) -> None:
    assert decode_json(json.dumps(value).encode()) == (value, [])


@pytest.mark.parametrize(
    ("raw", "complaints"),
    [
        (b'{"a":1,"a":2}', ['duplicate field "a"']),
        (b'{"a":1,"a":2,"a":3}', ['duplicate field "a"']),
        (b'{"data":{"k":"1","k":"2"}}', ['duplicate field "data.k"']),
        (b'{"x":[{"y":1},{"y":1,"y":2}],"x":[]}', ['duplicate field "x[1].y"', 'duplicate field "x"']),
        (b'{"a":{"b":1},"c":{"b":1}}', []),
    ],
)
def test_fields_that_come_twice(raw: bytes, complaints: list[str]) -> None:
    value, found = decode_json(raw)
    assert found == complaints
    assert value == json.loads(raw)  # the last one counts


def test_strict_decoding_complains_in_the_order_of_the_text() -> None:
    value, twice = decode_json(b'{"z":{"a":1,"a":2},"data":{"k":"1","k":"2"},"y":1,"metadata":{"x":1}}')
    complaints = [
        'unknown field "z"',
        'duplicate field "data.k"',
        'unknown field "y"',
        'unknown field "metadata.x"',
    ]
    config_map = KINDS.named("configmaps")
    assert decode(config_map, value, duplicates=twice)[1] == complaints
    assert decode(config_map, value, duplicates=twice, field_validation="Ignore")[1] == []
    with pytest.raises(BadRequest) as refused:
        decode(config_map, value, duplicates=twice, field_validation="Strict")
    assert refused.value.message.endswith(f"strict decoding error: {', '.join(complaints)}")


def test_half_characters_are_replaced() -> None:
    value, _ = decode_json(b'["\\ud800", "\\ud83d\\ude00", "\\\\ud800", "\xff"]')
    assert value == ["\ufffd", "\U0001f600", "\\ud800", "\ufffd"]
    json.dumps(value, ensure_ascii=False).encode()


@pytest.mark.parametrize(("opened", "closed"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth(opened: bytes, closed: bytes) -> None:
    value, _ = decode_json(opened * (MAX_DEPTH - 1) + b"[]" + closed * (MAX_DEPTH - 1))
    assert edit(freeze(value)) == value
    for depth in (MAX_DEPTH, 500, 5_000, 100_000):
        for read in (decode_json, decode_yaml):
            with pytest.raises(ValueError, match="exceeded max depth"):
                read(opened * depth + b"[]" + closed * depth)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "cannot unmarshal array into Go value of type struct { APIVersion string"),
        ("x", "cannot unmarshal string into Go value of type struct"),
        ({"kind": 5}, "cannot unmarshal number into Go struct field .kind of type string"),
        ({"apiVersion": True}, "cannot unmarshal bool into Go struct field .apiVersion of type string"),
    ],
)
def test_bodies_that_cannot_say_what_they_are(value: Any, said: str) -> None:
    with pytest.raises(ValueError, match="^json: " + said.replace("{", r"\{")):
        interpret(value)
    interpret({})
    interpret(None)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"", None),
        (b"a: yes\nb: 0644\n", {"a": True, "b": 420}),
        (b"a: 1\n---\na: 2\n", {"a": 1}),
        (b'{"a": "x"}', {"a": "x"}),
        (b"{a: x}", {"a": "x"}),
    ],
)
def test_yaml(raw: bytes, value: Any) -> None:
    assert decode_yaml(raw) == (value, [])


def test_yaml_with_a_key_that_comes_twice() -> None:
    assert decode_yaml(b"a: 1\nb:\n  c: 1\n  c: 2\na: 3\n") == (
        {"a": 3, "b": {"c": 2}},
        [
            'yaml: unmarshal errors:\n  line 4: key "c" already set in map\n  line 5: key "a" already set in map'
        ],
    )
    assert decode_yaml(b'{"a": 1, "a": 2}')[1] == [
        'yaml: unmarshal errors:\n  line 1: key "a" already set in map'
    ]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"a: b: c", "yaml: line 1: mapping values are not allowed in this context"),
        (b"a: [", "yaml: line 1: did not find expected node content"),
        (b"\xff", "yaml: invalid leading UTF-8 octet"),
        (b"a: \xc3(", "yaml: invalid trailing UTF-8 octet"),
        (b"a: \xc3", "yaml: incomplete UTF-8 octet sequence"),
        (b"a: \x00", "yaml: line 1: control characters are not allowed"),
    ],
)
def test_what_is_no_yaml(raw: bytes, said: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (any ValueError; its text is what matters)
        decode_yaml(raw)
    assert str(refused.value) == said


@given(st.binary(max_size=40))
def test_any_bytes_are_a_value_or_a_value_error(raw: bytes) -> None:
    for read in (decode_json, decode_yaml):
        with suppress(ValueError):
            assert read(raw)[1] is not None
