"""PodTopologyLabels: a pod learns from its labels in which zone and region its machine stands.

Kubernetes: plugin/pkg/admission/podtopologylabels
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slearn.api.objects import dig, labels_of
from k8slearn.apiserver.admission.plugin import CREATE, Plugin

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

TOPOLOGY = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


class PodTopologyLabels(Plugin):
    """Looks at a pod that is born on a machine, and at the order that puts one there."""

    name = "PodTopologyLabels"
    kinds = frozenset(["pods"])
    operations = frozenset([CREATE])
    subresources = frozenset(["", "binding"])

    def admit(self, server: ApiServer, write: Write) -> None:
        where = ("target", "name") if write.request.subresource else ("spec", "nodeName")
        node = server.store.get("nodes", dig(write.object, *where, default=""))
        found = {k: v for k, v in labels_of(node or {}).items() if k in TOPOLOGY}
        if found:
            m = write.object["metadata"]
            m["labels"] = {**(m.get("labels") or {}), **found}
