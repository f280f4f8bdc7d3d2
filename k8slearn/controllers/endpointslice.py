"""Writes down where a Service's traffic may go: the addresses of its ready pods.

A Service is only a name and a selector. Which pods that means just now stands in EndpointSlices, at most
a hundred addresses in each, so that one pod's change does not rewrite a list of thousands.

Kubernetes: pkg/controller/endpointslice (endpointslice_controller.go, reconciler.go)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api.errors import ApiError, NotFound
from k8slearn.api.objects import (
    Key,
    Object,
    dig,
    edit,
    is_deleting,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    oldest_first,
    owner_reference,
    uid_of,
)
from k8slearn.api.requests import NotYet
from k8slearn.api.selectors import LabelSelector
from k8slearn.controllers.pods import is_ready
from k8slearn.machinery import Controller, Done, Expectations
from k8slearn.machinery.informer import Change

PER_SLICE = 100
SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"


class EndpointSliceController(Controller):
    name = "endpointslice-controller"
    room = "controllers"
    primary = "services"
    owns = ("endpointslices",)
    watches = ("pods",)

    def setup(self) -> None:
        self.expectations = Expectations()

    def on_change(self, change: Change) -> None:
        if change.resource == "endpointslices" and change.type == "ADDED":
            for key in self.owners_of(change):
                self.expectations.creation_seen(key)
        super().on_change(change)

    def keys_for(self, change: Change) -> Iterable[Key]:
        if change.resource != "pods":
            return super().keys_for(change)
        services = self.cache.list("services", namespace_of(change.object))
        both = [labels_of(o) for o in (change.old, change.new) if o is not None]
        return [key_of(s) for s in services if any(_selects(s, labels) for labels in both)]

    def reconcile(self, key: Key) -> Done | None:
        service = self.cache.get("services", key)
        if service is None:
            self.expectations.forget(key)
        if service is None or is_deleting(service) or not dig(service, "spec", "selector"):
            return None
        if not self.expectations.satisfied(key, self.clock.now):
            return Done(again_in=self.expectations.left(key, self.clock.now), background=True)
        slices = oldest_first(self.cache.owned_by(service, "endpointslices"))
        pods = [p for p in self.cache.list("pods", namespace_of(service)) if _selects(service, labels_of(p))]
        endpoints = [endpoint(p, service) for p in pods if _has_address(p)]
        ports = _ports(service, pods)
        self._write(service, slices, _shares(slices, endpoints), ports)
        return None

    def _write(
        self, service: Object, slices: list[Object], shares: list[list[Object]], ports: list[Object]
    ) -> None:
        """Make each slice hold its share; one that would be empty goes, unless it is the only one."""
        kept = [i for i, share in enumerate(shares) if share] or [0]
        self._create(service, shares[len(slices) :], ports)
        for i, share in enumerate(shares[: len(slices)]):
            if i not in kept:
                self._delete(slices[i])
            elif (slices[i].get("endpoints") or [], slices[i].get("ports") or []) != (share, ports):
                changed = edit(slices[i])
                changed["endpoints"], changed["ports"] = share, ports
                self.client.update(changed)

    def _create(self, service: Object, shares: list[list[Object]], ports: list[Object]) -> None:
        key = key_of(service)
        self.expectations.expect(key, self.clock.now, creations=len(shares))
        try:
            for share in shares:
                self.client.create(_slice(service, share, ports))
        except (ApiError, NotYet):
            self.expectations.forget(key)
            raise

    def _delete(self, extra: Object) -> None:
        try:
            self.client.delete(extra)
        except NotFound:
            return


def endpoint(pod: Object, service: Object) -> Object:
    """One address, whether it may be sent traffic now, and what the pod is called within a service of its name."""
    serving, terminating = is_ready(pod), is_deleting(pod)
    ready = bool(dig(service, "spec", "publishNotReadyAddresses")) or (serving and not terminating)
    spec = pod["spec"]
    named = spec.get("hostname") and spec.get("subdomain") == name_of(service)
    target = {"kind": "Pod", "namespace": namespace_of(pod), "name": name_of(pod), "uid": uid_of(pod)}
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        **({"hostname": spec["hostname"]} if named else {}),
        "targetRef": target,
        "nodeName": spec["nodeName"],
    }


def _shares(slices: list[Object], endpoints: list[Object]) -> list[list[Object]]:
    """Which endpoints stand in which slice: one stays where it is, a new one goes where there is room."""
    places: dict[str, int] = {}
    for i, known in enumerate(slices):
        for entry in known.get("endpoints") or []:
            places[entry["targetRef"]["uid"]] = i
    shares: list[list[Object]] = [[] for _ in slices] or [[]]
    newcomers: list[Object] = []
    for entry in endpoints:
        at = places.get(entry["targetRef"]["uid"])
        (shares[at] if at is not None else newcomers).append(entry)
    for entry in newcomers:
        room = next((s for s in shares if len(s) < PER_SLICE), None)
        if room is None:
            shares.append(room := [])
        room.append(entry)
    return shares


def _slice(service: Object, endpoints: list[Object], ports: list[Object]) -> Object:
    labels = {
        **labels_of(service),
        SERVICE_NAME: name_of(service),
        MANAGED_BY: "endpointslice-controller.k8s.io",
    }
    metadata = {
        "generateName": f"{name_of(service)}-",
        "namespace": namespace_of(service),
        "labels": labels,
        "ownerReferences": [owner_reference(service)],
    }
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata,
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": ports,
    }


def _ports(service: Object, pods: list[Object]) -> list[Object]:
    """The Service's ports as the pods know them: a targetPort may be the name of a container port."""
    ports = []
    for port in dig(service, "spec", "ports", default=[]):
        target: Any = port.get("targetPort", port["port"])
        number = target if isinstance(target, int) else _named_port(pods, target)
        if number is not None:
            ports.append(
                {"name": port.get("name", ""), "port": number, "protocol": port.get("protocol", "TCP")}
            )
    return ports


def _named_port(pods: list[Object], name: str) -> int | None:
    for pod in pods:
        for container in pod["spec"]["containers"]:
            for port in container.get("ports") or []:
                if port.get("name") == name:
                    return port["containerPort"]
    return None


def _selects(service: Object, labels: Any) -> bool:
    selector = dig(service, "spec", "selector")
    return bool(selector) and LabelSelector.from_set(selector).matches(labels)


def _has_address(pod: Object) -> bool:
    finished = dig(pod, "status", "phase") in ("Succeeded", "Failed")
    return bool(dig(pod, "status", "podIP")) and bool(dig(pod, "spec", "nodeName")) and not finished
