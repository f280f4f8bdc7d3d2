"""Formats of strings that are looked at. Others (int32, password, ...) are words for people.

Kubernetes: kube-openapi/pkg/validation/strfmt/default.go, apiextensions-apiserver/pkg/apiserver/validation/formats.go
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit


def _reads(read: Callable[[str], Any]) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        try:
            read(text)
        except ValueError:
            return False
        return True

    return fits


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


def _version(number: int) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        return _reads(ip_address)(text) and ip_address(text).version == number

    return fits


def _date_time(text: str) -> None:
    if not re.match(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d", text):
        raise ValueError(text)
    datetime.fromisoformat(text.upper().replace("Z", "+00:00"))


def _uri(text: str) -> None:
    if not urlsplit(text).scheme:
        raise ValueError(text)


_HOST = "[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?"

FORMATS: dict[str, Callable[[str], bool]] = {
    "date": _reads(date.fromisoformat),
    "date-time": _reads(_date_time),
    "datetime": _reads(_date_time),
    "duration": _matches(r"-?(\d+(\.\d+)?\s*(ns|us|µs|ms|s|m|h|d|w|[a-z]+))+|0"),
    "email": _matches(r"[^@\s]+@[^@\s]+"),
    "hostname": _matches(rf"(?=.{{1,253}}$){_HOST}(\.{_HOST})*\.?"),
    "ipv4": _version(4),
    "ipv6": _version(6),
    "cidr": lambda text: "/" in text and _reads(partial(ip_network, strict=False))(text),
    "mac": _matches(r"([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}"),
    "uri": _reads(_uri),
    "byte": _matches(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"),
    "uuid": _matches(r"(?i)[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}"),
    "uuid3": _matches(r"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}"),
    "uuid4": _matches(r"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}"),
    "uuid5": _matches(r"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}"),
    "hexcolor": _matches(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "k8s-short-name": _matches(r"(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?"),
    "k8s-long-name": _matches(
        r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
    ),
}
