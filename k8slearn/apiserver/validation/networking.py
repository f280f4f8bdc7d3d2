"""The rules of the way to a pod beyond Services: Ingress, NetworkPolicy, EndpointSlice.

Kubernetes: pkg/apis/networking/validation, pkg/apis/discovery/validation
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, forbidden, invalid, required
from k8slearn.apiserver.validation.services import PROTOCOL, is_address
from k8slearn.apiserver.validation.shapes import (
    Check,
    Each,
    OneOf,
    Shape,
    Spelt,
    dns_label,
    label_selector,
    port,
    port_or_name,
)

Spec = dict[str, Any]


def _host(host: str, path: str) -> Iterable[FieldError]:
    if is_address(host):
        yield invalid(path, host, "must be a DNS name, not an IP address")
    spelt = formats.wildcard_subdomain if "*" in host else formats.dns_subdomain
    yield from Spelt(spelt)(host, path)


def _http_path(rule: Spec, path: str) -> Iterable[FieldError]:
    kind, text = rule.get("pathType", ""), rule.get("path", "")
    if not kind:
        yield required(f"{path}.pathType", "pathType must be specified")
        return
    yield from _backend(rule.get("backend") or {}, f"{path}.backend")
    if kind in ("Exact", "Prefix") and not text.startswith("/"):
        yield invalid(f"{path}.path", text, "must be an absolute path")
    else:
        yield from OneOf("Exact", "Prefix", "ImplementationSpecific")(kind, f"{path}.pathType")


def _backend(backend: Spec, path: str) -> Iterable[FieldError]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        yield invalid(path, "", "cannot set both resource and service backends")
    elif service is None and resource is None:
        yield required(path, "must specify either service or resource backend")
    elif service is not None:
        yield from _backend_service(service, f"{path}.service")


def _backend_service(service: Spec, path: str) -> Iterable[FieldError]:
    if not service.get("name"):
        yield required(f"{path}.name")
    chosen = service.get("port") or {}
    if "number" in chosen and "name" in chosen:
        yield invalid(path, "", "cannot set both port name & port number")
    elif chosen.get("name"):
        yield from Spelt(formats.port_name)(chosen["name"], f"{path}.port.name")
    elif "number" in chosen:
        yield from port(chosen["number"], f"{path}.port.number")
    else:
        yield required(path, "port name or number is required")


def _leads_somewhere(spec: Spec, path: str) -> Iterable[FieldError]:
    if not spec.get("rules") and "defaultBackend" not in spec:
        yield invalid(path, None, "either `defaultBackend` or `rules` must be specified")


def _has_spec(ingress: Spec, path: str) -> Iterable[FieldError]:
    return [] if "spec" in ingress else _leads_somewhere({}, "spec")


_HTTP = Shape({"paths": Each(_http_path)}, needs=("paths",))
_INGRESS = Shape(
    {"rules": Each(Shape({"host": _host, "http": _HTTP})), "defaultBackend": _backend},
    also=(_leads_somewhere,),
)

# --- NetworkPolicy, EndpointSlice -----------------------------------------------------------------


def _cidr(text: str, path: str) -> Iterable[FieldError]:
    try:
        ip_network(text, strict=False)
        good = "/" in text
    except ValueError:
        good = False
    return (
        []
        if good
        else [invalid(path, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")]
    )


def _one_peer(peer: Spec, path: str) -> Iterable[FieldError]:
    if not peer:
        yield required(path, "must specify a peer")
    elif "ipBlock" in peer and len(peer) > 1:
        yield forbidden(path, "may not specify both ipBlock and another peer")


_PEER = Shape(
    {
        "podSelector": label_selector,
        "namespaceSelector": label_selector,
        "ipBlock": Shape({"cidr": _cidr}, needs=("cidr",)),
    },
    also=(_one_peer,),
)
_POLICY_PORT = Shape({"protocol": PROTOCOL, "port": port_or_name, "endPort": port})
_POLICY = Shape(
    {
        "podSelector": label_selector,
        "ingress": Each(Shape({"from": Each(_PEER), "ports": Each(_POLICY_PORT)})),
        "egress": Each(Shape({"to": Each(_PEER), "ports": Each(_POLICY_PORT)})),
        "policyTypes": Each(OneOf("Ingress", "Egress")),
    }
)


def _has_address(endpoint: Spec, path: str) -> Iterable[FieldError]:
    if not endpoint.get("addresses"):
        yield required(f"{path}.addresses", "must contain at least 1 endpoint")


_SLICE = Shape(
    {
        "addressType": OneOf("IPv4", "IPv6", "FQDN"),
        "endpoints": Each(Shape({}, also=(_has_address,))),
        "ports": Each(Shape({"name": dns_label, "protocol": PROTOCOL}), unique="name"),
    },
    needs=("addressType",),
)

KINDS: dict[str, Check] = {
    "Ingress": Shape({"spec": _INGRESS}, also=(_has_spec,)),
    "NetworkPolicy": Shape({"spec": _POLICY}),
    "EndpointSlice": _SLICE,
}
