"""The rules of the ways through a cluster: NetworkPolicy, ServiceCIDR. `ingresses` has the way in.

Kubernetes: pkg/apis/networking/validation
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any

from k8slearn.api.errors import FieldError, forbidden, invalid, required, too_many, unsupported
from k8slearn.apiserver.validation.addresses import cidr
from k8slearn.apiserver.validation.services import PROTOCOL
from k8slearn.apiserver.validation.shapes import Check, Each, Shape, label_selector, port, port_or_name

Spec = dict[str, Any]


def _one_peer(peer: Spec, path: str) -> Iterable[FieldError]:
    if not peer:
        yield required(path, "must specify a peer")
    elif "ipBlock" in peer and len(peer) > 1:
        yield forbidden(path, "may not specify both ipBlock and another peer")


def _except(block: Spec, path: str) -> Iterable[FieldError]:
    """What is taken out of a block must have been in it."""
    for i, text in enumerate(block.get("except") or ()):
        wrong = [*cidr(text, f"{path}.except[{i}]")]
        yield from wrong
        if not wrong and not [*cidr(block.get("cidr", ""), "")] and not _within(text, block["cidr"]):
            yield invalid(f"{path}.except[{i}]", text, "must be a strict subset of `cidr`")


def _within(inner: str, outer: str) -> bool:
    a, b = ip_network(inner, strict=False), ip_network(outer, strict=False)
    return a.version == b.version and a != b and a.network_address in b and a.prefixlen > b.prefixlen


_BLOCK = Shape({"cidr": cidr}, needs=("cidr",), also=(_except,))
_PEER = Shape(
    {"podSelector": label_selector, "namespaceSelector": label_selector, "ipBlock": _BLOCK}, also=(_one_peer,)
)


def _port_range(found: Spec, path: str) -> Iterable[FieldError]:
    first, last = found.get("port"), found.get("endPort")
    if last is None:
        return
    where, never = f"{path}.endPort", "may not be specified when `port` is "
    if first is None:
        yield invalid(where, last, f"{never}not specified")
    elif isinstance(first, str):
        yield invalid(where, last, f"{never}non-numeric")
    else:
        if last < first:
            yield invalid(where, first, "must be greater than or equal to `port`")
        yield from port(last, where)


_PORT = Shape({"protocol": PROTOCOL, "port": port_or_name}, also=(_port_range,))
_DIRECTIONS = ("Ingress", "Egress")


def _directions(found: list[str], path: str) -> Iterable[FieldError]:
    if len(found) > len(_DIRECTIONS):
        yield invalid(path, found, "may not specify more than two policyTypes")
        return
    yield from (unsupported(path, word, _DIRECTIONS) for word in found if word not in _DIRECTIONS)


_POLICY = Shape(
    {
        "podSelector": label_selector,
        "ingress": Each(Shape({"from": Each(_PEER), "ports": Each(_PORT)})),
        "egress": Each(Shape({"to": Each(_PEER), "ports": Each(_PORT)})),
        "policyTypes": _directions,
    }
)


def _networks(found: list[str], path: str) -> Iterable[FieldError]:
    if len(found) > 2:
        yield too_many(path, len(found), 2)
    for i, text in enumerate(found):
        yield from cidr(text, f"{path}[{i}]")


def _some_network(spec: Spec, path: str) -> Iterable[FieldError]:
    if not spec.get("cidrs"):
        yield required(f"{path}.cidrs", "at least one CIDR required")


KINDS: dict[str, Check] = {
    "NetworkPolicy": Shape({"spec": _POLICY}),
    "IPAddress": Shape({"spec": Shape({}, needs=("parentRef",))}),
    "ServiceCIDR": Shape({"spec": Shape({"cidrs": _networks}, also=(_some_network,))}),
}
