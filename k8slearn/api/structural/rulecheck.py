"""Rules of a definition that are none: they do not compile, or could never be asked.

Kubernetes: apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go
(ValidateCustomResourceDefinitionOpenAPISchema)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from k8slearn.api import cel
from k8slearn.api.errors import FieldError, invalid, required, unsupported
from k8slearn.api.structural.pruning import Schema
from k8slearn.api.structural.rules import RULES, Rule, names, rooted, whole

REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_LINES = re.compile(r"[\n\r]")
_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\['(?P<quoted>(?:[^'\\]|\\.)*)'\]")


def compile_rules(schema: Schema, path: str) -> list[FieldError]:
    """What a definition is told of its rules. `path` is the place of the schema."""
    return [*_below(rooted(schema), path, "")]


def _below(schema: Schema, path: str, lost: str) -> Iterator[FieldError]:
    """`lost`: the place from which on nobody knows which item was which."""
    for i, rule in enumerate(schema.get(RULES) or ()):
        found = [*_form(schema, rule, f"{path}.{RULES}[{i}]")]
        yield from found or _meaning(schema, rule, f"{path}.{RULES}[{i}]", lost)
    for name, inner in sorted((schema.get("properties") or {}).items()):
        yield from _below(whole(inner), f"{path}.properties[{name}]", lost)
    if isinstance(others := schema.get("additionalProperties"), dict):
        yield from _below(whole(others), f"{path}.additionalProperties", lost)
    if isinstance(items := schema.get("items"), dict):
        is_map = schema.get("x-kubernetes-list-type") == "map"
        yield from _below(whole(items), f"{path}.items", lost or ("" if is_map else f"{path}.items"))


# --- how it is written --------------------------------------------------------------------------


def _form(schema: Schema, rule: Rule, path: str) -> Iterator[FieldError]:
    yield from _message(rule, path)
    if (expression := rule.get("messageExpression")) and not expression.strip():
        yield required(f"{path}.messageExpression", "messageExpression must be non-empty if specified")
    if rule.get("reason") and rule["reason"] not in REASONS:
        yield unsupported(f"{path}.reason", rule["reason"], REASONS)
    if place := rule.get("fieldPath"):
        if not place.strip():
            yield invalid(f"{path}.fieldPath", place, "fieldPath must be non-empty if specified")
        if _LINES.search(place):
            yield invalid(f"{path}.fieldPath", place, "fieldPath must not contain line breaks")
        if not _leads_somewhere(schema, place):
            yield invalid(f"{path}.fieldPath", place, "fieldPath must be a valid path")


def _message(rule: Rule, path: str) -> Iterator[FieldError]:
    text, message = (rule.get("rule") or "").strip(), rule.get("message") or ""
    where = f"{path}.message"
    if not text:
        yield required(f"{path}.rule", "rule is not specified")
    elif message and not message.strip():
        yield invalid(where, message, "message must be non-empty if specified")
    elif len(message) > 2048:
        yield invalid(where, f"{message[:10]}...", "message must have a maximum length of 2048 characters")
    elif _LINES.search(message.strip()):
        yield invalid(where, message, "message must not contain line breaks")
    elif _LINES.search(text) and not message:
        yield required(where, "message must be specified if rule contains line breaks")


def _leads_somewhere(schema: Schema, path: str) -> bool:
    """``.a.b``, ``.a['b.c']``: fields of objects, and keys of maps."""
    at = 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return False
        name = step["name"] or re.sub(r"\\(.)", r"\1", step["quoted"] or "")
        inner = (schema.get("properties") or {}).get(name) or schema.get("additionalProperties")
        if not isinstance(inner, dict):
            return False
        schema, at = inner, step.end()
    return True


# --- what it says -------------------------------------------------------------------------------


def _meaning(schema: Schema, rule: Rule, path: str, lost: str) -> Iterator[FieldError]:
    said = names(schema, rule)
    try:
        found = cel.compile(rule["rule"], said)
    except cel.CelError as error:
        yield invalid(f"{path}.rule", _as_go(rule), f"compilation failed: {error}")
    else:
        if found.kind not in ("", "bool"):
            yield invalid(f"{path}.rule", _as_go(rule), "cel expression must evaluate to a bool")
        yield from _change(rule, path, lost, is_about="oldSelf" in found.used)
    if expression := rule.get("messageExpression"):
        yield from _says(expression, said, rule, f"{path}.messageExpression")


def _change(rule: Rule, path: str, lost: str, *, is_about: bool) -> Iterator[FieldError]:
    optional = rule.get("optionalOldSelf")
    if is_about and lost:
        detail = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {lost}"
        yield invalid(f"{path}.rule", rule["rule"], detail)
    elif optional is not None and not is_about:
        yield invalid(f"{path}.optionalOldSelf", optional, "may not be set if oldSelf is not used in rule")


def _says(expression: str, said: dict[str, Any], rule: Rule, path: str) -> Iterator[FieldError]:
    try:
        kind = cel.compile(expression, said).kind
        if kind not in ("", "string"):
            yield invalid(path, _as_go(rule), "messageExpression must evaluate to a string")
    except cel.CelError as error:
        yield invalid(path, _as_go(rule), f"messageExpression compilation failed: {error}")


def _as_go(rule: Rule) -> dict[str, Any]:
    texts = {f: rule.get(f[0].lower() + f[1:], "") for f in ("Rule", "Message", "MessageExpression")}
    return {
        **texts,
        "Reason": rule.get("reason"),
        "FieldPath": rule.get("fieldPath", ""),
        "OptionalOldSelf": rule.get("optionalOldSelf"),
    }
