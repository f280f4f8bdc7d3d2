"""An API server alone, reached in-process, and its store."""

from __future__ import annotations

import pytest

from k8slearn.apiserver import ApiServer
from k8slearn.client import Client
from tests import fakes


@pytest.fixture
def clock() -> fakes.Clock:
    return fakes.Clock()


@pytest.fixture
def server(clock: fakes.Clock) -> ApiServer:
    return fakes.server(clock)


@pytest.fixture
def client(server: ApiServer) -> Client:
    return Client(server)
