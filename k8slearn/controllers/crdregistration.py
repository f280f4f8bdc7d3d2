"""Gives every version of a defined group an APIService of its own, so that groups of all sorts stand in one
list.

Kubernetes: pkg/controlplane/controller/crdregistration, kube-aggregator/pkg/controllers/autoregister, which
run inside of the API server"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, Object, labels_of
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

AUTOMANAGED = "kube-aggregator.kubernetes.io/automanaged"
GROUP_PRIORITY, VERSION_PRIORITY = (
    1000,
    100,
)  # behind all of Kubernetes' own; clients then order versions by name


class CRDRegistrationController(Controller):
    """Its keys are names of APIServices: VERSION.GROUP."""

    name = "crd-registration-controller"
    room = "controllers"
    primary = "customresourcedefinitions"
    watches = ("apiservices",)

    def keys_for(self, change: Change) -> Iterable[Key]:
        if change.resource == "apiservices":
            return [change.object["metadata"]["name"]]
        return [name for obj in (change.old, change.new) if obj is not None for name in _wanted(obj)]

    def reconcile(self, key: Key) -> Done | None:
        known = self.cache.get("apiservices", key)
        wanted = any(key in _wanted(crd) for crd in self.cache.list("customresourcedefinitions"))
        try:
            if wanted and known is None:
                self.client.create(apiservice(key))
            elif not wanted and known is not None and labels_of(known).get(AUTOMANAGED) == "true":
                self.client.delete("apiservices", key)
        except NotFound:
            return None  # somebody was faster
        return None


def _wanted(crd: Object) -> list[str]:
    """The names of the APIServices for what a definition serves."""
    spec = crd["spec"]
    return [f"{v['name']}.{spec['group']}" for v in spec["versions"] if v.get("served")]


def apiservice(name: str) -> Object:
    version, _, group = name.partition(".")
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": name, "labels": {AUTOMANAGED: "true"}},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": GROUP_PRIORITY,
            "versionPriority": VERSION_PRIORITY,
        },
    }
