"""Bodies: bytes become a value, or a ValueError in the words of Go's decoders.

Beside the value comes what a strict decoder has to say about fields that are named twice; of those the last
counts. Neither depth nor odd numbers, bytes or surrogates get through to where they could do harm.

Kubernetes: sigs.k8s.io/json, sigs.k8s.io/yaml, apimachinery/pkg/runtime/serializer/json
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from k8slearn.api import yamldata
from k8slearn.api.checkers import go_name
from k8slearn.api.jsonsyntax import syntax_error

#: Go reads 10,000 levels; we walk through values recursively, and nothing real is half as deep as this.
MAX_DEPTH = 150

_VERSION_KIND = (
    r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
)

#: ``\\ud83d\\ude00`` is one character; half of such a pair (group 1) is none. Other escapes are passed over.
_SURROGATES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)


class Duplicates(list[str]):
    """Strict decoding's complaints about repeated fields.

    `order` has every field of the body and its place in the text; of those that come twice, the last.
    """

    def __init__(self, complaints: list[str] = [], order: list[str] = []) -> None:  # noqa: B006 (never changed)
        super().__init__(complaints)
        self.order = {path: i for i, path in enumerate(order)}


def decode_json(raw: bytes) -> tuple[Any, Duplicates]:
    """The value of a JSON text, and its ``duplicate field "data.k"``."""
    text = raw.decode("utf-8", "replace")
    if "\\u" in text:
        text = _SURROGATES.sub(lambda m: "\\ufffd" if m[1] else m[0], text)
    repeats = _Repeats()
    try:
        value = json.loads(text, object_pairs_hook=repeats.dict, parse_float=_float, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("exceeded max depth") from None
    except ValueError as error:
        raise ValueError(syntax_error(raw) or _beyond_numbers(error)) from None
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _check_depth(value)
    return value, _duplicates(text) if repeats.found else Duplicates()


def decode_yaml(raw: bytes) -> tuple[Any, Duplicates]:
    """The value of the first document of a YAML text, and its repeated keys.

    Clients that speak of YAML mostly send JSON, which is YAML too, and read a hundred times as fast.
    """
    if raw.lstrip().startswith(b"{"):
        with suppress(ValueError):
            value, repeated = decode_json(raw)
            if not repeated:
                return value, repeated
    complaints: list[str] = []
    try:
        value = next(yamldata.documents(raw.decode(), complaints), (None, 0))[0]
    except yamldata.YamlError as error:
        raise ValueError(f"yaml: {f'line {error.line}: ' if error.line else ''}{error}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"yaml: {_octet(error.reason)}") from None
    _check_depth(value)
    listed = "".join(f"\n  {complaint}" for complaint in complaints)
    return value, Duplicates([f"yaml: unmarshal errors:{listed}"] if complaints else [])


def merged(duplicates: list[str], unknown: list[str]) -> list[str]:
    """Complaints about repeated and about unknown fields, in the order of the text, as Go makes them.

    What stands below an unknown field is never looked at.
    """
    order = getattr(duplicates, "order", {})
    places = [order.get(_field_in(text), -1) for text in unknown]
    nowhere = tuple(f"{_field_in(text)}{sep}" for text in unknown for sep in ".[")
    seen = [(order.get(_field_in(d), -1), d) for d in duplicates if not _field_in(d).startswith(nowhere)]
    return [text for _, text in sorted([*seen, *zip(places, unknown, strict=True)], key=lambda pair: pair[0])]


def _field_in(complaint: str) -> str:
    """``duplicate field "data.a"`` is about data.a."""
    return complaint[complaint.find('"') + 1 : complaint.rfind('"')]


def interpret(value: Any) -> None:
    """Can a body say what kind it is? ValueError if it is not even an object. Kubernetes: json.Interpret"""
    if not isinstance(value, dict) and value is not None:
        raise ValueError(f"json: cannot unmarshal {go_name(value)} into Go value of type {_VERSION_KIND}")
    for field in ("apiVersion", "kind"):
        found = (value or {}).get(field)
        if found is not None and not isinstance(found, str):
            raise ValueError(
                f"json: cannot unmarshal {go_name(found)} into Go struct field .{field} of type string"
            )


class _Repeats:
    """Makes dicts of pairs, and notices when a key comes twice."""

    found = False

    def dict(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            self.found = True
        return made


def _duplicates(text: str) -> Duplicates:
    """Read once more, keeping every field."""
    paths = [path.removeprefix(".") for path in _paths(json.loads(text, object_pairs_hook=tuple), "")]
    seen: set[str] = set()
    again = dict.fromkeys(path for path in paths if path in seen or seen.add(path))  # type: ignore[func-returns-value]
    return Duplicates([f'duplicate field "{path}"' for path in again], paths)


def _paths(value: Any, at: str) -> Iterator[str]:
    """The path of each field, in the order of the text: objects are tuples of pairs here."""
    if isinstance(value, tuple):
        for key, item in value:
            yield f"{at}.{key}"
            yield from _paths(item, f"{at}.{key}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _paths(item, f"{at}[{i}]")


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError("exceeded max depth")
        inside = (v.values() if isinstance(v, dict) else v for v in level if isinstance(v, (dict, list)))
        level = [v for values in inside for v in values if isinstance(v, (dict, list))]


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _TooBig(f" {text}")
    return value


def _refuse(name: str) -> Any:
    """NaN and Infinity, which Python reads and JSON has not."""
    raise ValueError(name)


class _TooBig(ValueError):
    """A number beyond all floats."""


def _beyond_numbers(error: ValueError) -> str:
    """The text is well formed, so a number in it was too long for us."""
    shown = str(error) if isinstance(error, _TooBig) else ""
    return f"json: cannot unmarshal number{shown} into Go value of type float64"


def _octet(reason: str) -> str:
    kinds = {
        "invalid start byte": "invalid leading UTF-8 octet",
        "invalid continuation byte": "invalid trailing UTF-8 octet",
    }
    return kinds.get(reason, "incomplete UTF-8 octet sequence")
