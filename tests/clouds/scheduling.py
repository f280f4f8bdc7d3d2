"""What the scheduler writes into the claims of a pod when it has chosen a node, where our scheduler does not yet."""

from __future__ import annotations

from k8slearn.api.claims import claims_of
from k8slearn.api.objects import Key, annotations_of, dig
from k8slearn.controllers.persistentvolumes import SELECTED_NODE
from k8slearn.machinery import Controller, Done


class Selector(Controller):
    """Does nothing where the scheduler has said it before."""

    name = "selector"
    room = "scheduler"
    primary = "pods"
    watches = ("persistentvolumeclaims",)

    def reconcile(self, key: Key) -> Done | None:
        pod = self.cache.get("pods", key)
        node = dig(pod, "spec", "nodeName")
        for claim in claims_of(pod) if pod is not None and node else []:
            found = self.cache.get("persistentvolumeclaims", claim)
            if found and not dig(found, "spec", "volumeName") and SELECTED_NODE not in annotations_of(found):
                noted = {"metadata": {"annotations": {SELECTED_NODE: node}}}
                self.client.patch("persistentvolumeclaims", claim, patch=noted)
        return None
