"""The rules of what is behind a Service: EndpointSlice, and Endpoints, its older form.

Kubernetes: pkg/apis/discovery/validation; pkg/apis/core/validation/validation.go (ValidateEndpoints)
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

from k8slearn.api import formats
from k8slearn.api.errors import FieldError, duplicate, invalid, required, too_many
from k8slearn.api.objects import Object
from k8slearn.apiserver.validation.addresses import is_address, ordinary
from k8slearn.apiserver.validation.services import PROTOCOL
from k8slearn.apiserver.validation.shapes import (
    Check,
    Each,
    OneOf,
    Shape,
    Spelt,
    dns_label,
    dns_subdomain,
    port,
)

Spec = dict[str, Any]
MOST_ENDPOINTS, MOST_ADDRESSES, MOST_PORTS = 1000, 100, 20000

# --- EndpointSlice --------------------------------------------------------------------------------


def _addresses(endpoint: Spec, path: str) -> Iterable[FieldError]:
    found = endpoint.get("addresses") or ()
    if not found:
        yield required(f"{path}.addresses", "must contain at least 1 endpoint")
    elif len(found) > MOST_ADDRESSES:
        yield too_many(f"{path}.addresses", len(found), MOST_ADDRESSES)


def _of_type(found: Object, path: str) -> Iterable[FieldError]:
    """Every address must be of the kind that the slice is for."""
    kind, endpoints, ports = found.get("addressType"), found.get("endpoints") or (), found.get("ports") or ()
    if len(endpoints) > MOST_ENDPOINTS:
        yield too_many("endpoints", len(endpoints), MOST_ENDPOINTS)
    if len(ports) > MOST_PORTS:
        yield too_many("ports", len(ports), MOST_PORTS)
    for i, endpoint in enumerate(endpoints):
        for j, text in enumerate(endpoint.get("addresses") or ()):
            where = f"endpoints[{i}].addresses[{j}]"
            if kind in ("IPv4", "IPv6"):
                yield from _address(text, kind, where)
            elif kind == "FQDN":
                yield from _full_name(text, where)


def _address(text: str, family: str, path: str) -> Iterable[FieldError]:
    if is_address(text) and f"IPv{ip_address(text).version}" != family:
        yield invalid(path, text, f"must be a valid {family} address")
    else:
        yield from ordinary(text, path)


def _full_name(text: str, path: str) -> Iterable[FieldError]:
    yield from dns_subdomain(text.removesuffix("."), path)
    if "." not in text.strip("."):
        yield invalid(path, text, "should be a domain with at least two segments separated by dots")


def _names_differ(found: Object, path: str) -> Iterable[FieldError]:
    """A port without a name is a port whose name is "", and there can be one of those."""
    seen: set[str] = set()
    for i, each in enumerate(found.get("ports") or ()):
        if (name := each.get("name", "")) in seen:
            yield duplicate(f"ports[{i}].name", name)
        seen.add(name)


_APP_PROTOCOL = Spelt(formats.qualified_name)
_ENDPOINT = Shape({"nodeName": dns_subdomain, "hostname": dns_label}, also=(_addresses,))
_SLICE = Shape(
    {
        "addressType": OneOf("FQDN", "IPv4", "IPv6"),
        "endpoints": Each(_ENDPOINT),
        "ports": Each(Shape({"name": dns_label, "protocol": PROTOCOL, "appProtocol": _APP_PROTOCOL})),
    },
    needs=("addressType",),
    also=(_of_type, _names_differ),
)

# --- Endpoints ------------------------------------------------------------------------------------


def _some(subset: Spec, path: str) -> Iterable[FieldError]:
    if not subset.get("addresses") and not subset.get("notReadyAddresses"):
        yield required(path, "must specify `addresses` or `notReadyAddresses`")
    ports = subset.get("ports") or ()
    if len(ports) > 1:
        yield from (required(f"{path}.ports[{i}].name") for i, p in enumerate(ports) if not p.get("name"))


_OLD_ADDRESS = Shape({"ip": ordinary, "hostname": dns_label, "nodeName": dns_subdomain})
_OLD_PORT = Shape({"name": dns_label, "port": port, "protocol": PROTOCOL, "appProtocol": _APP_PROTOCOL})
_SUBSET = Shape(
    {"addresses": Each(_OLD_ADDRESS), "notReadyAddresses": Each(_OLD_ADDRESS), "ports": Each(_OLD_PORT)},
    also=(_some,),
)
KINDS: dict[str, Check] = {"EndpointSlice": _SLICE, "Endpoints": Shape({"subsets": Each(_SUBSET)})}
