"""Quantities: ``500m`` of a CPU, ``1Gi`` of memory. Exact numbers, never floats.

A quantity keeps the family of its suffix (decimal, binary, exponent) and is rewritten in its shortest
form: ``1000m`` becomes ``1``, ``1024Mi`` becomes ``1Gi``, ``0.5`` becomes ``500m``.

Kubernetes: apimachinery/pkg/api/resource/quantity.go
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from math import ceil

Quantity = str | int | float

PATTERN = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
_NUMBER = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)([eEinumkKMGTP]*[-+]?\d*)", re.ASCII)
_EXPONENT = re.compile(r"[eE]([+-]?\d{1,3})", re.ASCII)

DECIMAL = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")  # thousandfold steps, from a billionth
BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")  # 1024-fold steps, from one
BILLIONTHS = 10**9  # nothing is finer
GREATEST = 2**63 - 1  # what a binary quantity is capped to


@lru_cache(maxsize=8192)
def _read(text: str) -> tuple[Fraction, str]:
    """(value, family); the family is ``decimal``, ``binary`` or ``exponent``."""
    found = _NUMBER.fullmatch(text)
    if not found:
        raise ValueError(f"quantities must match the regular expression '{PATTERN}'")
    sign, digits, suffix = found.groups()
    scale, family = _scale(suffix)
    amount = Fraction(ceil(Fraction(digits) * scale * BILLIONTHS), BILLIONTHS)
    if family == "binary":
        amount = min(amount, Fraction(GREATEST))
    return (-amount if sign == "-" else amount), family


def _scale(suffix: str) -> tuple[Fraction, str]:
    if suffix in DECIMAL:
        return Fraction(1000) ** (DECIMAL.index(suffix) - 3), "decimal"
    if suffix in BINARY:
        return Fraction(1024 ** BINARY.index(suffix)), "binary"
    if exponent := _EXPONENT.fullmatch(suffix):
        return Fraction(10) ** int(exponent[1]), "exponent"
    raise ValueError("unable to parse quantity's suffix")


def parse(quantity: Quantity) -> Fraction:
    """The exact value; ValueError in Kubernetes' words. Numbers count as they are written."""
    return _read(str(quantity))[0]


def milli(quantity: Quantity) -> int:
    """Thousandths, rounded up: what CPU is counted in. Kubernetes: Quantity.MilliValue"""
    return ceil(parse(quantity) * 1000)


def value(quantity: Quantity) -> int:
    """Units (bytes, pods), rounded up. Kubernetes: Quantity.Value"""
    return ceil(parse(quantity))


@lru_cache(maxsize=8192)
def canonical(quantity: Quantity) -> str:
    """As the API server writes it back: no fraction, the greatest suffix. Kubernetes: CanonicalizeBytes"""
    return _written(*_read(str(quantity)))


def total(quantities: Iterable[Quantity]) -> str:
    """The sum, written in the family of the first that is not zero. Kubernetes: Quantity.Add"""
    parts = [_read(str(q)) for q in quantities]
    family = next((family for amount, family in parts if amount), "decimal")
    return _written(sum((amount for amount, _ in parts), Fraction()), family)


def _written(amount: Fraction, family: str) -> str:
    if not amount:
        return "0"
    if family == "binary" and amount.denominator == 1 and abs(amount) >= 1024:
        number, power = _reduced(int(amount), 1024, len(BINARY) - 1)
        return f"{number}{BINARY[power]}"
    whole = int(amount * BILLIONTHS)
    if family == "exponent":
        number, power = _reduced(whole, 1000, abs(whole))
        return f"{number}e{3 * power - 9}" if power != 3 else str(number)
    number, power = _reduced(whole, 1000, len(DECIMAL) - 1)
    return f"{number}{DECIMAL[power]}"


def _reduced(number: int, base: int, most: int) -> tuple[int, int]:
    """`number` without its factors of `base` (at most `most` of them), and how many there were."""
    power = 0
    while power < most and number % base == 0:
        number, power = number // base, power + 1
    return number, power
