"""A control plane, and whoever is started beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.operators.processes import Operators
from tests.up import Up


@pytest.fixture
def operators(tmp_path: Path) -> Iterator[Operators]:
    with (
        Up(tmp_path / "home", "--nodes", "0") as up,
        closing(Operators(up, tmp_path / "cloud.json")) as started,
    ):
        yield started
