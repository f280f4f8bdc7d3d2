"""matchConditions: expressions in CEL that say more precisely about what a webhook wants to be asked.

Kubernetes: apiserver/pkg/admission/plugin/webhook/matchconditions/matcher.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8slearn.api.objects import Object

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

VARIABLES: dict[str, Object | None] = dict.fromkeys(["object", "oldObject", "request"])  # of any type


def hold(server: ApiServer, write: Write, webhook: Object, request: Object) -> bool | str:
    """Do all conditions hold? One that does not decides it; what cannot be told is a text that says why."""
    conditions = webhook.get("matchConditions") or ()
    found = [evaluated(c["expression"], request) for c in conditions]
    if False in found:
        return False
    problems = list(dict.fromkeys(p for p in found if isinstance(p, str)))
    if not problems:
        return True
    if webhook.get("failurePolicy", "Fail") == "Ignore":
        return False
    return problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"


def evaluated(expression: str, request: Object) -> bool | str:
    """What it says of this AdmissionRequest, or why it says nothing."""
    from k8slearn.api import cel  # 100 ms that most programs never need

    variables: dict[str, Any] = {
        "object": request["object"],
        "oldObject": request["oldObject"],
        "request": {k: v for k, v in request.items() if k not in ("object", "oldObject")},
    }
    try:
        return bool(cel.compile(expression, VARIABLES).evaluate(variables))
    except cel.CelError as error:
        return f"expression '{expression}' resulted in error: {error}"
