"""The rules of a Service.

Kubernetes: pkg/apis/core/validation/validation.go (ValidateService)
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, duplicate, forbidden, invalid, required
from k8slearn.apiserver.validation.shapes import (
    Between,
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


def is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def _address(text: str, path: str) -> Iterable[FieldError]:
    if not is_address(text):
        yield invalid(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")


# --- Service --------------------------------------------------------------------------------------


def _ports(spec: Spec, path: str) -> Iterable[FieldError]:
    ports = spec.get("ports") or ()
    if not ports and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        yield required(f"{path}.ports")
    if len(ports) > 1:
        yield from (required(f"{path}.ports[{i}].name") for i, p in enumerate(ports) if not p.get("name"))
    yield from repeated(list(ports), f"{path}.ports", "name")
    yield from _doors(list(ports), f"{path}.ports")


def _doors(ports: list[Spec], path: str) -> Iterable[FieldError]:
    """One number can lead to one place only, per protocol."""
    seen: set[tuple[str, int]] = set()
    for i, found in enumerate(ports):
        door = (found.get("protocol", ""), found.get("port", 0))
        if door in seen:
            names = {"Name": "", "Protocol": door[0], "AppProtocol": None, "Port": door[1]}
            yield duplicate(f"{path}[{i}]", {**names, "TargetPort": 0, "NodePort": 0})
        seen.add(door)


def _type(spec: Spec, path: str) -> Iterable[FieldError]:
    kind, address = spec.get("type", ""), spec.get("clusterIP", "")
    if kind == "ExternalName":
        name = spec.get("externalName", "").removesuffix(".")
        yield from [] if name else [required(f"{path}.externalName")]
        yield from Spelt(formats.dns_subdomain)(name, f"{path}.externalName")
        if address:
            yield forbidden(f"{path}.clusterIPs[0]", "may not be set when `type` is 'ExternalName'")
    if kind == "LoadBalancer" and address == "None":
        yield invalid(f"{path}.clusterIPs[0]", address, "may not be set to 'None' for LoadBalancer services")
    if kind == "ClusterIP":
        for i, found in enumerate(spec.get("ports") or ()):
            if found.get("nodePort"):
                yield forbidden(f"{path}.ports[{i}].nodePort", "may not be used when `type` is 'ClusterIP'")


def _cluster_ip(text: str, path: str) -> Iterable[FieldError]:
    return [] if text == "None" else _address(text, f"{path}s[0]")


_SERVICE_PORT = Shape(
    {"name": dns_label, "port": port, "targetPort": port_or_name, "protocol": PROTOCOL, "nodePort": port}
)
_SERVICE = Shape(
    {
        "ports": Each(_SERVICE_PORT),
        "type": OneOf(*TYPES),
        "selector": labels,
        "clusterIP": _cluster_ip,
        "externalIPs": Each(_address),
        "sessionAffinity": OneOf("None", "ClientIP"),
        "sessionAffinityConfig": Shape({"clientIP": Shape({"timeoutSeconds": Between(1, 86400)})}),
        "externalTrafficPolicy": OneOf("Cluster", "Local"),
        "internalTrafficPolicy": OneOf("Cluster", "Local"),
    },
    also=(_ports, _type),
)

KINDS: dict[str, Check] = {"Service": Shape({"spec": _SERVICE})}
