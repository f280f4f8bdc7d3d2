"""Empties a namespace that is being deleted, and lets it go when nothing is left.

A deleted namespace does not vanish: it holds itself with ``spec.finalizers: [kubernetes]`` until this
controller has deleted everything in it. Objects with finalizers of their own keep it waiting.

Kubernetes: pkg/controller/namespace/deletion/namespaced_resources_deleter.go
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, Object, dig, is_deleting, key_of, name_of
from k8slearn.machinery import Controller, Done

RETRY = 1.0  # seconds between two looks while something is still there


class NamespaceController(Controller):
    name = "namespace-controller"
    room = "controllers"
    primary = "namespaces"

    def reconcile(self, key: Key) -> Done | None:
        namespace = self.cache.get("namespaces", key)
        if namespace is None or not is_deleting(namespace):
            return None
        if "kubernetes" not in dig(namespace, "spec", "finalizers", default=[]):
            return None
        left = self._empty(name_of(namespace))
        if left:
            self._report(namespace, left)
            return Done(again_in=RETRY)
        finalizers = [f for f in namespace["spec"]["finalizers"] if f != "kubernetes"]
        self.client.finalize({**namespace, "spec": {"finalizers": finalizers}})
        return None

    def _empty(self, namespace: str) -> dict[str, list[Object]]:
        """Ask for the deletion of everything; returns what is still there afterwards, by resource."""
        left = {}
        for resource in [r for r in self.client.kinds.kept() if r.namespaced]:
            for obj in self.client.list(resource.name, namespace):
                if not is_deleting(obj):
                    self._delete(resource.name, key_of(obj))
            remaining = self.client.list(resource.name, namespace)
            if remaining:
                left[resource.qualified] = list(remaining)
        return left

    def _delete(self, resource: str, key: Key) -> None:
        try:
            self.client.delete(resource, key)
        except NotFound:
            return

    def _report(self, namespace: Object, left: dict[str, list[Object]]) -> None:
        """Say in the status what keeps the namespace from going."""
        counts = ", ".join(
            f"{resource} has {len(objs)} resource instances" for resource, objs in left.items()
        )
        holders: dict[str, int] = {}
        for obj in [o for objs in left.values() for o in objs]:
            for finalizer in dig(obj, "metadata", "finalizers", default=[]):
                holders[finalizer] = holders.get(finalizer, 0) + 1
        conditions = [
            self._condition(
                namespace,
                "NamespaceContentRemaining",
                "SomeResourcesRemain",
                f"Some resources are remaining: {counts}",
            )
        ]
        if holders:
            listed = ", ".join(f"{f} in {n} resource instances" for f, n in sorted(holders.items()))
            message = f"Some content in the namespace has finalizers remaining: {listed}"
            conditions.append(
                self._condition(namespace, "NamespaceFinalizersRemaining", "SomeFinalizersRemain", message)
            )
        if conditions != dig(namespace, "status", "conditions", default=[]):
            self.client.update_status(namespace, conditions=conditions)

    def _condition(self, namespace: Object, kind: str, reason: str, message: str) -> dict[str, Any]:
        known = dig(namespace, "status", "conditions", default=[])
        old = next((c for c in known if c["type"] == kind), None)
        since = old["lastTransitionTime"] if old else timestamp(self.clock.now)
        return {
            "type": kind,
            "status": "True",
            "lastTransitionTime": since,
            "reason": reason,
            "message": message,
        }
