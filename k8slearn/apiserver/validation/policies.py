"""The rules of admission policies and of their bindings: their expressions must compile.

Kubernetes: pkg/apis/admissionregistration/validation
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api.errors import FieldError, duplicate, forbidden, invalid, required, unsupported
from k8slearn.api.objects import Object
from k8slearn.apiserver.validation.shapes import Check, Each, OneOf, Shape, dns_subdomain, label_selector
from k8slearn.apiserver.validation.webhooks import FAILURE, MATCH, RULE, condition

Spec = dict[str, Any]

_RULES = Each(RULE)
_CONSTRAINTS = Shape(
    {
        "namespaceSelector": label_selector,
        "objectSelector": label_selector,
        "matchPolicy": MATCH,
        "resourceRules": _RULES,
        "excludeResourceRules": _RULES,
    }
)
NAMES: dict[str, Spec | None] = dict.fromkeys(
    ["object", "oldObject", "request", "params", "namespaceObject", "variables", "authorizer"]
)
REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized")


def _constrained(spec: Spec, path: str) -> Iterable[FieldError]:
    constraints = spec.get("matchConstraints")
    if constraints is None:
        yield required(f"{path}.matchConstraints")
    elif not constraints.get("resourceRules"):
        yield required(f"{path}.matchConstraints.resourceRules")


def _says_something(spec: Spec, path: str) -> Iterable[FieldError]:
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        yield required(
            f"{path}.validations", "validations or auditAnnotations must contain at least one item"
        )


def _compiles(expression: str, path: str) -> Iterable[FieldError]:
    """Kubernetes: validateCELExpression"""
    from k8slearn.api import cel  # loaded where it is spoken

    try:
        cel.compile(expression, NAMES)
    except cel.CelError as error:
        yield invalid(path, expression, f"compilation failed: {error}")


def _validation(validation: Spec, path: str) -> Iterable[FieldError]:
    if not validation.get("expression", "").strip():
        yield required(f"{path}.expression", "expression is not specified")
    for field in ("expression", "messageExpression"):
        if validation.get(field, "").strip():
            yield from _compiles(validation[field].strip(), f"{path}.{field}")
    if validation.get("reason", "Invalid") not in REASONS:
        yield unsupported(f"{path}.reason", validation["reason"], REASONS)


def _variable(variable: Spec, path: str) -> Iterable[FieldError]:
    for field in ("name", "expression"):
        if not variable.get(field, "").strip():
            yield required(f"{path}.{field}", f"{field} is not specified")
    if variable.get("expression", "").strip():
        yield from _compiles(variable["expression"], f"{path}.expression")


_POLICY_FIELDS: dict[str, Check] = {
    "failurePolicy": FAILURE,
    "matchConstraints": _CONSTRAINTS,
    "matchConditions": Each(condition, unique="name"),
    "variables": Each(_variable, unique="name"),
}
_POLICY = Shape({**_POLICY_FIELDS, "validations": Each(_validation)}, also=(_constrained, _says_something))
_MUTATING = Shape({**_POLICY_FIELDS, "reinvocationPolicy": OneOf("IfNeeded", "Never")}, also=(_constrained,))

ACTIONS = ("Audit", "Deny", "Warn")
_TWICE = (
    "must not contain both Deny and Warn (repeating the same validation failure information in the API response "
    "and headers serves no purpose)"
)


def _actions(spec: Spec, path: str) -> Iterable[FieldError]:
    found, where = spec.get("validationActions") or [], f"{path}.validationActions"
    if not found:
        yield required(where, "at least one validation action is required")
    for i, action in enumerate(found):
        yield from OneOf(*ACTIONS)(action, f"{where}[{i}]")
        if action in found[:i]:
            yield duplicate(f"{where}[{i}]", action)
    if {"Deny", "Warn"} <= set(found):
        yield invalid(where, found, _TWICE)


def _reference(reference: Spec, path: str) -> Iterable[FieldError]:
    name, selector = reference.get("name"), reference.get("selector")
    if name and selector is not None:
        for field in ("name", "selector"):
            yield forbidden(f"{path}.{field}", "name and selector are mutually exclusive")
    elif not name and selector is None:
        yield required(path, "one of name or selector must be specified")


_BINDING_FIELDS: dict[str, Check] = {
    "matchResources": _CONSTRAINTS,
    "paramRef": _reference,
    "policyName": dns_subdomain,
}


def _has_spec(obj: Object, path: str) -> Iterable[FieldError]:
    return [] if "spec" in obj else [required("spec.policyName")]


KINDS: dict[str, Check] = {
    "ValidatingAdmissionPolicy": Shape({"spec": _POLICY}),
    "MutatingAdmissionPolicy": Shape({"spec": _MUTATING}),
    "ValidatingAdmissionPolicyBinding": Shape(
        {"spec": Shape(_BINDING_FIELDS, needs=("policyName",), also=(_actions,))}, also=(_has_spec,)
    ),
    "MutatingAdmissionPolicyBinding": Shape(
        {"spec": Shape(_BINDING_FIELDS, needs=("policyName",))}, also=(_has_spec,)
    ),
}
