"""Lets the manager make its moves in real time: the first that is possible, else sleep until there is one.

The simulation's driver picks the next move by a policy and lets virtual time pass when there is none. This
one differs in two lines: it takes the move that has waited longest, and when there is none it really waits.
All of it, and the HTTP server too, runs in one event loop: the core never sees a second thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping

from k8slearn.api.clock import EPOCH, Dice
from k8slearn.api.requests import Transport
from k8slearn.cluster import Component
from k8slearn.machinery import Manager, Move

log = logging.getLogger(__name__)

SLICE = 0.004  # seconds that the players may work before requests have their turn


class WallClock:
    """The time of day, or a faster one. Implements k8slearn.api.clock.Clock."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self.step = 0
        self._began = time.time() - EPOCH.timestamp()
        self._from = time.monotonic()

    @property
    def now(self) -> float:
        return self._began + (time.monotonic() - self._from) * self.speed


class Driver:
    """One manager in real time. `transport` is what its players are handed."""

    def __init__(
        self, clock: WallClock, transport: Transport, components: list[Component], dice: Dice
    ) -> None:
        self.clock = clock
        self.transport = transport
        self.dice = dice
        self.manager = Manager(clock)
        self.makers: dict[str, Component] = {}
        for component in components:
            self.add(component)
        self._bell = asyncio.Event()

    def add(self, component: Component) -> None:
        player = component()
        self.makers[player.full_name] = component
        self.manager.add(player, self.transport, self.dice)

    def wake(self) -> None:
        """Something has been written: somebody may have something to do."""
        self._bell.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._bell.clear()
            if self.work(SLICE):
                await asyncio.sleep(0)
            else:
                await self._sleep()

    def settle(self, moves: int = 1_000_000) -> None:
        """Make every move that is possible now, and none that has to wait."""
        while moves and self.work_once():
            moves -= 1

    def work(self, seconds: float) -> bool:
        """Make moves for so long; was there one left to make?"""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not self.work_once():
                return False
        return True

    def work_once(self) -> bool:
        move = self._due() or self.manager.first()
        if move is None:
            return False
        self.clock.step += 1
        try:
            self.manager.make(move)
        except Exception:
            log.exception(
                "%s failed while it made its move (%s) and is started anew", move.player, move.action
            )
            self.manager.add(self.makers[move.player](), self.transport, self.dice)
        return True

    def _due(self) -> Move | None:
        alarm = self.manager.next_alarm(background=True)
        return Move(alarm.player, "timer") if alarm is not None and alarm.due <= self.clock.now else None

    async def _sleep(self) -> None:
        """Until the next timer is due or the bell rings."""
        alarm = self.manager.next_alarm(background=True)
        seconds = None if alarm is None else max((alarm.due - self.clock.now) / self.clock.speed, 0.0)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._bell.wait(), seconds)

    def errors(self) -> Mapping[str, Mapping[str, Exception]]:
        """Reconciles that failed and have not succeeded since, by player and key."""
        return {n: dict(p.errors) for n, p in self.manager.players.items() if p.errors}
