"""Puts the certificate that the API server is known by into every namespace, for pods to trust.

Kubernetes: pkg/controller/certificates/rootcacertpublisher/publisher.go
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api.errors import Forbidden, NotFound
from k8slearn.api.objects import Key, Object, dig, key_of, name_of, namespace_of
from k8slearn.machinery import LOOK_AGAIN, Controller, Done
from k8slearn.machinery.informer import Change

NAME = "kube-root-ca.crt"
DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such "
    "as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across "
    "distributions of Kubernetes clusters."
)


class RootCACertPublisher(Controller):
    """`certificate` is the text of ca.crt, in PEM."""

    name = "root-ca-cert-publisher"
    room = "controllers"
    primary = "namespaces"
    watches = ("configmaps",)
    WIRING = Controller.WIRING | {"certificate"}

    def __init__(self, certificate: str = "") -> None:
        self.certificate = certificate

    def keys_for(self, change: Change) -> Iterable[Key]:
        if change.resource == "namespaces":
            return [key_of(change.object)]
        changed = change.type != "ADDED" and name_of(change.object) == NAME
        return [namespace_of(change.object)] if changed else []

    def reconcile(self, key: Key) -> Done | None:
        namespace = self.cache.get("namespaces", key)
        if namespace is None or dig(namespace, "status", "phase") != "Active":
            return None
        known, wanted = self.cache.get("configmaps", f"{key}/{NAME}"), {"ca.crt": self.certificate}
        try:
            if known is None:
                self.client.create(self._configmap(key))
                return LOOK_AGAIN
            if known.get("data") != wanted:
                self.client.update({**known, "data": wanted})
        except (Forbidden, NotFound):
            return None  # it is gone already, or the namespace is going
        return None

    def _configmap(self, namespace: str) -> Object:
        annotations = {"kubernetes.io/description": DESCRIPTION}
        metadata = {"name": NAME, "namespace": namespace, "annotations": annotations}
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "data": {"ca.crt": self.certificate},
        }
