"""TaintNodesByCondition: a new machine takes no pods until somebody has found it ready.

Kubernetes: plugin/pkg/admission/nodetaint
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slearn.api.taints import NO_SCHEDULE, taints_of
from k8slearn.apiserver.admission.plugin import CREATE, Plugin

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": NO_SCHEDULE}


class TaintNodesByCondition(Plugin):
    name = "TaintNodesByCondition"
    kinds = frozenset(["nodes"])
    operations = frozenset([CREATE])

    def admit(self, server: ApiServer, write: Write) -> None:
        present = taints_of(write.object)
        if not any({"key": t.get("key"), "effect": t.get("effect")} == NOT_READY for t in present):
            write.object.setdefault("spec", {})["taints"] = [*present, {**NOT_READY}]
