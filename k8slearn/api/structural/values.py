"""What of a value does not fit its schema, in the words of Kubernetes.

What has not changed is not judged anew (`old`): who tightens a schema does not lock out the objects that are there.

Kubernetes: kube-openapi/pkg/validation/validate, apiextensions-apiserver/pkg/apiserver/validation
(validation.go, formats.go, ratcheting.go)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from k8slearn.api.errors import FieldError, invalid, required
from k8slearn.api.structural.formats import FORMATS
from k8slearn.api.structural.pruning import EMBEDDED, OBJECT, PRESERVE, Schema, field_of

NOTHING = object()
INT_OR_STRING = "x-kubernetes-int-or-string"


def check_value(schema: Schema, value: Any, path: str = "", old: Any = NOTHING) -> list[FieldError]:
    """Every rule that `value` breaks. `old` is what stood there before, if anything did."""
    if old is not NOTHING and old == value:
        return []
    return [*_check(schema, value, path, old)]


def _check(schema: Schema, value: Any, path: str, old: Any) -> Iterator[FieldError]:
    if value is None and schema.get("nullable"):
        return
    if not _has_type(schema, value):
        yield _of_wrong_type(schema, value, path)
        return
    yield from _plain(schema, value, path)
    yield from _combined(schema, value, path)
    if isinstance(value, dict):
        yield from _object(schema, value, path, old)
    elif isinstance(value, list):
        yield from _array(schema, value, path, old)


# --- types ------------------------------------------------------------------------------------

TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: (
        (isinstance(v, int) and not isinstance(v, bool)) or (isinstance(v, float) and v.is_integer())
    ),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}


def type_of(value: Any) -> str:
    """What JSON schema calls the type of a value."""
    return next((name for name, is_one in TYPES.items() if is_one(value)), "null")


def _has_type(schema: Schema, value: Any) -> bool:
    if schema.get(INT_OR_STRING):
        return TYPES["integer"](value) or isinstance(value, str)
    wanted = schema.get("type")
    return not wanted or TYPES[wanted](value)


def _of_wrong_type(schema: Schema, value: Any, path: str) -> FieldError:
    wanted = "integer,string" if schema.get(INT_OR_STRING) else schema["type"]
    found = type_of(value)
    detail = f'{path} in body must be of type {wanted}: "{found}"'
    return FieldError("FieldValueTypeInvalid", path or "<nil>", found, detail)


# --- one value --------------------------------------------------------------------------------


def _plain(schema: Schema, value: Any, path: str) -> Iterator[FieldError]:
    if schema.get("enum") and value not in schema["enum"]:
        allowed = schema["enum"]
        listed = ", ".join(json.dumps(a) for a in allowed)
        yield FieldError("FieldValueNotSupported", path, value, f"supported values: {listed}")
    for limit, (measures, breaks, says) in LIMITS.items():
        bound = schema.get(limit)
        if bound is not None and (size := measures(value)) is not None and breaks(size, bound, schema):
            yield says(path, value, size, bound, schema)
    if isinstance(value, str):
        yield from _text(schema, value, path)


def _text(schema: Schema, value: str, path: str) -> Iterator[FieldError]:
    pattern = schema.get("pattern")
    if pattern and not _pattern(pattern).search(value):
        yield invalid(path, value, f"{path} in body should match '{pattern}'")
    form = schema.get("format")
    if form in FORMATS and not FORMATS[form](value):
        detail = f'{path} in body must be of type {form}: "{value}"'
        yield FieldError("FieldValueTypeInvalid", path, value, detail)


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    """A regular expression as Go understands it, as far as Python differs."""
    return re.compile(text.replace(r"\z", r"\Z"), re.ASCII)


# --- limits: what is measured, when it is too much or too little, what is said then -------------


def _number(value: Any) -> float | None:
    return value if TYPES["number"](value) else None


def _length(kind: type[str] | type[list[Any]] | type[dict[str, Any]]) -> Callable[[Any], int | None]:
    return lambda value: len(value) if isinstance(value, kind) else None


def _should(words: str) -> Callable[..., FieldError]:
    def says(path: str, value: Any, size: Any, bound: Any, schema: Schema) -> FieldError:
        text, _, which = words.partition("|")
        if which and schema.get(f"exclusive{which}"):
            text = text.replace(" or equal to", "")
        return invalid(path, value, f"{path} in body {text.format(bound)}")

    return says


def _too_long(path: str, value: Any, size: Any, bound: Any, schema: Schema) -> FieldError:
    return FieldError("FieldValueTooLong", path, detail=f"may not be more than {bound} bytes")


def _too_many(path: str, value: Any, size: Any, bound: Any, schema: Schema) -> FieldError:
    return FieldError("FieldValueTooMany", path, size, f"must have at most {bound} item{'s' * (bound != 1)}")


def _above(size: float, bound: float, schema: Schema) -> bool:
    return size >= bound if schema.get("exclusiveMaximum") else size > bound


def _below(size: float, bound: float, schema: Schema) -> bool:
    return size <= bound if schema.get("exclusiveMinimum") else size < bound


def _more(size: int, bound: int, schema: Schema) -> bool:
    return size > bound


def _fewer(size: int, bound: int, schema: Schema) -> bool:
    return size < bound


def _uneven(size: float, bound: float, schema: Schema) -> bool:
    return bool(bound) and abs(size / bound - round(size / bound)) > 1e-9


LIMITS: dict[str, tuple[Callable[[Any], Any], Callable[..., bool], Callable[..., FieldError]]] = {
    "maximum": (_number, _above, _should("should be less than or equal to {}|Maximum")),
    "minimum": (_number, _below, _should("should be greater than or equal to {}|Minimum")),
    "multipleOf": (_number, _uneven, _should("should be a multiple of {}")),
    "maxLength": (_length(str), _more, _too_long),
    "minLength": (_length(str), _fewer, _should("should be at least {} chars long")),
    "maxItems": (_length(list), _more, _too_many),
    "minItems": (_length(list), _fewer, _should("should have at least {} items")),
    "maxProperties": (_length(dict), _more, _too_many),
    "minProperties": (_length(dict), _fewer, _should("should have at least {} properties")),
}

# --- schemas of schemas -------------------------------------------------------------------------


def _combined(schema: Schema, value: Any, path: str) -> Iterator[FieldError]:
    """allOf, anyOf, oneOf, not: conditions on a value whose shape the schema around them has told."""
    for inner in schema.get("allOf") or ():
        yield from _check(inner, value, path, NOTHING)
    shown = _go_value(value)
    if "anyOf" in schema and not any(_fits(inner, value) for inner in schema["anyOf"]):
        yield invalid(path or "<nil>", shown, f'"{path}" must validate at least one schema (anyOf)')
    if "oneOf" in schema and (count := sum(_fits(inner, value) for inner in schema["oneOf"])) != 1:
        found = "none valid" if not count else f"{count} valid alternatives"
        detail = f'"{path}" must validate one and only one schema (oneOf). Found {found}'
        yield invalid(path or "<nil>", shown, detail)
    if "not" in schema and _fits(schema["not"], value):
        yield invalid(path or "<nil>", shown, f'"{path}" must not validate the schema (not)')


def _fits(schema: Schema, value: Any) -> bool:
    return next(_check(schema, value, "", NOTHING), None) is None


def _go_value(value: Any) -> Any:
    return type_of(value) if isinstance(value, (dict, list)) else value


# --- what holds others --------------------------------------------------------------------------


def _object(schema: Schema, value: dict[str, Any], path: str, old: Any) -> Iterator[FieldError]:
    for name in schema.get("required") or ():
        if name not in value:
            yield required(_child(path, name))
    if schema.get(EMBEDDED):
        yield from _embedded(value, path)
    before = old if isinstance(old, dict) else {}
    for key, item in value.items():
        if (
            (schema.get(EMBEDDED) or not path)
            and key in OBJECT
            and key not in (schema.get("properties") or {})
        ):
            continue
        inner = field_of(schema, key)
        if inner is not None and inner.keys() != {PRESERVE}:
            yield from check_value(inner, item, _child(path, key), before.get(key, NOTHING))


def _embedded(value: dict[str, Any], path: str) -> Iterator[FieldError]:
    """An object within an object says what it is."""
    for name in ("apiVersion", "kind"):
        if not value.get(name):
            yield required(_child(path, name), "must not be empty")


def _array(schema: Schema, value: list[Any], path: str, old: Any) -> Iterator[FieldError]:
    items = schema.get("items")
    before = _by_key(schema, old)
    for i, item in enumerate(value) if isinstance(items, dict) else ():
        was = before.get(_key(schema, item), NOTHING) if before else NOTHING
        yield from check_value(items, item, f"{path}[{i}]", was)  # type: ignore[arg-type]


def _by_key(schema: Schema, old: Any) -> dict[Any, Any]:
    """What stood under the same keys before: only items of a list that is a map can be told apart."""
    if schema.get("x-kubernetes-list-type") != "map" or not isinstance(old, list):
        return {}
    return {_key(schema, item): item for item in old if isinstance(item, dict)}


def _key(schema: Schema, item: Any) -> Any:
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    return tuple(repr(item.get(k)) for k in keys) if isinstance(item, dict) else None


def _child(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
