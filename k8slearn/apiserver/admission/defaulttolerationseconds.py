"""DefaultTolerationSeconds: pods stay five minutes on a machine that is not well, unless they say otherwise.

Kubernetes: plugin/pkg/admission/defaulttolerationseconds
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slearn.api.objects import Object
from k8slearn.api.taints import NO_EXECUTE
from k8slearn.apiserver.admission.plugin import Plugin

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
PATIENCE = 300  # seconds


class DefaultTolerationSeconds(Plugin):
    name = "DefaultTolerationSeconds"
    kinds = frozenset(["pods"])

    def admit(self, server: ApiServer, write: Write) -> None:
        spec = write.object["spec"]
        tolerations = spec.get("tolerations") or []
        missing = [taint for taint in TAINTS if not any(_tolerates(t, taint) for t in tolerations)]
        if missing:
            spec["tolerations"] = [*tolerations, *(_toleration(taint) for taint in missing)]


def _tolerates(toleration: Object, taint: str) -> bool:
    return toleration.get("key", "") in ("", taint) and toleration.get("effect", "") in ("", NO_EXECUTE)


def _toleration(taint: str) -> Object:
    return {"key": taint, "operator": "Exists", "effect": NO_EXECUTE, "tolerationSeconds": PATIENCE}
