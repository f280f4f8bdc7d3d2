"""Empties a namespace that is being deleted, and lets it go when nothing is left.

A deleted namespace does not vanish: it holds itself with ``spec.finalizers: [kubernetes]`` until this
controller has deleted everything in it. Objects with finalizers of their own keep it waiting. So does another
API server that cannot be asked: there may be objects of its kinds in the namespace, and nobody could find
them afterwards.

Kubernetes: pkg/controller/namespace/deletion/namespaced_resources_deleter.go
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import NotFound, ServiceUnavailable
from k8slearn.api.objects import Key, Object, dig, is_deleting, key_of, name_of
from k8slearn.controllers.discovery import discovered, emptied
from k8slearn.controllers.pods import condition
from k8slearn.machinery import Controller, Done

#: What may keep a namespace: reason and message when it does not, and when it does.
CONDITIONS = {
    "NamespaceDeletionDiscoveryFailure": (
        "ResourcesDiscovered",
        "All resources successfully discovered",
        "DiscoveryFailed",
        "Discovery failed for some groups, ",
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
    """`aggregated`: there may be other API servers, which have to be asked as well."""

    name = "namespace-controller"
    room = "controllers"
    primary = "namespaces"
    WIRING = Controller.WIRING | {"aggregated"}

    def __init__(self, *, aggregated: bool = False) -> None:
        self.aggregated = aggregated

    def reconcile(self, key: Key) -> Done | None:
        namespace = self.cache.get("namespaces", key)
        if namespace is None or not is_deleting(namespace):
            return None
        if "kubernetes" not in dig(namespace, "spec", "finalizers", default=[]):
            return None
        left = self._empty(name_of(namespace))
        elsewhere, silent = self._empty_elsewhere(name_of(namespace))
        left |= elsewhere
        namespace = self._report(namespace, left, silent)
        if left or silent:
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

    def _empty_elsewhere(self, namespace: str) -> tuple[dict[str, list[Object]], dict[str, str]]:
        """The same of what other API servers have; and which of them cannot be asked, and why."""
        left: dict[str, list[Object]] = {}
        silent: dict[str, str] = {}
        for service in self._others():
            try:
                for kind in discovered(self.client, name_of(service)):
                    which = f"{kind.plural}.{kind.group}"
                    if kind.namespaced and which not in left and {"list", "delete"} <= set(kind.verbs):
                        left[which] = emptied(self.client, kind, namespace)
            except ServiceUnavailable as why:
                silent[f"{service['spec']['group']}/{service['spec']['version']}"] = why.message
        return {kind: objects for kind, objects in left.items() if objects}, silent

    def _others(self) -> list[Object]:
        """The APIServices that hand something on, of each group the preferred version first."""
        if not self.aggregated:
            return []
        found = [a for a in self.client.list("apiservices") if a["spec"].get("service")]
        return sorted(found, key=lambda a: -int(a["spec"]["versionPriority"]))

    def _delete(self, resource: str, key: Key) -> None:
        try:
            self.client.delete(resource, key)
        except NotFound:
            return

    def _report(self, namespace: Object, left: dict[str, list[Object]], silent: dict[str, str]) -> Object:
        """Say in the status what keeps the namespace from going, and what does not."""
        holders: dict[str, int] = {}
        for obj in [o for objs in left.values() for o in objs]:
            for finalizer in dig(obj, "metadata", "finalizers", default=[]):
                holders[finalizer] = holders.get(finalizer, 0) + 1
        counts = [f"{resource} has {len(objs)} resource instances" for resource, objs in sorted(left.items())]
        held = [f"{f} in {n} resource instances" for f, n in sorted(holders.items())]
        troubles = {"NamespaceContentRemaining": counts, "NamespaceFinalizersRemaining": held}
        if silent:
            who = ", ".join(f"{version}: {why}" for version, why in sorted(silent.items()))
            said = f"{len(silent)} failing: unable to retrieve the complete list of server APIs: {who}"
            troubles["NamespaceDeletionDiscoveryFailure"] = [said]
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
