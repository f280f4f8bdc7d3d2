"""What all tests share: the folder of the checkout, and hypothesis made repeatable."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """The folder that holds pyproject.toml."""
    return pathlib.Path(__file__).resolve().parent.parent
