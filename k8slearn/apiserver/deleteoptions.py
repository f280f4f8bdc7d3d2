"""What a DELETE may say: how the dependents go, how much time is left, which object exactly was meant.

Kubernetes: apimachinery/pkg/apis/meta/v1/validation (ValidateDeleteOptions), registry/rest/delete.go
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.api import errors
from k8slearn.api.errors import NOTHING, FieldError, invalid
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object
from k8slearn.api.requests import Request

Options = dict[str, Any]

#: Field -> its type, and what Go calls it. (A caller in this process may say a plain ``dryRun="All"``.)
TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "gracePeriodSeconds": ((int,), "int64"),
    "orphanDependents": ((bool,), "bool"),
    "propagationPolicy": ((str,), "v1.DeletionPropagation"),
    "preconditions": ((dict,), "v1.Preconditions"),
    "dryRun": ((list, str, bool), "[]string"),
}
PRECONDITION_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "uid": ((str,), "types.UID"),
    "resourceVersion": ((str,), "string"),
}
SUPPORTED = ("Foreground", "Background", "Orphan")
CHILDREN_STAY = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove "
    "them or set propagationPolicy=Orphan to suppress this warning"
)


def policy(options: Options) -> str | None:
    """How the dependents should go, if that is said; ``orphanDependents`` is how it was said long ago."""
    orphan = options.get("orphanDependents")
    return options.get("propagationPolicy") if orphan is None else "Orphan" if orphan else "Background"


def check_options(resource: Resource, request: Request) -> None:
    """Raises BadRequest for what is no DeleteOptions, Invalid for what breaks a rule."""
    options = request.options
    _check_types(options, TYPES, "DeleteOptions.")
    _check_types(options.get("preconditions") or {}, PRECONDITION_TYPES, "Preconditions.preconditions.")
    broken = [*_broken(options)]
    if broken:
        raise errors.invalid_object("DeleteOptions", "meta.k8s.io", "", broken)
    if resource.kind == "Job" and resource.builtin and policy(options) is None:
        request.warnings.append(CHILDREN_STAY)


def _check_types(options: Options, types: dict[str, tuple[tuple[type, ...], str]], where: str) -> None:
    for field, (kinds, name) in types.items():
        value = options.get(field)
        if value is not None and type(value) not in kinds and not (dict in kinds and isinstance(value, dict)):
            raise errors.BadRequest(
                f"json: cannot unmarshal {_json(value)} into Go struct field {where}{field} of type {name}"
            )


def _json(value: Any) -> str:
    kinds: dict[type, str] = {str: "string", bool: "bool", dict: "object", list: "array"}
    return kinds.get(type(value), "number")


def _broken(options: Options) -> Iterator[FieldError]:
    wanted, path = options.get("propagationPolicy"), "propagationPolicy"
    if wanted is not None and options.get("orphanDependents") is not None:
        yield invalid(path, wanted, "orphanDependents and deletionPropagation cannot be both set")
    if wanted is not None and wanted not in SUPPORTED:
        listed = ", ".join(f'"{p}"' for p in (*SUPPORTED, "nil"))
        yield FieldError("FieldValueNotSupported", path, wanted, f"supported values: {listed}")
    rehearsal = options.get("dryRun") or []
    said = [rehearsal] if isinstance(rehearsal, str) else rehearsal
    if said is not True and any(word != "All" for word in said):
        shown = ", ".join(f'"{word}"' for word in said)
        detail = f'[]string{{{shown}}}: supported values: "All"'
        yield FieldError("FieldValueNotSupported", "dryRun", NOTHING, detail)


#: What a precondition may name, how a message calls it, and what has probably happened.
PRECONDITIONS = {
    "uid": ("UID", "deleted and then recreated"),
    "resourceVersion": ("ResourceVersion", "modified"),
}


def check_preconditions(resource: Resource, obj: Object, wanted: dict[str, str]) -> None:
    """Refuse to delete another object than the one that was meant."""
    for field, (title, likely) in PRECONDITIONS.items():
        have = obj["metadata"][field]
        if wanted.get(field) in (None, have):
            continue
        if resource.kind == "Namespace":
            why = f"Precondition failed: {title} in precondition: {wanted[field]}, {title} in object meta: {have}"
            raise errors.conflict(resource.plural, resource.group, obj["metadata"]["name"], why)
        why = (
            f"the {title} in the precondition ({wanted[field]}) does not match the {title} in record "
            f"({have}). The object might have been {likely}"
        )
        raise errors.conflict(resource.kind, resource.group, obj["metadata"]["name"], why)
