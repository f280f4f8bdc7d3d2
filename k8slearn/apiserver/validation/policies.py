"""The rules of admission policies and of their bindings: their expressions must compile. (`mutatingpolicies` has more.)

Kubernetes: pkg/apis/admissionregistration/validation
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api.errors import FieldError, duplicate, forbidden, invalid, required, unsupported
from k8slearn.api.objects import Object
from k8slearn.apiserver.validation.expressions import compiles
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
REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized")


def constrained(spec: Spec, path: str) -> Iterable[FieldError]:
    constraints = spec.get("matchConstraints")
    if constraints is None:
        yield required(f"{path}.matchConstraints")
    elif not constraints.get("resourceRules"):
        yield required(f"{path}.matchConstraints.resourceRules")


def _says_something(spec: Spec, path: str) -> Iterable[FieldError]:
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        for field in ("validations", "auditAnnotations"):
            yield required(
                f"{path}.{field}", "validations or auditAnnotations must contain at least one item"
            )


def expressions(spec: Spec, path: str) -> Iterable[FieldError]:
    """All that are there must compile; each variable may speak of those before it."""
    from k8slearn.api.cel.admission import MAKERS, policy_names  # loaded where it is spoken

    variables = spec.get("variables") or []
    for i, held in enumerate(spec.get("matchConditions") or ()):
        names = {k: v for k, v in policy_names(spec, []).items() if k not in ("variables", *MAKERS)}
        yield from compiles(held, "expression", f"{path}.matchConditions[{i}]", names)
    for i, variable in enumerate(variables):
        names = policy_names(spec, variables[:i])
        yield from compiles(variable, "expression", f"{path}.variables[{i}]", names, kinds=())
    names = policy_names(spec)
    for i, validation in enumerate(spec.get("validations") or ()):
        where = f"{path}.validations[{i}]"
        yield from compiles(validation, "expression", where, names)
        spoken = {k: v for k, v in names.items() if k != "authorizer"}
        yield from compiles(validation, "messageExpression", where, spoken, kinds=("string",))
    for i, note in enumerate(spec.get("auditAnnotations") or ()):
        where = f"{path}.auditAnnotations[{i}]"
        yield from compiles(note, "valueExpression", where, names, kinds=("string", "null_type"))


def _validation(validation: Spec, path: str) -> Iterable[FieldError]:
    message, expression = validation.get("message") or "", validation.get("messageExpression") or ""
    if not validation.get("expression", "").strip():
        yield required(f"{path}.expression", "expression is not specified")
    if expression and not expression.strip():
        yield invalid(f"{path}.messageExpression", expression, "must be non-empty if specified")
    if message and not message.strip():
        yield invalid(f"{path}.message", message, "message must be non-empty if specified")
    elif "\n" in message.strip():
        yield invalid(f"{path}.message", message, "message must not contain line breaks")
    if validation.get("reason", "Invalid") not in REASONS:
        yield unsupported(f"{path}.reason", validation["reason"], REASONS)


def _variable(variable: Spec, path: str) -> Iterable[FieldError]:
    for field in ("name", "expression"):
        if not variable.get(field, "").strip():
            yield required(f"{path}.{field}", f"{field} is not specified")
    if variable.get("name", "").strip() and not variable["name"].isidentifier():
        yield invalid(f"{path}.name", variable["name"], "name is not a valid CEL identifier")


def _note(note: Spec, path: str) -> Iterable[FieldError]:
    if not note.get("key"):
        yield required(f"{path}.key")
    if not note.get("valueExpression", "").strip():
        yield required(f"{path}.valueExpression", "valueExpression is not specified")


def _param_kind(kind: Spec, path: str) -> Iterable[FieldError]:
    for field in ("apiVersion", "kind"):
        if not kind.get(field):
            yield required(f"{path}.{field}")


POLICY_FIELDS: dict[str, Check] = {
    "failurePolicy": FAILURE,
    "paramKind": _param_kind,
    "matchConstraints": _CONSTRAINTS,
    "matchConditions": Each(condition, unique="name"),
    "variables": Each(_variable, unique="name"),
}
_POLICY = Shape(
    {**POLICY_FIELDS, "validations": Each(_validation), "auditAnnotations": Each(_note, unique="key")},
    also=(constrained, _says_something, expressions),
)

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


BINDING_FIELDS: dict[str, Check] = {
    "matchResources": _CONSTRAINTS,
    "paramRef": _reference,
    "policyName": dns_subdomain,
}


def has_spec(obj: Object, path: str) -> Iterable[FieldError]:
    return [] if "spec" in obj else [required("spec.policyName")]


KINDS: dict[str, Check] = {
    "ValidatingAdmissionPolicy": Shape({"spec": _POLICY}),
    "ValidatingAdmissionPolicyBinding": Shape(
        {"spec": Shape(BINDING_FIELDS, needs=("policyName",), also=(_actions,))}, also=(has_spec,)
    ),
}
