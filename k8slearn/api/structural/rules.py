"""``x-kubernetes-validations``: rules in CEL, each about the value at its place.

A rule that speaks of `oldSelf` is about a change, and is asked only where it is known what stood there before.

Kubernetes: apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from k8slearn.api import cel
from k8slearn.api.cel.checker import escaped
from k8slearn.api.errors import NOTHING as NO_VALUE
from k8slearn.api.errors import FieldError, forbidden, invalid, required
from k8slearn.api.structural.pruning import Schema, field_of
from k8slearn.api.structural.values import NOTHING, type_of

RULES = "x-kubernetes-validations"
OLD = re.compile(r"\boldSelf\b")
#: What a rule at the root sees of every object, whether the schema speaks of it or not.
_TEXT = {"type": "string"}
_METADATA = {"type": "object", "properties": {"name": _TEXT, "generateName": _TEXT}}
_ROOT = {"apiVersion": _TEXT, "kind": _TEXT, "metadata": _METADATA}


def check_rules(schema: Schema, value: Any, old: Any, path: str) -> list[FieldError]:
    """What the rules of a schema say of an object; `old` is what it was before, or None."""
    return [*_check(_rooted(schema), _shown(value), NOTHING if old is None else _shown(old), path)]


def _rooted(schema: Schema) -> Schema:
    return {**schema, "properties": {**(schema.get("properties") or {}), **_ROOT}}


def _shown(obj: dict[str, Any]) -> dict[str, Any]:
    metadata = obj.get("metadata") or {}
    return {**obj, "metadata": {f: metadata[f] for f in ("name", "generateName") if f in metadata}}


# --- walking ------------------------------------------------------------------------------------


def _check(schema: Schema, value: Any, old: Any, path: str) -> Iterator[FieldError]:
    if value is None:
        return
    for rule in schema.get(RULES) or ():
        yield from _ask(schema, rule, value, old, path)
    if isinstance(value, dict):
        before = old if isinstance(old, dict) else {}
        for key, item in value.items():
            inner = field_of(schema, key)
            if inner is not None:
                where = f"{path}.{key}" if path else key
                yield from _check(inner, item, before.get(key, NOTHING), where)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        known = _by_key(schema, old)
        for i, item in enumerate(value):
            yield from _check(schema["items"], item, known.get(_key(schema, item), NOTHING), f"{path}[{i}]")


def _by_key(schema: Schema, old: Any) -> dict[Any, Any]:
    """Only in a list that is a map it is known which item was which."""
    if schema.get("x-kubernetes-list-type") != "map" or not isinstance(old, list):
        return {}
    return {_key(schema, item): item for item in old}


def _key(schema: Schema, item: Any) -> Any:
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    return tuple(repr(item.get(k)) for k in keys) if isinstance(item, dict) and keys else None


# --- one rule -----------------------------------------------------------------------------------


def _ask(schema: Schema, rule: dict[str, Any], value: Any, old: Any, path: str) -> Iterator[FieldError]:
    text, where = rule["rule"], path or "<nil>"
    about_change = OLD.search(text) is not None
    if about_change and old is NOTHING and not rule.get("optionalOldSelf"):
        return
    variables = {"self": _escaped(schema, value)}
    if about_change:
        variables["oldSelf"] = None if old is NOTHING else _escaped(schema, old)
    try:
        holds = cel.compile(text, _names(schema, about_change=about_change)).evaluate(variables)
    except cel.CelError as error:
        yield invalid(where, type_of(value), f"{error} evaluating rule: {rule.get('message') or text}")
        return
    if holds is not True:
        yield _refusal(schema, rule, variables, value, where)


def _refusal(
    schema: Schema, rule: dict[str, Any], variables: dict[str, Any], value: Any, path: str
) -> FieldError:
    said = _message(schema, rule, variables)
    place = path + rule.get("fieldPath", "")
    reason = rule.get("reason") or "FieldValueInvalid"
    if reason == "FieldValueForbidden":
        return forbidden(place, said)
    if reason == "FieldValueRequired":
        return required(place, said)
    shown = NO_VALUE if isinstance(value, (dict, list)) else value
    return FieldError(reason, place, shown, said)


def _message(schema: Schema, rule: dict[str, Any], variables: dict[str, Any]) -> str:
    """What the rule says when it is broken: what its messageExpression makes of the values, if that is a text."""
    if expression := rule.get("messageExpression"):
        try:
            names = _names(schema, about_change="oldSelf" in variables)
            said = cel.compile(expression, names).evaluate(variables)
        except cel.CelError:
            said = None
        if isinstance(said, str) and said.strip() and "\n" not in said:
            return said
    return rule.get("message") or f"failed rule: {rule['rule']}"


def _names(schema: Schema, *, about_change: bool) -> dict[str, Any]:
    return {"self": schema, **({"oldSelf": schema} if about_change else {})}


def _escaped(schema: Schema, value: Any) -> Any:
    """The value with its fields as expressions can name them. Keys of maps are no names."""
    if isinstance(value, dict):
        properties = schema.get("properties") or {}
        named = ((key, escaped(key) if key in properties else key, item) for key, item in value.items())
        return {name: _escaped(field_of(schema, key) or {}, item) for key, name, item in named}
    if isinstance(value, list):
        return [_escaped(schema.get("items") or {}, item) for item in value]
    return value


# --- rules that are none ------------------------------------------------------------------------


def compile_rules(schema: Schema, path: str) -> list[FieldError]:
    """What a definition is told of rules that do not compile. `path` is the place of the schema."""
    return [*_compile(_rooted(schema), path)]


def _compile(schema: Schema, path: str) -> Iterator[FieldError]:
    for i, rule in enumerate(schema.get(RULES) or ()):
        where = f"{path}.{RULES}[{i}]"
        if not (rule.get("rule") or "").strip():
            yield required(f"{where}.rule", "rule is not specified")
            continue
        names = _names(schema, about_change=True)
        try:
            cel.compile(rule["rule"], names)
        except cel.CelError as error:
            yield invalid(f"{where}.rule", _as_go(rule), f"compilation failed: {error}")
        yield from _compile_message(rule, names, where)
    for name, inner in sorted((schema.get("properties") or {}).items()):
        yield from _compile(inner, f"{path}.properties[{name}]")
    for field in ("items", "additionalProperties"):
        if isinstance(schema.get(field), dict):
            yield from _compile(schema[field], f"{path}.{field}")


def _compile_message(rule: dict[str, Any], names: dict[str, Any], where: str) -> Iterator[FieldError]:
    if not rule.get("messageExpression"):
        return
    try:
        cel.compile(rule["messageExpression"], names)
    except cel.CelError as error:
        yield invalid(
            f"{where}.messageExpression", _as_go(rule), f"messageExpression compilation failed: {error}"
        )


def _as_go(rule: dict[str, Any]) -> dict[str, Any]:
    texts = {f: rule.get(f[0].lower() + f[1:], "") for f in ("Rule", "Message", "MessageExpression")}
    old = rule.get("optionalOldSelf")
    return {
        **texts,
        "Reason": rule.get("reason"),
        "FieldPath": rule.get("fieldPath", ""),
        "OptionalOldSelf": old,
    }
