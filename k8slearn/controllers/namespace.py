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
from k8slearn.controllers.pods import condition
from k8slearn.machinery import Controller, Done

#: What may keep a namespace: reason and message when it does not, and when it does.
CONDITIONS = {
    "NamespaceDeletionDiscoveryFailure": (
        "ResourcesDiscovered",
        "All resources successfully discovered",
        "DiscoveryFailed",
        "Discovery failed for some groups: ",
    ),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
        "GroupVersionParsingFailed",
        "",
    ),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
        "ContentDeletionFailed",
        "",
    ),
    "NamespaceContentRemaining": (
        "ContentRemoved",
        "All content successfully removed",
        "SomeResourcesRemain",
        "Some resources are remaining: ",
    ),
    "NamespaceFinalizersRemaining": (
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
        "SomeFinalizersRemain",
        "Some content in the namespace has finalizers remaining: ",
    ),
}

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
        namespace = self._report(namespace, left)
        if left:
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
                left[f"{resource.plural}.{resource.group}"] = list(remaining)
        return left

    def _delete(self, resource: str, key: Key) -> None:
        try:
            self.client.delete(resource, key)
        except NotFound:
            return

    def _report(self, namespace: Object, left: dict[str, list[Object]]) -> Object:
        """Say in the status what keeps the namespace from going, and what does not."""
        holders: dict[str, int] = {}
        for obj in [o for objs in left.values() for o in objs]:
            for finalizer in dig(obj, "metadata", "finalizers", default=[]):
                holders[finalizer] = holders.get(finalizer, 0) + 1
        counts = [f"{resource} has {len(objs)} resource instances" for resource, objs in sorted(left.items())]
        held = [f"{f} in {n} resource instances" for f, n in sorted(holders.items())]
        troubles = {"NamespaceContentRemaining": counts, "NamespaceFinalizersRemaining": held}
        conditions = [self._condition(namespace, kind, troubles.get(kind, [])) for kind in CONDITIONS]
        known = dig(namespace, "status", "conditions", default=[])
        others = [c for c in known if c["type"] not in CONDITIONS]
        if [*others, *conditions] == known:
            return namespace
        return self.client.update_status(namespace, conditions=[*others, *conditions])

    def _condition(self, namespace: Object, kind: str, trouble: list[str]) -> dict[str, Any]:
        row = CONDITIONS[kind]
        reason, message = (row[2], row[3] + ", ".join(trouble)) if trouble else row[:2]
        status, old = "True" if trouble else "False", condition(namespace, kind)
        same = old is not None and old["status"] == status
        since = old["lastTransitionTime"] if old is not None and same else timestamp(self.clock.now)
        fresh = {"type": kind, "status": status, "lastTransitionTime": since}
        return {**fresh, "reason": reason, "message": message}
