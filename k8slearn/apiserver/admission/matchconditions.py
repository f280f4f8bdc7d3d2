"""matchConditions: expressions in CEL that say more precisely about what a webhook wants to be asked.

Kubernetes: apiserver/pkg/admission/plugin/webhook/matchconditions/matcher.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8slearn.api.objects import Object
from k8slearn.apiserver.admission.authorizing import authorizer
from k8slearn.apiserver.admission.matching import asked

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer


def hold(server: ApiServer, write: Write, webhook: Object, request: Object) -> bool | str:
    """Do all conditions hold? One that does not decides it; what cannot be told is a text that says why."""
    conditions = webhook.get("matchConditions") or ()
    if not conditions:
        return True
    values = _values(server, write, request)
    found = [evaluated(c["expression"], values) for c in conditions]
    if False in found:
        return False
    problems = list(dict.fromkeys(p for p in found if isinstance(p, str)))
    if not problems:
        return True
    if webhook.get("failurePolicy", "Fail") == "Ignore":
        return False
    return problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"


def _values(server: ApiServer, write: Write, request: Object) -> dict[str, Any]:
    return {
        "object": request["object"],
        "oldObject": request["oldObject"],
        "request": {k: v for k, v in request.items() if k not in ("object", "oldObject")},
        "namespaceObject": None,
        "authorizer": authorizer(server, write, asked(server, write)),
    }


def evaluated(expression: str, values: dict[str, Any]) -> bool | str:
    """What it says of these values, or why it says nothing."""
    from k8slearn.api import cel  # 100 ms that most programs never need
    from k8slearn.api.cel.admission import NAMES

    try:
        return bool(cel.compile(expression, NAMES).evaluate(values))
    except cel.CelError as error:
        return f"expression '{expression}' resulted in error: {error}"
