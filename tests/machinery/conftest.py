"""One controller, wired to an API server and driven by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from k8slearn.apiserver import ApiServer
from k8slearn.client import Client
from k8slearn.machinery import Controller
from tests import fakes


class Watcher(Controller):
    """Writes down what it is shown; does what a test tells it to."""

    name = "watcher"
    primary = "configmaps"

    def setup(self) -> None:
        self.shown: list[tuple[str, str]] = []
        self.worked: list[str] = []

    def on_change(self, change: Any) -> None:
        self.shown.append((change.type, change.object["metadata"]["name"]))
        super().on_change(change)

    def reconcile(self, key: str) -> Any:
        self.worked.append(key)
        return self.answer(key)

    def answer(self, key: str) -> Any:
        return None


@pytest.fixture
def clock() -> fakes.Clock:
    return fakes.Clock()


@pytest.fixture
def server(clock: fakes.Clock) -> ApiServer:
    return fakes.server(clock)


@pytest.fixture
def client(server: ApiServer) -> Client:
    return Client(server)


@pytest.fixture
def wired(server: ApiServer, clock: fakes.Clock) -> Callable[..., Any]:
    """Make a controller that is connected, and has heard nothing yet."""

    def make(kind: type[Controller] = Watcher, **attributes: Any) -> Any:
        made = type(kind.__name__, (kind,), attributes)()
        made.wire(server, clock)
        return made

    return make


@pytest.fixture
def watcher(wired: Callable[..., Watcher]) -> Watcher:
    """A Watcher that has listed (there was nothing)."""
    made = wired()
    made.deliver("configmaps")
    return made
