"""How a rule is written: a check is anything that takes a value and its path and answers with errors.

A `Shape` is a table of checks, one per field, and walks only the fields that an object has: what is absent
costs nothing. The small checks below are its vocabulary. Values in messages are written as JSON.

Kubernetes: apimachinery/pkg/util/validation/field, apimachinery/pkg/api/validation
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, duplicate, invalid, required, unsupported
from k8slearn.api.selectors import OBJECT_OPERATORS

Check = Callable[[Any, str], Iterable[FieldError]]
GOOD: tuple[FieldError, ...] = ()
NEGATIVE = "must be greater than or equal to 0"


def child(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field


@dataclass(frozen=True)
class Shape:
    """A check per field; what `needs` names may not be empty; `also` looks at several fields together."""

    fields: Mapping[str, Check]
    needs: tuple[str, ...] = ()
    also: tuple[Check, ...] = ()

    def __call__(self, value: Mapping[str, Any], path: str) -> list[FieldError]:
        prefix = f"{path}." if path else ""
        errors = [required(prefix + field) for field in self.needs if not value.get(field)]
        checks = self.fields
        for field, item in value.items():
            if field in checks and item is not None and (item or field not in self.needs):
                errors += checks[field](item, prefix + field)
        for check in self.also:
            errors += check(value, path)
        return errors


@dataclass(frozen=True)
class Each:
    """Every item of a list. `unique` names the field in which no two may agree."""

    check: Check
    unique: str = ""

    def __call__(self, items: list[Any], path: str) -> list[FieldError]:
        errors: list[FieldError] = []
        for i, item in enumerate(items):
            errors += self.check(item, f"{path}[{i}]")
        return errors + repeated(items, path, self.unique) if self.unique and len(items) > 1 else errors


def repeated(items: list[Any], path: str, field: str) -> list[FieldError]:
    errors, seen = [], set()
    for i, item in enumerate(items):
        value = item.get(field)
        if value and value in seen:
            errors.append(duplicate(f"{path}[{i}].{field}", value))
        seen.add(value)
    return errors


@dataclass(frozen=True)
class Spelt:
    """A string that has to follow a format of `k8slearn.api.formats`."""

    form: formats.Check

    def __call__(self, text: str, path: str) -> Iterable[FieldError]:
        problems = self.form(text) if text else GOOD
        return [invalid(path, text, p) for p in problems] if problems else GOOD  # type: ignore[arg-type]


class OneOf:
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = frozenset(words)

    def __call__(self, word: str, path: str) -> Iterable[FieldError]:
        return GOOD if word in self.words else [unsupported(path, word, self.words)]


@dataclass(frozen=True)
class Between:
    least: int
    most: int

    def __call__(self, number: int, path: str) -> Iterable[FieldError]:
        if self.least <= number <= self.most:
            return GOOD
        return [invalid(path, number, f"must be between {self.least} and {self.most}, inclusive")]


def natural(number: int, path: str) -> Iterable[FieldError]:
    return GOOD if number >= 0 else [invalid(path, number, NEGATIVE)]


def positive(number: int, path: str) -> Iterable[FieldError]:
    return GOOD if number > 0 else [invalid(path, number, "must be greater than 0")]


def count_or_percent(value: int | str, path: str) -> Iterable[FieldError]:
    """``3`` or ``"25%"``. Kubernetes: ValidatePositiveIntOrPercent"""
    if isinstance(value, int):
        return natural(value, path)
    return [invalid(path, value, problem) for problem in formats.percent(value)]


def port(number: int, path: str) -> Iterable[FieldError]:
    return GOOD if 0 < number < 65536 else [invalid(path, number, "must be between 1 and 65535, inclusive")]


def port_or_name(value: int | str, path: str) -> Iterable[FieldError]:
    if isinstance(value, int):
        return port(value, path)
    return [invalid(path, value, problem) for problem in formats.port_name(value)]


def labels(found: Mapping[str, str], path: str) -> Iterable[FieldError]:
    errors: list[FieldError] = []
    for key, value in found.items():
        if not _LABEL.fullmatch(key):
            errors += [invalid(path, key, p) for p in formats.label_key(key)]
        if not _LABEL.fullmatch(value):
            errors += [invalid(path, value, p) for p in formats.label_value(value)]
    return errors


_LABEL = re.compile("[a-zA-Z0-9]{1,63}")  # most labels are as simple as that


def _expression(value: Mapping[str, Any], path: str) -> Iterable[FieldError]:
    """Kubernetes: ValidateLabelSelectorRequirement"""
    op, values = value.get("operator", ""), value.get("values") or ()
    if op not in OBJECT_OPERATORS:
        yield invalid(child(path, "operator"), op, "not a valid selector operator")
    elif op in ("In", "NotIn") and not values:
        yield required(child(path, "values"), "must be specified when `operator` is 'In' or 'NotIn'")
    elif op in ("Exists", "DoesNotExist") and values:
        detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        yield FieldError("FieldValueForbidden", child(path, "values"), detail=detail)
    key = value.get("key", "")
    yield from (invalid(child(path, "key"), key, problem) for problem in formats.label_key(key))
    for i, text in enumerate(values):
        yield from Spelt(formats.label_value)(text, f"{path}.values[{i}]")


def relative(text: str, path: str) -> Iterable[FieldError]:
    """A place further down. Kubernetes: validateLocalDescendingPath"""
    if text.startswith("/"):
        yield invalid(path, text, "must be a relative path")
    if ".." in text.split("/"):
        yield invalid(path, text, "must not contain '..'")


label_selector = Shape({"matchLabels": labels, "matchExpressions": Each(_expression)})
dns_label = Spelt(formats.dns_label)
dns_subdomain = Spelt(formats.dns_subdomain)
