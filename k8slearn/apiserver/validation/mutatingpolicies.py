"""The rules of mutating policies: what their expressions make must be of the type that they say.

Kubernetes: pkg/apis/admissionregistration/validation (validateMutatingAdmissionPolicySpec)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api.errors import FieldError, invalid, required, unsupported
from k8slearn.apiserver.validation.expressions import compiles
from k8slearn.apiserver.validation.policies import (
    BINDING_FIELDS,
    POLICY_FIELDS,
    constrained,
    expressions,
    has_spec,
)
from k8slearn.apiserver.validation.shapes import Check, Each, OneOf, Shape

Spec = dict[str, Any]

PATCHES = {
    "ApplyConfiguration": ("applyConfiguration", "Object"),
    "JSONPatch": ("jsonPatch", "list(JSONPatch)"),
}


def _mutates(spec: Spec, path: str) -> Iterable[FieldError]:
    if not spec.get("mutations"):
        yield required(f"{path}.mutations", "mutations must contain at least one item")
    if not spec.get("reinvocationPolicy"):
        yield required(f"{path}.reinvocationPolicy")
    for i, rule in enumerate((spec.get("matchConstraints") or {}).get("resourceRules") or ()):
        for j, operation in enumerate(rule.get("operations") or ()):
            if operation == "DELETE":
                where = f"{path}.matchConstraints.resourceRules[{i}].operations[{j}]"
                yield unsupported(where, operation, ("*", "CONNECT", "CREATE", "UPDATE"))


def _mutation(mutation: Spec, path: str) -> Iterable[FieldError]:
    kind = mutation.get("patchType")
    if not kind:
        yield required(f"{path}.patchType")
        return
    if kind not in PATCHES:
        yield unsupported(f"{path}.patchType", kind, tuple(PATCHES))
        return
    for name, (field, _) in PATCHES.items():
        if name != kind and mutation.get(field) is not None:
            what = f"must not be specified when patchType is {kind}"
            yield invalid(f"{path}.{field}", f"{{{field}}}", what)
        elif name == kind and mutation.get(field) is None:
            yield required(f"{path}.{field}", f"must be specified when patchType is {kind}")
        elif name == kind and not mutation[field].get("expression", "").strip():
            yield required(f"{path}.{field}.expression", "expression is not specified")


def _changes(spec: Spec, path: str) -> Iterable[FieldError]:
    """The expressions of mutations must make what their type says."""
    from k8slearn.api.cel.admission import policy_names  # loaded where it is spoken

    for i, mutation in enumerate(spec.get("mutations") or ()):
        field, kind = PATCHES.get(mutation.get("patchType", ""), ("", ""))
        if mutation.get(field):
            where = f"{path}.mutations[{i}].{field}"
            yield from compiles(mutation[field], "expression", where, policy_names(spec), kinds=(kind,))


_MUTATING = Shape(
    {**POLICY_FIELDS, "mutations": Each(_mutation), "reinvocationPolicy": OneOf("IfNeeded", "Never")},
    also=(constrained, _mutates, expressions, _changes),
)

KINDS: dict[str, Check] = {
    "MutatingAdmissionPolicy": Shape({"spec": _MUTATING}),
    "MutatingAdmissionPolicyBinding": Shape(
        {"spec": Shape(BINDING_FIELDS, needs=("policyName",))}, also=(has_spec,)
    ),
}
