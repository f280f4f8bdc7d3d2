"""The rules of a Service. `addresses` has those of its IP addresses.

Kubernetes: pkg/apis/core/validation/validation.go (ValidateService, ValidateServiceUpdate)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, duplicate, forbidden, invalid, required
from k8slearn.api.objects import Object, dig
from k8slearn.apiserver.services import (
    is_headless,
    is_load_balancer,
    is_reached_from_outside,
    needs_address,
    needs_health_check,
)
from k8slearn.apiserver.validation.addresses import address, cidr, cluster_ips, keeps_addresses, ordinary
from k8slearn.apiserver.validation.shapes import (
    Check,
    Each,
    OneOf,
    Shape,
    Spelt,
    dns_label,
    labels,
    port,
    port_or_name,
    repeated,
)

Spec = dict[str, Any]
TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
PROTOCOL = OneOf("TCP", "UDP", "SCTP")
KUBELET_PORT = 10250
A_DAY = 86400

# --- ports ----------------------------------------------------------------------------------------


def _ports(spec: Spec, path: str) -> Iterable[FieldError]:
    ports = list(spec.get("ports") or ())
    if not ports and not is_headless(spec) and spec.get("type") != "ExternalName":
        yield required(f"{path}.ports")
    if len(ports) > 1:
        yield from (required(f"{path}.ports[{i}].name") for i, p in enumerate(ports) if not p.get("name"))
    yield from repeated(ports, f"{path}.ports", "name")
    yield from _doors(ports, f"{path}.ports")


def _doors(ports: list[Spec], path: str) -> Iterable[FieldError]:
    """One number can lead to one place only, per protocol: in the cluster, and on the nodes."""
    seen: set[tuple[str, str, int]] = set()
    for i, found in enumerate(ports):
        inside = ("port", found.get("protocol", ""), found.get("port", 0))
        outside = ("nodePort", found.get("protocol", ""), found.get("nodePort", 0))
        if inside in seen:
            names = {"Name": "", "Protocol": inside[1], "AppProtocol": None, "Port": inside[2]}
            yield duplicate(f"{path}[{i}]", {**names, "TargetPort": 0, "NodePort": 0})
        if outside[2] and outside in seen:
            yield duplicate(f"{path}[{i}].nodePort", outside[2])
        seen |= {inside, outside}


_PORT = Shape(
    {
        "name": dns_label,
        "port": port,
        "targetPort": port_or_name,
        "protocol": PROTOCOL,
        "appProtocol": Spelt(formats.qualified_name),
    }
)

# --- what a type may have ---------------------------------------------------------------------------


def _type(spec: Spec, path: str) -> Iterable[FieldError]:
    kind = spec.get("type", "")
    if kind == "ExternalName":
        yield from _external_name(spec, path)
    if kind in ("LoadBalancer", "NodePort") and is_headless(spec):
        yield invalid(f"{path}.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services")
    for i, found in enumerate(spec.get("ports") or ()):
        if kind == "LoadBalancer" and found.get("port") == KUBELET_PORT:
            detail = f"may not expose port {KUBELET_PORT} externally since it is used by kubelet"
            yield invalid(f"{path}.ports[{i}]", KUBELET_PORT, detail)
        if kind == "ClusterIP" and found.get("nodePort"):
            yield forbidden(f"{path}.ports[{i}].nodePort", "may not be used when `type` is 'ClusterIP'")


def _external_name(spec: Spec, path: str) -> Iterable[FieldError]:
    for field in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec.get(field):
            yield forbidden(f"{path}.{field}", "may not be set for ExternalName services")
    name = spec.get("externalName", "").removesuffix(".")
    yield from [] if name else [required(f"{path}.externalName")]
    yield from Spelt(formats.dns_subdomain)(name, f"{path}.externalName")


def _balanced(spec: Spec, path: str) -> Iterable[FieldError]:
    """Fields for load balancers only."""
    if is_load_balancer(spec):
        return
    for field in ("loadBalancerSourceRanges", "allocateLoadBalancerNodePorts", "loadBalancerClass"):
        if spec.get(field) not in (None, []):
            yield forbidden(f"{path}.{field}", "may only be used when `type` is 'LoadBalancer'")


# --- policies ---------------------------------------------------------------------------------------


def _affinity(spec: Spec, path: str) -> Iterable[FieldError]:
    kind, config = spec.get("sessionAffinity"), spec.get("sessionAffinityConfig")
    if kind == "None" and config is not None:
        detail = "must not be set when session affinity is None"
        yield forbidden(f"{path}.sessionAffinityConfig", detail)
    seconds = dig(config, "clientIP", "timeoutSeconds")
    if kind == "ClientIP" and seconds is not None and not 0 < seconds <= A_DAY:
        where = f"{path}.sessionAffinityConfig.clientIP.timeoutSeconds"
        yield invalid(where, seconds, f"must be greater than 0 and less than {A_DAY}")


_POLICY = OneOf("Cluster", "Local")


def _traffic(spec: Spec, path: str) -> Iterable[FieldError]:
    outside, where = spec.get("externalTrafficPolicy", ""), f"{path}.externalTrafficPolicy"
    if is_reached_from_outside(spec):
        yield from _POLICY(outside, where) if outside else [required(where)]
    elif outside:
        yield invalid(where, outside, "may only be set for externally-accessible services")
    if spec.get("internalTrafficPolicy"):
        yield from _POLICY(spec["internalTrafficPolicy"], f"{path}.internalTrafficPolicy")
    number = spec.get("healthCheckNodePort", 0)
    if number and not needs_health_check(spec):
        detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        yield invalid(f"{path}.healthCheckNodePort", number, detail)
    elif number:
        yield from port(number, f"{path}.healthCheckNodePort")


_SERVICE = Shape(
    {
        "ports": Each(_PORT),
        "type": OneOf(*TYPES),
        "selector": labels,
        "externalIPs": Each(ordinary),
        "sessionAffinity": OneOf("None", "ClientIP"),
        "loadBalancerSourceRanges": Each(cidr),
        "loadBalancerClass": Spelt(formats.qualified_name),
        "trafficDistribution": OneOf("PreferClose", "PreferSameZone", "PreferSameNode"),
    },
    also=(_ports, _type, _balanced, _affinity, _traffic, cluster_ips),
)

# --- what may not change ----------------------------------------------------------------------------


def check_update(new: Object, old: Object) -> Iterable[FieldError]:
    """A Service keeps its address while it has one, and its load balancer."""
    a, b = new["spec"], old["spec"]
    if needs_address(a) and needs_address(b):
        yield from keeps_addresses(a, b)
    if (
        is_load_balancer(a)
        and is_load_balancer(b)
        and a.get("loadBalancerClass") != b.get("loadBalancerClass")
    ):
        yield invalid("spec.loadBalancerClass", a.get("loadBalancerClass"), "may not change once set")


_INGRESS = Shape({"ip": address, "hostname": Spelt(formats.dns_subdomain)})
STATUS = Shape({"loadBalancer": Shape({"ingress": Each(_INGRESS)})})
KINDS: dict[str, Check] = {"Service": Shape({"spec": _SERVICE})}
