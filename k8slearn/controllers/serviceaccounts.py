"""Every namespace has a ServiceAccount called ``default``: who a pod is when it does not say.

Kubernetes: pkg/controller/serviceaccount/serviceaccounts_controller.go
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api.errors import Forbidden, NotFound
from k8slearn.api.objects import Key, dig, key_of, namespace_of
from k8slearn.machinery import LOOK_AGAIN, Controller, Done
from k8slearn.machinery.informer import Change

DEFAULT = "default"


class ServiceAccountsController(Controller):
    name = "service-account-controller"
    room = "controllers"
    primary = "namespaces"
    watches = ("serviceaccounts",)

    def keys_for(self, change: Change) -> Iterable[Key]:
        """The namespace; also when an account in it has gone."""
        if change.resource == "namespaces":
            return [key_of(change.object)]
        return [namespace_of(change.object)] if change.new is None else []

    def reconcile(self, key: Key) -> Done | None:
        namespace = self.cache.get("namespaces", key)
        if namespace is None or dig(namespace, "status", "phase") != "Active":
            return None
        if self.cache.get("serviceaccounts", f"{key}/{DEFAULT}") is None:
            self._create(key)
            return LOOK_AGAIN
        return None

    def _create(self, namespace: str) -> None:
        """Raises AlreadyExists: what the cache has not heard of may be gone by the time it does. Then try again."""
        metadata = {"name": DEFAULT, "namespace": namespace}
        try:
            self.client.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
        except (Forbidden, NotFound):
            return  # the namespace is going, or gone
