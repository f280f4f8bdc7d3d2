"""Writes the addresses of a Service's pods into one object of its name: what there was before EndpointSlices.

Deprecated since v1.33, and made all the same: old clients read it.

Kubernetes: pkg/controller/endpoint/endpoints_controller.go, pkg/api/v1/endpoints/util.go
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

from k8slearn.api.errors import Forbidden, NotFound
from k8slearn.api.objects import (
    Key,
    Object,
    annotations_of,
    dig,
    edit,
    is_deleting,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)
from k8slearn.api.selectors import LabelSelector
from k8slearn.controllers.pods import condition, is_ready
from k8slearn.machinery import LOOK_AGAIN, Controller, Done
from k8slearn.machinery.informer import Change

MOST = 1000  # addresses in one object
CUT = "endpoints.kubernetes.io/over-capacity"
TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"
OURS = (CUT, TRIGGER)
HEADLESS = "service.kubernetes.io/headless"
MANAGED_BY = {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}

Ports = tuple[tuple[tuple[str, Any], ...], ...]  # of one address, such that they can be compared


class EndpointsController(Controller):
    name = "endpoint-controller"
    room = "controllers"
    primary = "services"
    watches = ("pods", "endpoints")

    def keys_for(self, change: Change) -> Iterable[Key]:
        if change.resource == "services":
            return [key_of(change.object)]
        if change.resource == "endpoints":
            return [key_of(change.object)] if change.new is None else []
        services = self.cache.list("services", namespace_of(change.object))
        both = [labels_of(o) for o in (change.old, change.new) if o is not None]
        return [key_of(s) for s in services if any(_selects(s, labels) for labels in both)]

    def reconcile(self, key: Key) -> Done | None:
        service, known = self.cache.get("services", key), self.cache.get("endpoints", key)
        try:
            if service is None and known is not None:
                self.client.delete(known)
            elif service is not None and dig(service, "spec", "selector") and not is_deleting(service):
                self._write(service, known)
                return LOOK_AGAIN if known is None else None
        except (Forbidden, NotFound):
            return None  # it is gone already, or the namespace is going
        return None

    def _write(self, service: Object, known: Object | None) -> None:
        wanted = self._wanted(service, known)
        if known is None:
            self.client.create(wanted)
            return
        changed = edit(known)
        changed["metadata"]["labels"] = wanted["metadata"]["labels"]
        changed.pop("subsets", None)
        if wanted["subsets"]:
            changed["subsets"] = wanted["subsets"]
        old, new = annotations_of(known), annotations_of(wanted)
        if changed == known and old.get(CUT) == new.get(CUT):
            return
        changed["metadata"]["annotations"] = {**{k: v for k, v in old.items() if k not in OURS}, **new}
        self.client.update(changed)

    def _wanted(self, service: Object, known: Object | None) -> Object:
        pods = [p for p in self.cache.list("pods", namespace_of(service)) if _selects(service, labels_of(p))]
        subsets = _subsets(service, [p for p in pods if _has_address(service, p)])
        headless = {HEADLESS: ""} if dig(service, "spec", "clusterIP") == "None" else {}
        metadata: dict[str, Any] = {"name": name_of(service), "namespace": namespace_of(service)}
        metadata["labels"] = {**labels_of(service), **headless, **MANAGED_BY}
        annotations = {CUT: "truncated"} if _truncate(subsets) else {}
        trigger = _trigger(service, pods, known)
        metadata["annotations"] = annotations | ({TRIGGER: trigger} if trigger else {})
        return {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets}


def _trigger(service: Object, pods: list[Object], known: Object | None) -> str:
    """When that happened which is told of here: the first of the moments that are news."""
    ready = [condition(p, "Ready") for p in pods]
    moments = [c["lastTransitionTime"] for c in ready if c is not None and c.get("lastTransitionTime")]
    moments.append(service["metadata"]["creationTimestamp"])
    before = annotations_of(known).get(TRIGGER, "") if known is not None else ""
    return min((m for m in moments if m > before), default="")


def _subsets(service: Object, pods: list[Object]) -> list[Object]:
    """Addresses with the same ports stand together."""
    found: dict[Ports, Object] = {}
    tolerant = dig(service, "spec", "publishNotReadyAddresses", default=False)
    for pod in sorted(pods, key=lambda p: (ip_address(p["status"]["podIP"]).packed, uid_of(p))):
        ports = tuple(tuple(port.items()) for port in _ports(service, pod))
        if not ports and service["spec"].get("ports"):
            continue
        kind = "addresses" if tolerant or is_ready(pod) else "notReadyAddresses"
        found.setdefault(ports, {}).setdefault(kind, []).append(_address(service, pod))
    return [
        {**addresses, **({"ports": [dict(port) for port in ports]} if ports else {})}
        for ports, addresses in sorted(found.items())
    ]


def _address(service: Object, pod: Object) -> Object:
    target = {"kind": "Pod", "namespace": namespace_of(pod), "name": name_of(pod), "uid": uid_of(pod)}
    address = {"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": target}
    if pod["spec"].get("hostname") and pod["spec"].get("subdomain") == name_of(service):
        address["hostname"] = pod["spec"]["hostname"]
    return address


def _ports(service: Object, pod: Object) -> list[Object]:
    """The Service's ports as this pod knows them; those it does not know are left out."""
    found = []
    for port in dig(service, "spec", "ports", default=[]):
        number = _number(port, pod)
        if number is not None:
            known = {"port": number, "protocol": port.get("protocol", "TCP")}
            named = {k: port[k] for k in ("name", "appProtocol") if port.get(k)}
            found.append({**named, **known})
    return sorted(found, key=lambda p: p.get("name", ""))


def _number(port: Object, pod: Object) -> int | None:
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    containers = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]
    declared = [p for c in containers for p in c.get("ports", ())]
    protocol = port.get("protocol", "TCP")
    fitting = (p for p in declared if (p.get("name"), p.get("protocol", "TCP")) == (target, protocol))
    return next((p["containerPort"] for p in fitting), None)


def _truncate(subsets: list[Object]) -> bool:
    """Keep no more than MOST addresses, the ready ones first."""
    room, cut = MOST, False
    for kind in ("addresses", "notReadyAddresses"):
        for subset in subsets:
            there = subset.get(kind, [])
            cut = cut or len(there) > room
            if there:
                subset[kind] = there[:room]
                room -= len(subset[kind])
    return cut


def _selects(service: Object, labels: Any) -> bool:
    selector = dig(service, "spec", "selector")
    return bool(selector) and LabelSelector.from_set(selector).matches(labels)


def _has_address(service: Object, pod: Object) -> bool:
    """It has one, and has not ended; nor is it going, unless that is wanted all the same."""
    if dig(pod, "status", "phase") in ("Succeeded", "Failed") or not dig(pod, "status", "podIP"):
        return False
    return not is_deleting(pod) or dig(service, "spec", "publishNotReadyAddresses", default=False)
