"""What the two kinds of admission policies have in common: where they are bound, and how their expressions are asked.

Kubernetes: apiserver/pkg/admission/plugin/policy/generic, apiserver/pkg/admission/plugin/cel (composition.go)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, name_of
from k8slearn.apiserver.admission.admissionreview import question
from k8slearn.apiserver.admission.authorizing import authorizer
from k8slearn.apiserver.admission.matching import Asked, matches, namespace_of
from k8slearn.apiserver.admission.mutation import View

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

Found = tuple[Any] | str  # (a value,), or why there is none


class Bound(NamedTuple):
    """A policy that speaks of a request, and the binding that says so. `meant`: in which version it sees it."""

    policy: Object
    binding: Object
    meant: Resource

    @property
    def spec(self) -> Object:
        found: Object = self.policy["spec"]
        return found

    @property
    def strict(self) -> bool:
        return self.spec.get("failurePolicy", "Fail") == "Fail"


def bound(server: ApiServer, policies: str, bindings: str, about: Asked) -> Iterator[Bound]:
    """By the names of the policies, then of the bindings."""
    all_bindings = server.store.list(bindings)
    for policy in server.store.list(policies):
        mine = [binding for binding in all_bindings if binding["spec"]["policyName"] == name_of(policy)]
        meant = matches(server, policy["spec"].get("matchConstraints") or {}, about) if mine else None
        if meant is None:
            continue
        for binding in mine:
            if matches(server, binding["spec"].get("matchResources") or {}, about) is not None:
                yield Bound(policy, binding, meant)


def values_of(server: ApiServer, write: Write, about: Asked, meant: Resource) -> dict[str, Any]:
    """What expressions may speak of, besides `params` and `variables`."""
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


class Expressions:
    """Those of one policy, asked about one request."""

    def __init__(self, spec: Object, values: dict[str, Any]) -> None:
        from k8slearn.api.cel.admission import policy_names  # loaded where it is spoken

        self.spec, self.names = spec, policy_names(spec)
        self.values = {**values, "variables": {}}
        self.broken: dict[str, str] = {}  # variables without a value, and why they have none

    def hold(self) -> bool | str:
        """Do all matchConditions hold? One that does not decides it; what cannot be told is a text that says why."""
        held = [self.told(c["expression"]) for c in self.spec.get("matchConditions") or ()]
        if (False,) in held:
            return False
        troubles = [trouble for trouble in held if isinstance(trouble, str)]
        if not troubles:
            return True
        return troubles[0] if len(troubles) == 1 else f"[{', '.join(troubles)}]"

    def bind_variables(self) -> None:
        for variable in self.spec.get("variables") or ():
            found = self.value(variable["expression"])
            if isinstance(found, str):
                self.broken[variable["name"]] = found
            else:
                self.values["variables"][variable["name"]] = found[0]

    def told(self, expression: str) -> Found:
        """Its value, or why it has none, in the words of a refusal."""
        found = self.value(expression)
        return f"expression '{expression}' resulted in error: {found}" if isinstance(found, str) else found

    def value(self, expression: str) -> Found:
        from k8slearn.api import cel  # loaded where it is spoken

        try:
            return (cel.compile(expression, self.names).evaluate(self.values),)
        except cel.CelError as error:
            said = str(error)
        missing = said.removeprefix("no such key: ")
        if missing in self.broken and f"variables.{missing}" in expression:
            return f'composited variable "{missing}" fails to evaluate: {self.broken[missing]}'
        return said
