"""Quantities: exact values, canonical spelling, and errors in Kubernetes' words."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api import quantities


@pytest.mark.parametrize(
    ("text", "canonical", "milli", "value"),
    [
        ("1000m", "1", 1000, 1),
        ("0.5", "500m", 500, 1),
        ("1.5", "1500m", 1500, 2),
        (1.5, "1500m", 1500, 2),
        (2, "2", 2000, 2),
        ("1024Mi", "1Gi", 2**30 * 1000, 2**30),
        ("1.5Gi", "1536Mi", 1536 * 2**20 * 1000, 1536 * 2**20),
        ("0.5Ki", "512", 512_000, 512),
        ("1e3", "1e3", 1_000_000, 1000),
        ("12E6", "12e6", 12 * 10**9, 12 * 10**6),
        ("1E", "1E", 10**21, 10**18),
        ("100000", "100k", 10**8, 10**5),
        ("0", "0", 0, 0),
        ("-1.5", "-1500m", -1500, -1),
        ("0.1m", "100u", 1, 1),
        ("0.1n", "1n", 1, 1),
        ("100Ei", str(2**63 - 1), (2**63 - 1) * 1000, 2**63 - 1),
    ],
)
def test_quantities(text: str | float, canonical: str, milli: int, value: int) -> None:
    assert quantities.canonical(text) == canonical
    assert quantities.milli(text) == milli
    assert quantities.value(text) == value


@pytest.mark.parametrize("text", ["", "abc", "1GiB", "1 Gi", "1.2.3", "--1", "1gb"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="quantities must match the regular expression") as refused:
        quantities.parse(text)
    assert str(refused.value).endswith("'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")


@pytest.mark.parametrize("text", ["1mm", "10mi", "1K", "1e"])
def test_unknown_suffix(text: str) -> None:
    with pytest.raises(ValueError, match="unable to parse quantity's suffix"):
        quantities.parse(text)


numbers = st.builds(
    "{}{}".format,
    st.one_of(st.integers(-(10**6), 10**6), st.decimals(-(10**4), 10**4, places=3).map("{:f}".format)),
    st.sampled_from(["", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "e-2"]),
)


@given(numbers)
def test_canonical_means_the_same_and_is_stable(text: str) -> None:
    canonical = quantities.canonical(text)
    assert quantities.parse(canonical) == quantities.parse(text)
    assert quantities.canonical(canonical) == canonical
    assert "." not in canonical


@given(st.integers(0, 10**9), st.integers(0, 999))
def test_values_are_exact(whole: int, thousandths: int) -> None:
    assert quantities.parse(f"{whole}.{thousandths:03}") == whole + Fraction(thousandths, 1000)
    assert quantities.parse(f"{whole}Gi") == min(whole * 2**30, quantities.GREATEST)
