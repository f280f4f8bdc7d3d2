"""The ways to reach an API server: add a row, and every test in here runs over it too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from k8slearn.client import Client
from tests import fakes

TRANSPORTS: dict[str, Callable[[], Client]] = {"in-process": fakes.client}


@pytest.fixture(params=TRANSPORTS)
def client(request: pytest.FixtureRequest) -> Client:
    """A client of a fresh API server. Tests of the contract know nothing else of the server."""
    return TRANSPORTS[request.param]()
