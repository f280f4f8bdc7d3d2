"""Values of Kubernetes' own that expressions may speak of: quantities, URLs, addresses.

Kubernetes: apiserver/pkg/cel/library (quantity.go, urls.go, ip.go, cidr.go)
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from celpy import celtypes
from celpy.evaluation import CELEvalError

from k8slearn.api import quantities

TEXT, INT, BOOL, LIST = celtypes.StringType, celtypes.IntType, celtypes.BoolType, celtypes.ListType
DOUBLE = celtypes.DoubleType


class Noun:
    """Something read from a text. Two are equal if they mean the same."""

    def __init__(self, text: Any) -> None:
        try:
            self.meant = self.read(str(text))
        except ValueError as error:
            raise CELEvalError(str(error)) from None
        self.text = str(text)

    @staticmethod
    def read(text: str) -> Any:
        """Raises ValueError."""
        raise NotImplementedError

    @classmethod
    def fits(cls, text: Any) -> Any:
        try:
            cls.read(str(text))
        except ValueError:
            return BOOL(False)
        return BOOL(True)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.meant == other.meant

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.text


# --- quantities ---------------------------------------------------------------------------------


class Quantity(Noun):
    @staticmethod
    def read(text: str) -> Fraction:
        return quantities.parse(text)


def _sum(one: Quantity, other: Any) -> Quantity:
    text = other.text if isinstance(other, Quantity) else str(int(other))
    return Quantity(quantities.total([one.text, text]))


def _difference(one: Quantity, other: Any) -> Quantity:
    text = other.text if isinstance(other, Quantity) else str(int(other))
    return _sum(one, Quantity(text[1:] if text.startswith("-") else f"-{text}"))


# --- URLs ---------------------------------------------------------------------------------------


class Url(Noun):
    @staticmethod
    def read(text: str) -> Any:
        parts = urlsplit(text)
        is_absolute = (parts.scheme and (parts.netloc or parts.path)) or text.startswith("/")
        if not is_absolute or " " in parts.netloc or not _has_fine_port(parts):
            what = f'parse "{text}": invalid URI for request'
            raise ValueError(f"URL parse error during conversion from string: {what}")
        return parts


def _has_fine_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port >= 0
    except ValueError:
        return False


def _query(url: Url) -> Any:
    found = parse_qs(url.meant.query, keep_blank_values=True)
    return celtypes.MapType({TEXT(k): LIST([TEXT(v) for v in values]) for k, values in found.items()})


def _host(url: Url) -> Any:
    return TEXT(url.meant.netloc.rpartition("@")[2])


# --- addresses ----------------------------------------------------------------------------------


class IP(Noun):
    @staticmethod
    def read(text: str) -> IPv4Address | IPv6Address:
        try:
            return ip_address(text)
        except ValueError:
            raise ValueError(f'IP Address "{text}" parse error during conversion from string') from None


class CIDR(Noun):
    @staticmethod
    def read(text: str) -> Any:
        if "/" not in text:
            raise ValueError("network address parse error during conversion from string")
        return ip_network(text, strict=False)

    @property
    def address(self) -> str:
        return self.text.partition("/")[0]


def _contains_ip(cidr: CIDR, address: Any) -> Any:
    inner = address if isinstance(address, IP) else IP(address)
    return BOOL(inner.meant in cidr.meant)


def _contains_cidr(cidr: CIDR, other: Any) -> Any:
    inner = (other if isinstance(other, CIDR) else CIDR(other)).meant
    return BOOL(inner.version == cidr.meant.version and inner.subnet_of(cidr.meant))


def _is(what: str) -> Callable[[IP], Any]:
    return lambda ip: BOOL(getattr(ip.meant, what))


NOT_GLOBAL = ("is_unspecified", "is_loopback", "is_multicast", "is_link_local")

FUNCTIONS: dict[str, Any] = {
    "quantity": Quantity,
    "isQuantity": Quantity.fits,
    "compareTo": lambda one, other: INT((one.meant > other.meant) - (one.meant < other.meant)),
    "isGreaterThan": lambda one, other: BOOL(one.meant > other.meant),
    "isLessThan": lambda one, other: BOOL(one.meant < other.meant),
    "isInteger": lambda one: BOOL(one.meant.denominator == 1),
    "asInteger": lambda one: INT(int(one.meant)),
    "asApproximateFloat": lambda one: DOUBLE(float(one.meant)),
    "sign": lambda one: INT((one.meant > 0) - (one.meant < 0)),
    "add": _sum,
    "sub": _difference,
    "url": Url,
    "isURL": Url.fits,
    "getScheme": lambda url: TEXT(url.meant.scheme),
    "getHost": _host,
    "getHostname": lambda url: TEXT(url.meant.hostname or ""),
    "getPort": lambda url: TEXT(url.meant.port or ""),
    "getEscapedPath": lambda url: TEXT(url.meant.path),
    "getQuery": _query,
    "ip": lambda value: IP(value.address if isinstance(value, CIDR) else value),
    "isIP": IP.fits,
    "family": lambda ip: INT(ip.meant.version),
    "isUnspecified": _is("is_unspecified"),
    "isLoopback": _is("is_loopback"),
    "isLinkLocalUnicast": _is("is_link_local"),
    "isLinkLocalMulticast": lambda ip: BOOL(str(ip.meant).startswith(("224.0.0.", "ff02:", "ff12:"))),
    "isGlobalUnicast": lambda ip: BOOL(not any(getattr(ip.meant, what) for what in NOT_GLOBAL)),
    "ip_isCanonical": lambda text: BOOL(str(IP(text).meant) == text),
    "cidr": CIDR,
    "isCIDR": CIDR.fits,
    "containsIP": _contains_ip,
    "containsCIDR": _contains_cidr,
    "prefixLength": lambda cidr: INT(cidr.meant.prefixlen),
    "masked": lambda cidr: CIDR(str(cidr.meant)),
}
