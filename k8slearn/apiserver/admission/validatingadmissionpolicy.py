"""ValidatingAdmissionPolicy: the cluster's own rules, written in CEL and stored as objects. No program is asked.

A policy says what must hold and of which requests it speaks; it counts where a binding says so, perhaps with
parameters, which are an object of their own. What happens when it does not hold, the binding says, too.

Kubernetes: apiserver/pkg/admission/plugin/policy/validating (dispatcher.go, validator.go, plugin.go)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from k8slearn.api.errors import ApiError, from_status
from k8slearn.api.objects import Object, name_of
from k8slearn.apiserver.admission.matching import Asked, asked, is_exempt
from k8slearn.apiserver.admission.plugin import CREATE, DELETE, EVERY_SUBRESOURCE, UPDATE, Plugin, forbidden
from k8slearn.apiserver.admission.policyexpressions import Bound, Expressions, bound, values_of
from k8slearn.apiserver.admission.policyparams import Misconfigured, params

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

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
        if not server.store.objects(BINDINGS):
            return
        about = asked(server, write)
        if is_exempt(about):
            return
        denied = [*_denials(server, write, about)]
        if denied:
            raise _refusal(write, denied[0])


def _denials(server: ApiServer, write: Write, about: Asked) -> Iterator[Failure]:
    for one in bound(server, POLICIES, BINDINGS, about):
        yield from _bound(server, write, about, one)


def _bound(server: ApiServer, write: Write, about: Asked, one: Bound) -> Iterator[Failure]:
    """What of this policy's failures refuses the request, where this binding binds it."""
    spec, binding = one.spec, one.binding
    title = f"ValidatingAdmissionPolicy '{name_of(one.policy)}' with binding '{name_of(binding)}'"
    try:
        found = params(server, about, spec, binding["spec"])
    except Misconfigured as why:
        if one.strict:
            yield Failure(f"{title} denied request: failed to configure binding: {why}")
        return
    values = values_of(server, write, about, one.meant)
    for param in found:
        for failure in _judged(Expressions(spec, {**values, "params": param})):
            if isinstance(failure, Failure):
                yield from _act(write, title, binding, failure)
            elif one.strict:  # it could not be told
                yield from _act(write, title, binding, Failure(failure))


def _act(write: Write, title: str, binding: Object, failure: Failure) -> Iterator[Failure]:
    """What the binding wants done. (Audit would write it down; nobody keeps a book here.)"""
    actions = binding["spec"].get("validationActions") or ()
    if "Warn" in actions:
        write.warnings.append(f"Validation failed for {title}: {failure.message}")
    if "Deny" in actions:
        yield Failure(f"{title} denied request: {failure.message}", failure.reason)


def _refusal(write: Write, failure: Failure) -> ApiError:
    status = forbidden(write, failure.message).status()
    status["details"] = {**status["details"], "causes": [{"message": failure.message}]}
    return from_status({**status, "reason": failure.reason, "code": CODES[failure.reason]})


# --- what does not hold -------------------------------------------------------------------------


def _judged(expressions: Expressions) -> Iterator[Failure | str]:
    """Failures, and texts for what could not be told."""
    held = expressions.hold()
    if isinstance(held, str):
        yield held
    if held is not True:
        return
    expressions.bind_variables()
    for validation in expressions.spec.get("validations") or ():
        yield from _validated(validation, expressions)
    for note in expressions.spec.get("auditAnnotations") or ():
        found = expressions.told(note["valueExpression"])
        if isinstance(found, str):
            yield found


def _validated(validation: Object, expressions: Expressions) -> Iterator[Failure | str]:
    found = expressions.told(validation["expression"])
    if isinstance(found, str):
        yield found
    elif found[0] is not True:
        yield Failure(_message(validation, expressions), validation.get("reason") or "Invalid")


def _message(validation: Object, expressions: Expressions) -> str:
    found = expressions.value(validation.get("messageExpression") or "''")
    said = found[0].strip() if isinstance(found, tuple) and isinstance(found[0], str) else ""
    if said and "\n" not in said and len(said.encode()) <= LONGEST:
        return said
    own = (validation.get("message") or "").strip()
    return own or f"failed expression: {validation['expression'].strip()}"
