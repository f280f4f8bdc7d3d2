"""``k8slearn run FILE --kubeconfig PATH``: the controllers of a file, as a process against any Kubernetes API.

Kubernetes: controller-runtime/pkg/manager (Start)
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from k8slearn.api.clock import Dice
from k8slearn.api.errors import ApiError, NotFound
from k8slearn.api.requests import Transport
from k8slearn.cluster import Component
from k8slearn.live.clock import WallClock
from k8slearn.live.driver import Driver
from k8slearn.live.elected import elected
from k8slearn.live.health import Health
from k8slearn.live.operatorfile import place
from k8slearn.live.remote import Remote, connect
from k8slearn.machinery import Move
from k8slearn.machinery.manager import Outcome

HEALTH_EVERY = 60.0  # seconds
LOOK_AGAIN = 2.0  # seconds, after which it is looked again whether a kind exists or a server answers
NOISY = ("httpx2", "httpcore2", "asyncio")


def run(
    file: Path,
    operators: list[Component],
    kubeconfig: Path | None,
    context: str,
    *,
    quiet: bool = False,
    health_port: int = 0,
    leader_elect: bool = False,
) -> None:
    """Until SIGINT or SIGTERM. Raises NoConfig, ValueError, OSError (the port)."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    remote = connect(kubeconfig, context)
    if leader_elect:
        operators = elected(operators, remote.namespace)
    process = Process(file, operators, remote, quiet=quiet)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(process.run(health_port))


class Process:
    """Waits until everything is there, lets the controllers work, and ends them in peace."""

    def __init__(self, file: Path, operators: list[Component], remote: Remote, *, quiet: bool) -> None:
        self.file, self.operators, self.remote, self.quiet = file, operators, remote, quiet
        self.health = Health()

    async def run(self, health_port: int) -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, ended.set)
        asked = await self.health.serve(health_port) if health_port else contextlib.nullcontext()
        async with asked:
            await _first(self._work(), self._report(), ended.wait())
        if self.health.driver:
            stop(self.health.driver)
        _say(f"stopped: {self.health.line()}")

    async def _work(self) -> None:
        driver = self.health.driver = await self._started()
        _say(f"{', '.join(driver.manager.players)} at {self.remote.http.base_url}; Ctrl-C stops it")
        await driver.run()

    async def _started(self) -> Driver:
        """Everybody wired. Kinds that do not exist yet, and a server that does not answer, are waited for."""
        said = ""
        while True:
            try:
                driver = _Driver(self.remote, self.operators, self._made)
            except NotFound as missing:
                why = f"{missing.message}: apply the CRD first: kubectl apply -f ...; waiting for it"
            except ApiError as error:
                why = f"{error.message}; trying again"
            else:
                call = asyncio.get_running_loop().call_soon_threadsafe
                self.remote.soon = partial(_soon, call, driver)
                return driver
            if why != said:
                _say(why)
            said = why
            await asyncio.sleep(LOOK_AGAIN)

    def _made(self, driver: Driver, move: Move, outcome: Outcome) -> None:
        """A reconcile that failed is told of, with the line of the file at which it did."""
        error = driver.manager.players[move.player].errors.get(outcome.key)
        if error is not None and outcome.result.startswith("error"):
            self.health.errors += 1
            _say(
                f"{move.player} {outcome.key}: {place(error, self.file)}: {outcome.result[len('error: ') :]}"
            )

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(HEALTH_EVERY)
            if not self.quiet:
                _say(self.health.line())


class _Driver(Driver):
    """Tells of every reconcile."""

    def __init__(
        self,
        transport: Transport,
        operators: list[Component],
        tell: Callable[[Driver, Move, Outcome], None],
    ) -> None:
        super().__init__(WallClock(), transport, operators, Dice(secrets.randbits(63)))
        self.tell = tell

    def made(self, move: Move, outcome: Outcome) -> None:
        super().made(move, outcome)
        self.tell(self, move, outcome)


async def _first(*works: Any) -> None:
    """Until one of them is over; raises what that one raises."""
    tasks = [asyncio.ensure_future(work) for work in works]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    for task in done:
        task.result()


def _soon(call: Callable[..., object], driver: Driver, ring: Callable[[], None]) -> None:
    """From the thread of a watch to that of the controllers. Once they have ended, nobody listens."""
    with contextlib.suppress(RuntimeError):
        call(driver.heard, ring)


def stop(driver: Driver) -> None:
    """Say goodbye and close every watch. What was being reconciled is finished: it never waits in between."""
    for player in driver.manager.players.values():
        player.stop()
        for informer in player.informers.values():
            informer.disconnect()


def _say(text: str) -> None:
    click.echo(text, err=True)
