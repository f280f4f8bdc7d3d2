"""The manager's moves in real time, here a thousand times as fast."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from k8slearn.api import errors
from k8slearn.api.clock import Dice
from k8slearn.api.requests import Request, Watch
from k8slearn.apiserver import ApiServer
from k8slearn.client import Client
from k8slearn.live.clock import WallClock
from k8slearn.live.driver import Driver
from k8slearn.machinery import Controller
from tests import fakes
from tests.up import PATIENCE


class Busy:
    """Implements Transport: a server that has too much to do for the first lists."""

    def __init__(self, server: ApiServer, refusals: int) -> None:
        self.server, self.kinds, self.left = server, server.kinds, refusals

    def handle(self, request: Request) -> Any:
        if request.verb == "list" and self.left:
            self.left -= 1
            raise errors.ServiceUnavailable("come back later")
        return self.server.handle(request)

    def watch(self, request: Request, bell: Callable[[], None] | None = None) -> Watch:
        return self.server.watch(request, bell)


class Reader(Controller):
    """Its work is done when it has seen the object it waits for."""

    primary = "configmaps"

    def setup(self) -> None:
        self.seen = asyncio.Event()

    def reconcile(self, key: str) -> None:
        self.seen.set()


def test_a_list_that_is_refused_is_tried_again(caplog: Any) -> None:
    async def life() -> Driver:
        clock = WallClock(speed=1000)
        server = fakes.server()
        Client(server).create(fakes.configmap("a"))
        driver = Driver(clock, Busy(server, 3), [Reader], Dice())
        running = asyncio.ensure_future(driver.run())
        async with asyncio.timeout(PATIENCE):
            await driver.manager.players["reader"].seen.wait()
        running.cancel()
        return driver

    caplog.set_level(logging.WARNING)
    driver = asyncio.run(life())
    assert driver.clock.now > 0.8 + 1.6 + 3.2
    assert driver.manager.players["reader"].informers["configmaps"].failures == 0
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    start = "reader, configmaps: cannot list or watch: ServiceUnavailable: come back later; again in "
    assert all(line.startswith(start) for line in said)
