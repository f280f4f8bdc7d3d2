"""``format.dns1123Label().validate(a)``: optional problems of a text that should be of some format.

Kubernetes: apiserver/pkg/cel/library/format.go
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from celpy import celtypes

from k8slearn.api import formats
from k8slearn.api.cel.optionals import NONE, Optional
from k8slearn.api.structural.formats import FORMATS as OF_SCHEMAS

Judge = Callable[[str], list[str]]


def _prefix(judge: Judge) -> Judge:
    """What a name may begin with: a hyphen at the end is fine, since more will follow."""
    return lambda text: judge(f"{text[:-1]}a" if text.endswith("-") else text)


def _of_schema(name: str, text: str) -> list[str]:
    return [] if OF_SCHEMAS[name](text) else [f"must be of type {name}"]


FORMATS: dict[str, Judge] = {
    "dns1123Label": formats.dns_label,
    "dns1123Subdomain": formats.dns_subdomain,
    "dns1035Label": formats.dns_1035_label,
    "dns1123LabelPrefix": _prefix(formats.dns_label),
    "dns1123SubdomainPrefix": _prefix(formats.dns_subdomain),
    "dns1035LabelPrefix": _prefix(formats.dns_1035_label),
    "qualifiedName": formats.qualified_name,
    "labelValue": formats.label_value,
    **{name: partial(_of_schema, name) for name in ("uri", "uuid", "byte", "date", "datetime")},
}


def _named(name: str) -> Optional:
    return Optional(FORMATS[name], there=True) if name in FORMATS else NONE


def _validate(judge: Judge, text: str) -> Optional:
    problems = [celtypes.StringType(problem) for problem in judge(str(text))]
    return Optional(celtypes.ListType(problems), there=True) if problems else NONE


FUNCTIONS: dict[str, Any] = {
    "format_named": _named,
    "validate": _validate,
    **{f"format_{name}": lambda judge=judge: judge for name, judge in FORMATS.items()},
}
