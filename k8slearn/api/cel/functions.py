"""The functions that Kubernetes adds to CEL: on texts, lists, quantities, URLs and addresses.

Kubernetes: apiserver/pkg/cel/library (lists.go, regex.go, urls.go, quantity.go, ip.go, cidr.go, format.go);
github.com/google/cel-go/ext (strings.go)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from celpy import celtypes
from celpy.evaluation import CELEvalError

from k8slearn.api import quantities
from k8slearn.api.cel import optionals

TEXT, INT, BOOL, LIST = celtypes.StringType, celtypes.IntType, celtypes.BoolType, celtypes.ListType

# --- texts ------------------------------------------------------------------------------------


def split(text: str, by: str, most: Any = -1) -> Any:
    if int(most) == 0:
        return LIST([])
    parts = [*text] if by == "" else str(text).split(by, int(most) - 1 if int(most) > 0 else -1)
    return LIST([TEXT(part) for part in parts])


def join(parts: list[Any], by: str = "") -> Any:
    return TEXT(by.join(parts))


def substring(text: str, start: Any, end: Any = None) -> Any:
    stop = len(text) if end is None else int(end)
    if not 0 <= int(start) <= stop <= len(text):
        raise CELEvalError(f"index out of range: {start}")
    return TEXT(str(text)[int(start) : stop])


def replace(text: str, old: str, new: str, most: Any = -1) -> Any:
    return TEXT(str(text).replace(old, new, int(most)))


def index_of(where: Any, what: Any, start: Any = 0) -> Any:
    if isinstance(where, str):
        return INT(where.find(what, int(start)))
    return INT(where.index(what) if what in where else -1)


def last_index_of(where: Any, what: Any) -> Any:
    if isinstance(where, str):
        return INT(where.rfind(what))
    return INT(len(where) - 1 - where[::-1].index(what) if what in where else -1)


def char_at(text: str, place: Any) -> Any:
    return substring(text, place, min(int(place) + 1, len(text)))


def find(text: str, pattern: str) -> Any:
    found = re.search(pattern, text)
    return TEXT(found[0] if found else "")


def find_all(text: str, pattern: str, most: Any = -1) -> Any:
    found = [TEXT(match[0]) for match in re.finditer(pattern, text)]
    return LIST(found if int(most) < 0 else found[: int(most)])


# --- lists ------------------------------------------------------------------------------------


def is_sorted(items: list[Any]) -> Any:
    return BOOL(all(a <= b for a, b in pairwise(items)))


def total(items: list[Any]) -> Any:
    found = items[0] if items else INT(0)
    for item in items[1:]:
        found = found + item
    return found


def _extreme(choose: Callable[[list[Any]], Any], name: str) -> Callable[[list[Any]], Any]:
    def of(items: list[Any]) -> Any:
        if not items:
            raise CELEvalError(f"{name} called on empty list")
        return choose(items)

    return of


# --- quantities, URLs, addresses ------------------------------------------------------------------


class Quantity:
    """Kubernetes: resource.Quantity in CEL"""

    def __init__(self, text: str) -> None:
        try:
            self.amount = quantities.parse(str(text))
        except ValueError as error:
            raise CELEvalError(str(error)) from None
        self.text = str(text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.amount == other.amount

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.text


def _fits(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def fits(text: str) -> Any:
        try:
            read(str(text))
        except (ValueError, CELEvalError):
            return BOOL(False)
        return BOOL(True)

    return fits


def _url(text: str) -> Any:
    parts = urlsplit(text)
    if not (parts.scheme or text.startswith("/")):
        raise ValueError(text)
    return parts


def compare(one: Quantity, other: Quantity) -> Any:
    return INT((one.amount > other.amount) - (one.amount < other.amount))


FUNCTIONS: dict[str, Any] = {
    **optionals.FUNCTIONS,
    "split": split,
    "join": join,
    "substring": substring,
    "replace": replace,
    "indexOf": index_of,
    "lastIndexOf": last_index_of,
    "charAt": char_at,
    "trim": lambda text: TEXT(text.strip()),
    "lowerAscii": lambda text: TEXT(text.lower()),
    "upperAscii": lambda text: TEXT(text.upper()),
    "find": find,
    "findAll": find_all,
    "isSorted": is_sorted,
    "sum": total,
    "min": _extreme(min, "min"),
    "max": _extreme(max, "max"),
    "quantity": Quantity,
    "isQuantity": _fits(quantities.parse),
    "compareTo": compare,
    "isGreaterThan": lambda one, other: BOOL(one.amount > other.amount),
    "isLessThan": lambda one, other: BOOL(one.amount < other.amount),
    "asInteger": lambda one: INT(int(one.amount)),
    "isURL": _fits(_url),
    "isIP": _fits(ip_address),
    "isCIDR": _fits(lambda text: ip_network(text) if "/" in text else int("no")),
}
