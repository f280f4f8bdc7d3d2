"""``k8slearn run FILE --kubeconfig PATH``: the controllers of a file, as a process against any Kubernetes API.

Kubernetes: controller-runtime/pkg/manager (Start)
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from k8slearn.api.clock import Dice
from k8slearn.api.errors import ApiError, NotFound
from k8slearn.cluster import Component
from k8slearn.live.clock import WallClock
from k8slearn.live.driver import Driver
from k8slearn.live.remote import Remote, connect

HEALTH_EVERY = 60.0  # seconds
LOOK_AGAIN = 2.0  # seconds, after which it is looked again whether a kind exists or a server answers


def run(operators: list[Component], kubeconfig: Path | None, context: str, *, quiet: bool = False) -> None:
    """Until SIGINT or SIGTERM. Raises NoConfig."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for noisy in ("httpx", "httpx2", "httpcore2"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    remote = connect(kubeconfig, context)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_work(operators, remote, quiet=quiet))


async def _work(operators: list[Component], remote: Remote, *, quiet: bool) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended.set)
    ending = asyncio.create_task(ended.wait())
    starting = asyncio.create_task(_started(operators, remote))
    await asyncio.wait([starting, ending], return_when=asyncio.FIRST_COMPLETED)
    if ending.done():
        starting.cancel()
        return
    driver = starting.result()
    _say(f"{', '.join(driver.manager.players)} at {remote.http.base_url}; Ctrl-C stops it")
    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(driver.run())]
    if not quiet:
        tasks.append(asyncio.create_task(_report(driver)))
    done, _ = await asyncio.wait([ending, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    stop(driver)
    _say(f"stopped: {health(driver)}")
    for task in done - {ending}:
        task.result()  # what ended it, if it was not asked to end


async def _started(operators: list[Component], remote: Remote) -> Driver:
    """Everybody wired. Kinds that do not exist yet, and a server that does not answer, are waited for."""
    while True:
        try:
            driver = Driver(WallClock(), remote, operators, Dice(secrets.randbits(63)))
        except NotFound as missing:
            _say(f"{missing.message}: apply its definition (kubectl apply -f ...); waiting for it")
        except ApiError as error:
            _say(f"{error.message}; trying again")
        else:
            call = asyncio.get_running_loop().call_soon_threadsafe
            remote.soon = partial(_soon, call, driver)
            return driver
        await asyncio.sleep(LOOK_AGAIN)


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


# --- how it goes ---


async def _report(driver: Driver) -> None:
    while True:
        await asyncio.sleep(HEALTH_EVERY)
        _say(health(driver))


def health(driver: Driver) -> str:
    """``up 2 min, 14 reconciles, 0 errors, 0 waiting, lag 0``"""
    players = driver.manager.players.values()
    minutes = (time.monotonic() - driver.began) / 60
    waiting = sum(len(p.queue.ready) for p in players)
    lag = sum(i.lag for p in players for i in p.informers.values())
    failing = sum(len(p.errors) for p in players)
    return f"up {minutes:.0f} min, {driver.reconciles} reconciles, {failing} failing, {waiting} waiting, lag {lag}"


def _say(text: str) -> None:
    click.echo(text, err=True)
