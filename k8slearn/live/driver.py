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
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object
from k8slearn.api.requests import NotYet, Transport
from k8slearn.apiserver.outside import served
from k8slearn.cluster import Component
from k8slearn.live.clock import WallClock
from k8slearn.live.door import Door
from k8slearn.live.outside import Switchboard
from k8slearn.machinery import Around, Controller, Manager, Move
from k8slearn.machinery.manager import Outcome

log = logging.getLogger(__name__)

SLICE = 0.004  # seconds that the players may work before requests have their turn


class Driver:
    """One manager in real time. `transport` is what its players are handed.

    board: who calls webhooks for the server, if that is in this process, too.
    """

    def __init__(
        self,
        clock: WallClock,
        transport: Transport,
        components: list[Component],
        dice: Dice,
        board: Switchboard | None = None,
    ) -> None:
        self.clock = clock
        self.transport = transport
        self.dice = dice
        self.board = board
        self.doors: dict[str, Door] = {}
        self.manager = Manager(clock)
        self.makers: dict[str, Component] = {}
        self.outside: list[Any] = []  # what does not stand still out there
        self.began, self.reconciles = time.monotonic(), 0
        for component in components:
            self.add(component)
        self._bell = asyncio.Event()

    def add(self, component: Component) -> None:
        player = component()
        self.makers[player.full_name] = component
        self._enter(player)

    def _enter(self, player: Controller) -> None:
        name, transport = player.full_name, self.transport
        if player.starts_others:
            player.host = self
        if self.board is not None:
            transport = self.doors[name] = Door(self.board, partial(self._come_back, name))
            if place := getattr(player, "serves", ""):
                self.board.at_hand[place] = partial(served, player.answer)  # type: ignore[attr-defined]
        self.outside += [system for system in _moving(player) if system not in self.outside]
        self.manager.add(player, transport, self.dice)

    # --- players that come and go: implements k8slearn.machinery.controller.Host ---

    def players(self) -> Iterable[str]:
        return list(self.manager.players)

    def start(self, component: Component) -> None:
        self.add(component)

    def stop(self, name: str) -> None:
        self.manager.remove(name)
        self.doors.pop(name, None)
        del self.makers[name]

    def _come_back(self, name: str) -> None:
        """Somebody has answered: what this player has left because of it can be done now."""
        player = self.manager.players.get(name)
        if player is None:
            return
        for errand in self.doors[name].waiting:
            if errand.key:
                player.queue.add(errand.key)
        self.manager.touch(name)
        self.wake()

    def wake(self) -> None:
        """Something has been written: somebody may have something to do."""
        self._bell.set()

    def heard(self, ring: Callable[[], None]) -> None:
        """A watch has something new: ring its bell, and wake up."""
        ring()
        self.wake()

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
        self.pass_time()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not self.work_once():
                return False
        return True

    def pass_time(self) -> None:
        """Since we looked last nobody here has moved; whoever does not stand still outside of the cluster has."""
        if self.outside:
            now = self.clock.now
            seen = Around(now, self.dice, self.manager.players, self.objects)
            for system in self.outside:
                system.pass_time(seen, now)

    def objects(self, resource: str, key: str) -> Object | None:
        """What the store has, if it is here."""
        return self.board.server.store.get(resource, key) if self.board is not None else None

    def work_once(self) -> bool:
        move = self._due() or self.manager.first()
        if move is None:
            return False
        self.clock.step += 1
        try:
            with self._with_door(move):
                outcome = self.manager.make(move)
            self.made(move, outcome)
        except NotYet:
            self.manager.deliveries.pop(move, None)  # announced again when there is an answer
        except Exception:
            log.exception(
                "%s failed while it made its move (%s) and is started anew", move.player, move.action
            )
            self._enter(self.makers[move.player]())
        return True

    def made(self, move: Move, outcome: Outcome) -> None:
        """A move has been made: of whom, and what it turned out to be."""
        self.reconciles += move.action == "reconcile"
        if move.action == "deliver" and outcome.result:
            log.warning("%s, %s: %s", move.player, move.resource, outcome.result.removeprefix("error: "))

    def _with_door(self, move: Move) -> AbstractContextManager[None]:
        if self.board is None:
            return contextlib.nullcontext()
        queue = self.manager.players[move.player].queue
        key = queue.peek()[0] if move.action == "reconcile" else ""
        return self.doors[move.player].move(key, self.clock, move.resource)

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


def _moving(player: Controller) -> list[Any]:
    """The systems outside of the cluster that a player works with and that do something all the time."""
    found = [getattr(player, system, None) for system in player.outside]
    return [system for system in found if hasattr(system, "pass_time")]
