"""A Service changes its mind: which of its addresses and ports it keeps, and which it lets go.

Who replaces a Service without naming what the server has allotted keeps it (`_patch_allotted`). Who changes
the type lets go of what the new type has no use for, as long as he does not touch it himself
(`_drop_what_the_type_cannot_have`). What is new is allotted afterwards, in `allocation`.

Kubernetes: pkg/registry/core/service/strategy.go and storage/storage.go (patchAllocatedValues)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slearn.api.objects import Object

Spec = dict[str, Any]

WITH_ADDRESS = ("ClusterIP", "NodePort", "LoadBalancer")


def needs_address(spec: Spec) -> bool:
    return spec.get("type") in WITH_ADDRESS


def is_load_balancer(spec: Spec) -> bool:
    return spec.get("type") == "LoadBalancer"


def needs_node_ports(spec: Spec) -> bool:
    if is_load_balancer(spec):
        return bool(spec.get("allocateLoadBalancerNodePorts", True))
    return spec.get("type") == "NodePort"


def needs_health_check(spec: Spec) -> bool:
    return is_load_balancer(spec) and spec.get("externalTrafficPolicy") == "Local"


def is_reached_from_outside(spec: Spec) -> bool:
    """Kubernetes: ExternallyAccessible"""
    outside = bool(spec.get("externalIPs")) and spec.get("type") == "ClusterIP"
    return spec.get("type") in ("NodePort", "LoadBalancer") or outside


def is_headless(spec: Spec) -> bool:
    return spec.get("clusterIP") == "None"


# Fields that only some types have, and which.
OF_TYPE: dict[str, Callable[[Spec], bool]] = {
    "clusterIP": needs_address,
    "clusterIPs": needs_address,
    "ipFamilies": needs_address,
    "ipFamilyPolicy": needs_address,
    "internalTrafficPolicy": needs_address,
    "externalTrafficPolicy": is_reached_from_outside,
    "healthCheckNodePort": needs_health_check,
    "allocateLoadBalancerNodePorts": is_load_balancer,
    "loadBalancerClass": is_load_balancer,
}


def prepare_create(service: Object) -> None:
    """Who names one address means a list of one."""
    spec = service.get("spec") or {}
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]


def prepare_update(service: Object, old: Object) -> None:
    """`service` is on its way to take the place of `old`."""
    spec, before = service["spec"], old["spec"]
    _patch_allotted(spec, before)
    _one_address_or_many(spec, before)
    _drop_what_the_type_cannot_have(spec, before)


def _patch_allotted(spec: Spec, before: Spec) -> None:
    if needs_address(before) and needs_address(spec):
        if not spec.get("clusterIP") and before.get("clusterIP"):
            spec["clusterIP"] = before["clusterIP"]
        if not spec.get("clusterIPs") and spec.get("clusterIP") == before.get("clusterIP"):
            spec["clusterIPs"] = list(before.get("clusterIPs") or ())
    if needs_node_ports(before) and needs_node_ports(spec):
        _patch_node_ports(spec.get("ports") or [], before.get("ports") or [])
    if needs_health_check(before) and needs_health_check(spec) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = before.get("healthCheckNodePort", 0)


def _patch_node_ports(ports: list[Spec], before: list[Spec]) -> None:
    """A port of the same name keeps its number, unless that is now another's."""
    had = {p.get("name", ""): p["nodePort"] for p in before if p.get("nodePort")}
    used = {p["nodePort"] for p in ports if p.get("nodePort")} & set(had.values())
    for port in ports:
        number = had.get(port.get("name", ""))
        if number and not port.get("nodePort") and number not in used:
            port["nodePort"] = number


def _one_address_or_many(spec: Spec, before: Spec) -> None:
    """``clusterIP`` and ``clusterIPs`` say the same thing twice; old clients only know the first."""
    same_list = (spec.get("clusterIPs") or []) == (before.get("clusterIPs") or [])
    if spec.get("clusterIP", "") == before.get("clusterIP", "") or not same_list:
        return
    if spec.get("clusterIP"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    else:
        spec.pop("clusterIPs", None)


def _drop_what_the_type_cannot_have(spec: Spec, before: Spec) -> None:
    for field, wanted in OF_TYPE.items():
        if wanted(before) and not wanted(spec) and spec.get(field) == before.get(field):
            spec.pop(field, None)
    numbers = [[p.get("nodePort") for p in s.get("ports") or ()] for s in (spec, before)]
    if needs_node_ports(before) and not needs_node_ports(spec) and numbers[0] == numbers[1]:
        for port in spec.get("ports") or ():
            port.pop("nodePort", None)
