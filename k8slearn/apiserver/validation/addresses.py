"""IP addresses and networks: how they must be spelt, and which a Service may have.

Kubernetes: apimachinery/pkg/util/validation/ip.go; pkg/apis/core/validation/validation.go
(ValidateServiceClusterIPsRelatedFields, ValidateNonSpecialIP)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any

from k8slearn.api.errors import FieldError, duplicate, invalid, required
from k8slearn.apiserver.validation.shapes import OneOf

Spec = dict[str, Any]


def is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def address(text: str, path: str) -> Iterable[FieldError]:
    if not is_address(text):
        yield invalid(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")


def cidr(text: str, path: str) -> Iterable[FieldError]:
    """``10.0.0.0/8``: an address and the length of the network's part of it."""
    try:
        good = "/" in text and bool(ip_network(text.strip(), strict=False))
    except ValueError:
        good = False
    if not good:
        yield invalid(path, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")


_SPECIAL = {
    words: tuple(ip_network(text, strict=False) for text in re.findall("[0-9a-f:./]+/[0-9]+", words))
    for words in (
        "loopback range (127.0.0.0/8, ::1/128)",
        "link-local range (169.254.0.0/16, fe80::/10)",
        "link-local multicast range (224.0.0.0/24, ff02::/10)",
    )
}


def ordinary(text: str, path: str) -> Iterable[FieldError]:
    """An address that traffic from elsewhere can have as its goal."""
    if not is_address(text):
        yield from address(text, path)
        return
    found = ip_address(text)
    if found.is_unspecified:
        yield invalid(path, text, f"may not be unspecified ({text})")
    for words, networks in _SPECIAL.items():
        if any(found in network for network in networks):
            yield invalid(path, text, f"may not be in the {words}")


# --- the addresses of a Service -------------------------------------------------------------------

_FAMILY = OneOf("IPv4", "IPv6")
_POLICY = OneOf("SingleStack", "PreferDualStack", "RequireDualStack")


def cluster_ips(spec: Spec, path: str) -> Iterable[FieldError]:
    """``clusterIP`` is the first of ``clusterIPs``; there is at most one of each family."""
    if spec.get("type") == "ExternalName":
        return
    one, many, where = spec.get("clusterIP", ""), spec.get("clusterIPs") or [], f"{path}.clusterIPs"
    yield from _agree(one, many, where)
    families = spec.get("ipFamilies") or []
    for i, family in enumerate(families):
        yield from _FAMILY(family, f"{path}.ipFamilies[{i}]")
        if family in families[:i]:
            yield duplicate(f"{path}.ipFamilies[{i}]", family)
    if "ipFamilyPolicy" in spec:
        yield from _POLICY(spec["ipFamilyPolicy"], f"{path}.ipFamilyPolicy")
    wrong = [*_well_formed(many, where)]
    yield from wrong or _of_their_families(many, families, path)


def _agree(one: str, many: list[str], path: str) -> Iterable[FieldError]:
    if not one and many:
        yield invalid(path, many, "must be empty when `clusterIP` is not specified")
    elif one and not many:
        yield required(path)
    elif one and many[0] != one:
        yield invalid(path, many, "first value must match `clusterIP`")


def _well_formed(many: list[str], path: str) -> Iterable[FieldError]:
    if many[:1] == ["None"] and len(many) > 1:
        yield invalid(path, many, "'None' must be the first and only value")
    for i, text in enumerate(many):
        if i or text != "None":
            yield from address(text, f"{path}[{i}]")
    if len(many) > 2:
        yield invalid(path, many, "may only hold up to 2 values")


def _of_their_families(many: list[str], families: list[str], path: str) -> Iterable[FieldError]:
    if many[:1] == ["None"]:
        return
    versions = [f"IPv{ip_address(text).version}" for text in many]
    if len(set(versions)) < len(versions):
        yield invalid(f"{path}.clusterIPs", many, "may specify no more than one IP for each IP family")
    for i, (text, version, family) in enumerate(zip(many, versions, families, strict=False)):
        if version != family and family in ("IPv4", "IPv6"):
            detail = f"expected an {family} value as indicated by `ipFamilies[{i}]`"
            yield invalid(f"{path}.ipFamilies[{i}]", text, detail)


_ONCE = "may not change once set"


def keeps_addresses(new: Spec, old: Spec) -> Iterable[FieldError]:
    """A second address or family may come and go; the first stays.

    Kubernetes: validateUpgradeDowngradeClusterIPs, validateUpgradeDowngradeIPFamilies
    """
    headless = "None" in (new.get("clusterIP"), old.get("clusterIP"))
    for field, one in (("clusterIPs", "clusterIP"), ("ipFamilies", "ipFamily")):
        if headless and field == "ipFamilies":
            return
        path, a, b = f"spec.{field}", new.get(field) or [], old.get(field) or []
        if b and not a and not new.get("clusterIPs"):
            yield invalid(f"{path}[0]", a or None, f"primary {one} can not be unset")
        for i, (now, before) in enumerate(zip(a, b, strict=False)):
            if now != before and (i == 0 or len(a) == len(b)):
                yield invalid(f"{path}[{i}]", a, _ONCE)
        if len(b) > len(a) == 1 and new.get("ipFamilyPolicy") != "SingleStack":
            detail = f"must be set to 'SingleStack' when releasing the secondary {one}"
            yield invalid("spec.ipFamilyPolicy", new.get("ipFamilyPolicy"), detail)
