"""The ways to reach an API server: add a row, and every test in here runs over it too."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from k8slearn.api.users import User
from k8slearn.apiserver import ApiServer
from k8slearn.apiserver.http import Front
from k8slearn.client import Client
from k8slearn.live import kubeconfig
from k8slearn.live.asgi import App
from k8slearn.live.calls import Calls
from k8slearn.live.certificates import Authority
from k8slearn.live.https import HttpsServer, listen, tls
from k8slearn.live.outside import Switchboard
from k8slearn.live.remote import Remote, connect
from tests import fakes
from tests.client.hearing import Hearing


class OverHttps:
    """An API server alone, behind HTTPS in a thread of its own. `fresh` puts a new one behind the same door."""

    def __init__(self, folder: Path) -> None:
        authority, self.listener = Authority(folder), listen("127.0.0.1", 0)
        context = tls(authority.server({"127.0.0.1"}), authority.pair)
        self.app = self._app(fakes.server())
        self.https = HttpsServer(self.app, context, self.listener)
        host, port = self.listener.getsockname()[:2]
        url, certificate = f"https://{host}:{port}", authority.pair.certificate
        self.config = folder / "config"
        kubeconfig.write(self.config, kubeconfig.config(url, certificate, token="contract"))
        self.thread = threading.Thread(target=lambda: asyncio.run(self.https.run_here()), daemon=True)
        self.thread.start()
        self.remotes: list[Remote] = []

    def _app(self, server: ApiServer) -> App:
        calls = Calls(server.store)
        return App(Front(server), lambda: None, Switchboard(server, calls), calls)

    def fresh(self) -> Client:
        server = fakes.server()
        server.authenticator.tokens["contract"] = User.called("kubernetes-admin")
        new = self._app(server)
        self.app.front, self.app.board = new.front, new.board
        self.remotes.append(connect(self.config))
        return Client(self.remotes[-1])

    def close(self) -> None:
        for remote in self.remotes:
            remote.close()
        self.https.stop()
        self.thread.join()
        self.listener.close()


@pytest.fixture(scope="module")
def over_https(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OverHttps]:
    served = OverHttps(tmp_path_factory.mktemp("contract"))
    yield served
    served.close()


@pytest.fixture(params=["in-process", "https"])
def client(request: pytest.FixtureRequest) -> Client:
    """A client of a fresh API server. Tests of the contract know nothing else of the server."""
    makers: dict[str, Callable[[], Client]] = {
        "in-process": fakes.client,
        "https": lambda: request.getfixturevalue("over_https").fresh(),
    }
    return makers[request.param]()


@pytest.fixture
def hear(client: Client) -> Iterator[Callable[..., Hearing]]:
    """Opens watches of that client: ``hear("configmaps", labels="app=web")``."""
    with ExitStack() as all_of_them:

        def one(*what: str, **how: Any) -> Hearing:
            hearing = Hearing(client, *what, **how)
            all_of_them.callback(hearing.watch.close)
            return hearing

        yield one
