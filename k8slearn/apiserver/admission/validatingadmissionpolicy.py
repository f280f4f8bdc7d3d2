"""ValidatingAdmissionPolicy: the cluster's own rules, written in CEL and stored as objects. No program is asked.

A policy says what must hold and of which requests it speaks; it counts where a binding says so, perhaps with
parameters, which are an object of their own. What happens when it does not hold, the binding says, too.

Kubernetes: apiserver/pkg/admission/plugin/policy/validating (dispatcher.go, validator.go, plugin.go)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.api.errors import ApiError, from_status
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, name_of
from k8slearn.apiserver.admission.admissionreview import question
from k8slearn.apiserver.admission.authorizing import authorizer
from k8slearn.apiserver.admission.matching import Asked, asked, is_exempt, matches, namespace_of
from k8slearn.apiserver.admission.mutation import View
from k8slearn.apiserver.admission.plugin import CREATE, DELETE, EVERY_SUBRESOURCE, UPDATE, Plugin, forbidden
from k8slearn.apiserver.admission.policyparams import Misconfigured, params

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

Names = dict[str, Object | None]

POLICIES, BINDINGS = "validatingadmissionpolicies", "validatingadmissionpolicybindings"
CODES = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413, "Invalid": 422}
LONGEST = 5 * 1024  # bytes that a messageExpression may say


class Failure(NamedTuple):
    """Something that does not hold, or of which it could not be told. `reason` is that of the refusal."""

    message: str
    reason: str = "Invalid"


class ValidatingAdmissionPolicy(Plugin):
    name = "ValidatingAdmissionPolicy"
    operations = frozenset([CREATE, UPDATE, DELETE])
    subresources = EVERY_SUBRESOURCE

    def validate(self, server: ApiServer, write: Write) -> None:
        """All are asked, so that all can warn; the first that denies is the one that is named."""
        if not server.store.count(BINDINGS):
            return
        about = asked(server, write)
        if is_exempt(about):
            return
        denied = [*_denials(server, write, about)]
        if denied:
            raise _refusal(write, denied[0])


def _denials(server: ApiServer, write: Write, about: Asked) -> Iterator[Failure]:
    bindings = server.store.list(BINDINGS)
    for policy in server.store.list(POLICIES):
        mine = [binding for binding in bindings if binding["spec"]["policyName"] == name_of(policy)]
        meant = matches(server, policy["spec"].get("matchConstraints") or {}, about) if mine else None
        if meant is None:
            continue
        for binding in mine:
            if matches(server, binding["spec"].get("matchResources") or {}, about) is not None:
                yield from _bound(server, write, about, meant, policy, binding)


def _bound(
    server: ApiServer, write: Write, about: Asked, meant: Resource, policy: Object, binding: Object
) -> Iterator[Failure]:
    """What of this policy's failures refuses the request, where this binding binds it."""
    spec, bound = (
        policy["spec"],
        f"ValidatingAdmissionPolicy '{name_of(policy)}' with binding '{name_of(binding)}'",
    )
    strict = spec.get("failurePolicy", "Fail") == "Fail"
    try:
        found = params(server, about, spec, binding["spec"])
    except Misconfigured as why:
        if strict:
            yield Failure(f"{bound} denied request: failed to configure binding: {why}")
        return
    values = _values(server, write, about, meant)
    for param in found:
        for failure in _judged(spec, {**values, "params": param}):
            if isinstance(failure, Failure):
                yield from _act(write, bound, binding, failure)
            elif strict:  # it could not be told
                yield from _act(write, bound, binding, Failure(failure))


def _values(server: ApiServer, write: Write, about: Asked, meant: Resource) -> dict[str, Any]:
    view = View(server, about, meant)
    request = question(write, about, meant, view.of(about.object), view.of(about.old))
    is_namespace = about.resource.qualified == "namespaces"
    return {
        "object": request["object"],
        "oldObject": request["oldObject"],
        "request": {k: v for k, v in request.items() if k not in ("object", "oldObject")},
        "authorizer": authorizer(server, write, about),
        "namespaceObject": None if is_namespace else namespace_of(server, about),
    }


def _act(write: Write, bound: str, binding: Object, failure: Failure) -> Iterator[Failure]:
    """What the binding wants done. (Audit would write it down; nobody keeps a book here.)"""
    actions = binding["spec"].get("validationActions") or ()
    if "Warn" in actions:
        write.warnings.append(f"Validation failed for {bound}: {failure.message}")
    if "Deny" in actions:
        yield Failure(f"{bound} denied request: {failure.message}", failure.reason)


def _refusal(write: Write, failure: Failure) -> ApiError:
    status = forbidden(write, failure.message).status()
    status["details"] = {**status["details"], "causes": [{"message": failure.message}]}
    return from_status({**status, "reason": failure.reason, "code": CODES[failure.reason]})


# --- what does not hold -------------------------------------------------------------------------


def _judged(spec: Object, values: dict[str, Any]) -> Iterator[Failure | str]:
    """Failures, and texts for what could not be told."""
    from k8slearn.api.cel.admission import policy_names  # loaded where it is spoken

    names, broken = policy_names(spec), dict[str, str]()
    values = {**values, "variables": {}}
    held = [_told(c["expression"], names, values, broken) for c in spec.get("matchConditions") or ()]
    if (False,) in held:
        return
    if troubles := [trouble for trouble in held if isinstance(trouble, str)]:
        yield troubles[0] if len(troubles) == 1 else f"[{', '.join(troubles)}]"
        return
    for variable in spec.get("variables") or ():
        found = _value(variable["expression"], names, values, broken)
        if isinstance(found, str):
            broken[variable["name"]] = found
        else:
            values["variables"][variable["name"]] = found[0]
    for validation in spec.get("validations") or ():
        yield from _validated(validation, names, values, broken)
    for note in spec.get("auditAnnotations") or ():
        found = _told(note["valueExpression"], names, values, broken)
        if isinstance(found, str):
            yield found


def _validated(
    validation: Object, names: Names, values: dict[str, Any], broken: dict[str, str]
) -> Iterator[Failure | str]:
    found = _told(validation["expression"], names, values, broken)
    if isinstance(found, str):
        yield found
    elif found[0] is not True:
        said = _message(validation, names, values, broken)
        yield Failure(said, validation.get("reason") or "Invalid")


def _message(validation: Object, names: Names, values: dict[str, Any], broken: dict[str, str]) -> str:
    found = _value(validation.get("messageExpression") or "''", names, values, broken)
    said = found[0].strip() if isinstance(found, tuple) and isinstance(found[0], str) else ""
    if said and "\n" not in said and len(said.encode()) <= LONGEST:
        return said
    own = (validation.get("message") or "").strip()
    return own or f"failed expression: {validation['expression'].strip()}"


def _told(expression: str, names: Names, values: dict[str, Any], broken: dict[str, str]) -> tuple[Any] | str:
    """(the value,), or why there is none, in the words of a refusal."""
    found = _value(expression, names, values, broken)
    return f"expression '{expression}' resulted in error: {found}" if isinstance(found, str) else found


def _value(expression: str, names: Names, values: dict[str, Any], broken: dict[str, str]) -> tuple[Any] | str:
    """(the value,), or why there is none. `broken`: variables without a value, and why they have none."""
    from k8slearn.api import cel  # loaded where it is spoken

    try:
        return (cel.compile(expression, names).evaluate(values),)
    except cel.CelError as error:
        said = str(error)
    missing = said.removeprefix("no such key: ")
    if missing in broken and f"variables.{missing}" in expression:
        return f'composited variable "{missing}" fails to evaluate: {broken[missing]}'
    return said
