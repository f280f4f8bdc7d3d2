"""ValidatingAdmissionPolicy: the cluster's own rules, written in CEL and stored as objects. No program is asked.

A policy says what must hold and of which requests it speaks; it counts where a binding says so, perhaps with
parameters, which are an object of their own. What happens when it does not hold, the binding says, too.

Kubernetes: apiserver/pkg/admission/plugin/policy/validating (dispatcher.go, validator.go, plugin.go)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.api.errors import ApiError, NotFound, from_status
from k8slearn.api.objects import Object, make_key, name_of
from k8slearn.api.requests import Request
from k8slearn.api.selectors import LabelSelector
from k8slearn.apiserver.admission.admissionreview import question
from k8slearn.apiserver.admission.matching import Asked, asked, is_exempt, matches, namespace_of
from k8slearn.apiserver.admission.mutation import View
from k8slearn.apiserver.admission.plugin import CREATE, DELETE, EVERY_SUBRESOURCE, UPDATE, Plugin, forbidden

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

POLICIES, BINDINGS = "validatingadmissionpolicies", "validatingadmissionpolicybindings"
#: What an expression may speak of, each of any type.
NAMES: dict[str, Object | None] = dict.fromkeys(
    ["object", "oldObject", "request", "params", "namespaceObject", "variables"]
)
CODES = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413, "Invalid": 422}
NO_PARAMS = (
    "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
)


class Failure(NamedTuple):
    """Something that does not hold, or of which it could not be told. `reason` is that of the refusal."""

    message: str
    reason: str = "Invalid"


class ValidatingAdmissionPolicy(Plugin):
    name = "ValidatingAdmissionPolicy"
    operations = frozenset([CREATE, UPDATE, DELETE])
    subresources = EVERY_SUBRESOURCE

    def validate(self, server: ApiServer, write: Write) -> None:
        if not server.store.count(BINDINGS):
            return
        about = asked(server, write)
        if is_exempt(about):
            return
        for binding in server.store.list(BINDINGS):
            policy = server.store.get(POLICIES, binding["spec"]["policyName"])
            if policy is not None:
                self._decide(server, write, about, policy, binding)

    def _decide(self, server: ApiServer, write: Write, about: Asked, policy: Object, binding: Object) -> None:
        meant = matches(server, policy["spec"].get("matchConstraints") or {}, about)
        if meant is None or matches(server, binding["spec"].get("matchResources") or {}, about) is None:
            return
        view = View(server, about, meant)
        request = question(write, about, meant, view.of(about.object), view.of(about.old))
        values = {
            "object": request["object"],
            "oldObject": request["oldObject"],
            "request": {k: v for k, v in request.items() if k not in ("object", "oldObject")},
            "namespaceObject": namespace_of(server, about),
        }
        for failure in _failures(server, about, policy, binding, values):
            _act(write, policy, binding, failure)


def _act(write: Write, policy: Object, binding: Object, failure: Failure) -> None:
    """What the binding wants done. (Audit would write it down; nobody keeps a book here.)"""
    who = f"ValidatingAdmissionPolicy '{name_of(policy)}' with binding '{name_of(binding)}'"
    actions = binding["spec"].get("validationActions") or ()
    if "Warn" in actions:
        write.warnings.append(f"Validation failed for {who}: {failure.message}")
    if "Deny" in actions:
        raise _refusal(write, f"{who} denied request: {failure.message}", failure.reason)


def _refusal(write: Write, message: str, reason: str) -> ApiError:
    status = forbidden(write, message).status()
    status["details"] = {**status["details"], "causes": [{"message": message}]}
    return from_status({**status, "reason": reason, "code": CODES[reason]})


# --- what does not hold -------------------------------------------------------------------------


def _failures(
    server: ApiServer, about: Asked, policy: Object, binding: Object, values: dict[str, Any]
) -> Iterator[Failure]:
    spec = policy["spec"]
    strict = spec.get("failurePolicy", "Fail") == "Fail"
    try:
        found = _params(server, about, spec, binding["spec"])
    except LookupError as why:
        if strict:
            yield Failure(str(why))
        return
    for params in found:
        for failure in _judged(spec, {**values, "params": params}):
            if isinstance(failure, Failure):
                yield failure
            elif strict:  # it could not be told
                yield Failure(failure)


def _judged(spec: Object, values: dict[str, Any]) -> Iterator[Failure | str]:
    """Failures, and texts for what could not be told."""
    for condition in spec.get("matchConditions") or ():
        holds = _told(condition["expression"], values)
        if isinstance(holds, str):
            yield holds
            return
        if not holds[0]:
            return
    values["variables"], broken = {}, {}
    for variable in spec.get("variables") or ():
        found = _told(variable["expression"], values)
        if isinstance(found, str):
            broken[variable["name"]] = found
        else:
            values["variables"][variable["name"]] = found[0]
    for validation in spec.get("validations") or ():
        yield from _validated(validation, values, broken)


def _validated(validation: Object, values: dict[str, Any], broken: dict[str, str]) -> Iterator[Failure | str]:
    text = validation["expression"].strip()
    found = _told(text, values)
    if isinstance(found, str):
        yield next((why for name, why in broken.items() if f"variables.{name}" in text), found)
    elif found[0] is not True:
        yield Failure(_message(validation, text, values), validation.get("reason") or "Invalid")


def _message(validation: Object, text: str, values: dict[str, Any]) -> str:
    if expression := validation.get("messageExpression"):
        said = _told(expression, values)
        if not isinstance(said, str) and isinstance(said[0], str) and said[0].strip():
            return said[0].strip()
    return (validation.get("message") or "").strip() or f"failed expression: {text}"


def _told(expression: str, values: dict[str, Any]) -> tuple[Any] | str:
    """(the value,), or why there is none."""
    from k8slearn.api import cel  # loaded where it is spoken

    try:
        return (cel.compile(expression, NAMES).evaluate({"params": None, "variables": {}, **values}),)
    except cel.CelError as error:
        return f"expression '{expression}' resulted in error: {error}"


# --- parameters ---------------------------------------------------------------------------------


def _params(server: ApiServer, about: Asked, spec: Object, binding: Object) -> list[Object | None]:
    """The objects that the rules are asked with, one after the other. Raises LookupError."""
    kind, reference = spec.get("paramKind"), binding.get("paramRef")
    if not kind or not reference:
        return [None]
    found = list(_named(server, about, kind, reference))
    if not found and reference.get("parameterNotFoundAction", "Deny") == "Deny":
        raise LookupError(NO_PARAMS)
    return found  # type: ignore[return-value]


def _named(server: ApiServer, about: Asked, kind: Object, reference: Object) -> Iterator[Object]:
    try:
        resource = server.kinds.of(kind)
    except NotFound:
        said = f"failed to find resource referenced by paramKind: '{kind['apiVersion']}, Kind={kind['kind']}'"
        raise LookupError(said) from None
    home = (reference.get("namespace") or about.namespace) if resource.namespaced else ""
    if reference.get("name"):
        one = server.store.get(resource.name, make_key(home, reference["name"]))
        if one is not None:
            yield one
        return
    selector = LabelSelector.of(reference.get("selector") or {})
    yield from server.select(
        resource, Request("list", resource, home, options={"labelSelector": str(selector)})
    )
