"""A whole control plane in this process: a store, an API server behind HTTPS, and everybody who works with it.

Kubernetes: what `kind create cluster` leaves running, and the files that kubeadm leaves in /etc/kubernetes
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from k8slearn.api.clock import Dice
from k8slearn.api.errors import ApiError
from k8slearn.api.users import User
from k8slearn.apiserver.http import Front
from k8slearn.cluster import Cluster
from k8slearn.live import kubeconfig
from k8slearn.live.asgi import App
from k8slearn.live.calls import Calls
from k8slearn.live.certificates import Authority, write_private
from k8slearn.live.clock import WallClock
from k8slearn.live.driver import Driver
from k8slearn.live.frontproxy import FrontProxy
from k8slearn.live.https import HttpsServer, listen, tls
from k8slearn.live.outside import Switchboard
from k8slearn.node import Kubelet, stages
from k8slearn.store import Store
from k8slearn.store.compaction import Compactor

log = logging.getLogger(__name__)

MEMORY = "memory"
FORGET_EVERY = 5.0  # seconds


def home() -> Path:
    """Where the CA, the tokens and the kubeconfig are kept: $K8SLEARN_HOME, else ~/.k8slearn."""
    return Path(os.environ.get("K8SLEARN_HOME") or Path.home() / ".k8slearn")


@dataclass(frozen=True)
class Settings:
    """What can be chosen. `store`: "memory" or the path of a file. `speed`: virtual seconds per real one.

    `cloud`: whose machines, disks and load balancers it has; what is rented is kept in memory only.
    """

    nodes: int | Sequence[str] = 3
    cpu: str = "8"
    memory: str = "32Gi"
    pods: int = 110
    host: str = "127.0.0.1"
    port: int = 6443
    store: str = MEMORY
    kubeconfig: Path | None = None
    speed: float = 1.0
    stages: tuple[stages.Stage, ...] = stages.REALISTIC
    cloud: str = ""
    home: Path = field(default_factory=home)


class ControlPlane:
    """`run` serves until told to `stop`. Raises PortTaken, or what the store says of its file, on making it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.listener = listen(settings.host, settings.port)
        try:
            self._assemble()
        except BaseException:
            self.listener.close()
            raise

    def _assemble(self) -> None:
        settings = self.settings
        self.authority = Authority(settings.home)
        self.token = secret(settings.home / "token")
        self.clock, self.dice = WallClock(settings.speed), Dice(secrets.randbits(63))
        self.store = open_store(settings.store)
        cluster = recipe(settings, self.authority.pair.certificate.decode())
        self.server = cluster.server(self.clock, self.dice, self.store)
        self.server.signing_key = secret(settings.home / "service-account.key").encode()
        self.server.authenticator.tokens[self.token] = User.called(kubeconfig.USER)
        self.proxy = FrontProxy(settings.home)
        self.proxy.publish(self.server, self.authority.pair.certificate)
        self.calls = Calls(self.store, self.proxy.pair)
        board = Switchboard(self.server, self.calls)
        self.driver = Driver(self.clock, self.server, cluster.components, self.dice, board)
        self.app = App(Front(self.server), self.driver.wake, board, self.calls)
        certificate = self.authority.server({settings.host, "127.0.0.1", "::1", "localhost", "kubernetes"})
        self.https = HttpsServer(self.app, tls(certificate, self.authority.pair), self.listener)

    @property
    def url(self) -> str:
        host, port = self.listener.getsockname()[:2]
        reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
        return f"https://{reached}:{port}"

    @property
    def kubeconfig(self) -> Path:
        return self.settings.kubeconfig or self.settings.home / "config"

    def write_kubeconfig(self) -> Path:
        """Write the file that clients need. Raises FileExistsError when it is somebody else's."""
        content = kubeconfig.config(self.url, self.authority.pair.certificate, token=self.token)
        kubeconfig.write(self.kubeconfig, content)
        return self.kubeconfig

    async def run(self) -> None:
        """Serve, and let everybody work, until `stop` is called. Then every watch is ended properly."""
        self.driver.settle()
        if self.settings.store == MEMORY:
            self.store.compact(self.store.revision)  # versions that clients know are from another life
        workers = [asyncio.create_task(self.driver.run()), asyncio.create_task(self._forget())]
        try:
            await self.https.run_here()
        finally:
            for worker in workers:
                worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*workers)
            await self.calls.close()
            self.close()

    def stop(self) -> None:
        """Ask `run` to end; the second time, without waiting for anybody. May be called from a signal handler."""
        self.https.stop()

    def close(self) -> None:
        self.listener.close()
        self.store.close()

    async def _forget(self) -> None:
        """Five minutes of history is what watches can be resumed from, and less when it gets too much."""
        compactor = Compactor(self.store)
        while True:
            await asyncio.sleep(FORGET_EVERY)
            try:
                compactor.tick(time.monotonic())
            except ApiError:  # of the file; what is not forgotten now will be later
                log.exception("the store could not be compacted")


def recipe(settings: Settings, certificate: str) -> Cluster:
    kubelet = partial(
        Kubelet,
        cpu=settings.cpu,
        memory=settings.memory,
        pods=settings.pods,
        stages=settings.stages,
        reports_images=True,
    )
    return Cluster.complete(
        settings.nodes, kubelet=kubelet, certificate=certificate, cloud=settings.cloud, traffic=True
    )


def open_store(where: str) -> Store:
    if where == MEMORY:
        return Store(keep_history=False)
    from k8slearn.store.disk import DiskStore

    return DiskStore(Path(where))


def secret(path: Path) -> str:
    """A secret kept in a file that only its owner reads; made when it is first asked for."""
    if not path.exists():
        write_private(path, secrets.token_hex(32).encode())
    return path.read_text().strip()
