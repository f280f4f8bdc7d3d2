"""``x-kubernetes-validations``: rules in CEL, each about the value at its place.

A rule that speaks of `oldSelf` is about a change, and is asked only where it is known what stood there before. Any
other rule is not held against what was there already (ratcheting).

Kubernetes: apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from k8slearn.api import cel
from k8slearn.api.errors import NOTHING as NO_VALUE
from k8slearn.api.errors import FieldError, forbidden, invalid, required
from k8slearn.api.structural.pruning import EMBEDDED, OBJECT, Schema
from k8slearn.api.structural.values import NOTHING

Rule = dict[str, Any]

RULES = "x-kubernetes-validations"
OLD = re.compile(r"\boldSelf\b")
#: What a rule sees of every whole object, whether the schema speaks of it or not.
_TEXT = {"type": "string"}
_METADATA = {"type": "object", "properties": {"name": _TEXT, "generateName": _TEXT}}
_ROOT = {"apiVersion": _TEXT, "kind": _TEXT, "metadata": _METADATA}
LONGEST = 5 * 1024  # bytes that a messageExpression may say


def check_rules(schema: Schema, value: Any, old: Any, path: str) -> list[FieldError]:
    """What the rules of a schema say of an object; `old` is what it was before, or None."""
    return [*_check(rooted(schema), value, NOTHING if old is None else old, path, is_same=old == value)]


def rooted(schema: Schema) -> Schema:
    """The schema of a whole object, with what every object has."""
    return {**schema, "properties": {**(schema.get("properties") or {}), **_ROOT}, EMBEDDED: True}


def whole(schema: Schema) -> Schema:
    """An object within an object is one, too."""
    return rooted(schema) if schema.get(EMBEDDED) else schema


# --- walking ------------------------------------------------------------------------------------


def _check(schema: Schema, value: Any, old: Any, path: str, *, is_same: bool) -> Iterator[FieldError]:
    """`is_same`: this value, or one around it, is as it was."""
    if value is None:
        return
    for rule in schema.get(RULES) or ():
        yield from _ask(schema, rule, value, old, path or "<nil>", is_same=is_same)
    if isinstance(value, dict):
        yield from _fields(schema, value, old if isinstance(old, dict) else {}, path, is_same=is_same)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        known = _by_key(schema, old)
        for i, item in enumerate(value):
            before = known.get(_key(schema, item), NOTHING)
            same = is_same or before == item
            yield from _check(whole(schema["items"]), item, before, f"{path}[{i}]", is_same=same)


def _fields(
    schema: Schema, value: dict[str, Any], old: dict[str, Any], path: str, *, is_same: bool
) -> Iterator[FieldError]:
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for key, item in value.items():
        before = old.get(key, NOTHING)
        same = is_same or before == item
        if schema.get(EMBEDDED) and key in OBJECT:
            continue
        if key in properties:
            where = f"{path}.{key}" if path else key
            yield from _check(whole(properties[key]), item, before, where, is_same=same)
        elif isinstance(others, dict):
            yield from _check(whole(others), item, before, f"{path}[{key}]", is_same=same)


def _by_key(schema: Schema, old: Any) -> dict[Any, Any]:
    """Only in a list that is a map it is known which item was which."""
    if schema.get("x-kubernetes-list-type") != "map" or not isinstance(old, list):
        return {}
    return {_key(schema, item): item for item in old}


def _key(schema: Schema, item: Any) -> Any:
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    return tuple(repr(item.get(k)) for k in keys) if isinstance(item, dict) and keys else None


# --- one rule -----------------------------------------------------------------------------------


def _ask(
    schema: Schema, rule: Rule, value: Any, old: Any, path: str, *, is_same: bool
) -> Iterator[FieldError]:
    try:
        said = cel.compile(rule["rule"], names(schema, rule))
        is_about_change = "oldSelf" in said.used
        if is_about_change and old is NOTHING and not rule.get("optionalOldSelf"):
            return
        values = {"self": _shown(schema, value)}
        if is_about_change:
            values["oldSelf"] = cel.MISSING if old is NOTHING else _shown(schema, old)
        holds = said.evaluate(values)
    except cel.CelError as error:
        yield invalid(path, schema.get("type", ""), _cannot_tell(rule, error))
        return
    if holds is not True and (is_about_change or not is_same):
        yield _refusal(schema, rule, values, value, path)


def names(schema: Schema, rule: Rule) -> dict[str, Any]:
    """What the rule, and its message, may speak of."""
    if not OLD.search(rule.get("rule", "")):
        return {"self": schema}
    return {"self": schema, "oldSelf": cel.optional_of(schema) if rule.get("optionalOldSelf") else schema}


def _shown(schema: Schema, value: Any) -> Any:
    """Of a whole object's metadata, rules see the name."""
    if not schema.get(EMBEDDED) or not isinstance(value, dict):
        return value
    metadata = value.get("metadata") or {}
    return {**value, "metadata": {f: metadata[f] for f in ("name", "generateName") if f in metadata}}


def _cannot_tell(rule: Rule, error: cel.CelError) -> str:
    about = (rule.get("message") or rule["rule"]).strip()
    if not str(error).startswith("no such overload"):
        return f"{error} evaluating rule: {about}"
    what = "call arguments did not match a supported operator, function or macro signature"
    return f"'{error}': {what} for rule: {about}"


def _refusal(schema: Schema, rule: Rule, values: dict[str, Any], value: Any, path: str) -> FieldError:
    said = _message(schema, rule, values)
    place = (path + rule.get("fieldPath", "")).removeprefix("<nil>.")
    reason = rule.get("reason") or "FieldValueInvalid"
    if reason == "FieldValueForbidden":
        return forbidden(place, said)
    if reason == "FieldValueRequired":
        return required(place, said)
    shown = NO_VALUE if isinstance(value, (dict, list)) else value
    return FieldError(reason, place, shown, "" if reason == "FieldValueDuplicate" else said)


def _message(schema: Schema, rule: Rule, values: dict[str, Any]) -> str:
    """What the rule says when it is broken: what its messageExpression makes of the values, if that is a text."""
    if expression := rule.get("messageExpression"):
        try:
            said = cel.compile(expression, names(schema, rule)).evaluate(values)
        except cel.CelError:
            said = None
        said = said.strip() if isinstance(said, str) else ""
        if said and "\n" not in said and len(said.encode()) <= LONGEST:
            return said
    return (rule.get("message") or f"failed rule: {rule['rule'].strip()}").strip()
