"""Requests that have to wait until somebody outside has answered, while everybody else goes on.

The server never waits: it says whom to ask (`Suspended`) and forgets the request. Here the call is made, and then the
request is answered from its beginning, with the reply at hand. That comes to an end because nothing else is different
the second time: a `Turn` holds the clock and the dice. If the world has changed meanwhile, the question is another one,
and is asked; the real server, whose compare-and-swap has failed, does the same.

Kubernetes: the goroutine of a request, which simply waits
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from k8slearn.api.clock import Clock
from k8slearn.apiserver import ApiServer
from k8slearn.apiserver.outside import Call, CallFailed, Program, Reply, Suspended

log = logging.getLogger(__name__)

T = TypeVar("T")

Caller = Callable[[Call], Awaitable[Reply]]  # raises CallFailed


@dataclass(slots=True)
class Stopped:
    """A clock that stands still. Implements k8slearn.api.clock.Clock."""

    now: float
    step: int


class Turn:
    """One request, answered as often as it takes. Implements k8slearn.apiserver.outside.Outside.

    `frozen`: time stands still for it, which only a write needs. `at_hand`: programs of this process, which need no
    call, by place.
    """

    def __init__(
        self, server: ApiServer, number: int, at_hand: Mapping[str, Program], *, frozen: bool = True
    ) -> None:
        self.server = server
        self.number = number
        self.at_hand = at_hand
        self.began = server.clock.now
        self.clock: Clock = Stopped(server.clock.now, server.clock.step) if frozen else server.clock
        self.replies: dict[Call, Reply | CallFailed] = {}

    def __call__(self, call: Call) -> Reply:
        if call.place in self.at_hand:
            return self.at_hand[call.place](call)
        found = self.replies.get(call)
        if found is None:
            raise Suspended(call)
        if isinstance(found, CallFailed):
            raise CallFailed(str(found))
        return found

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Inside, the server answers this request and no other."""
        server = self.server
        before = server.clock, server.turn, server.outside
        server.clock, server.turn, server.outside = self.clock, f"turn {self.number}", self
        try:
            yield
        finally:
            server.clock, server.turn, server.outside = before


class Switchboard:
    """Gives out turns, and makes the calls for which they wait."""

    def __init__(self, server: ApiServer, caller: Caller) -> None:
        self.server = server
        self.caller = caller
        self.at_hand: dict[str, Program] = {}
        self.turns = 0

    def turn(self, *, frozen: bool = True) -> Turn:
        self.turns += 1
        return Turn(self.server, self.turns, self.at_hand, frozen=frozen)

    async def answered(self, turn: Turn, answer: Callable[[], T]) -> T:
        """What `answer` returns, as soon as nothing is missing that it needs."""
        while True:
            try:
                with turn.at_work():
                    return answer()
            except Suspended as why:
                await self.ask(turn, why.call)

    async def ask(self, turn: Turn, call: Call) -> None:
        """Make one call, and note what came of it."""
        try:
            turn.replies[call] = await self.caller(call)
        except CallFailed as error:
            turn.replies[call] = error
        except Exception as error:  # a mistake of our own; whoever waits must not wait for ever
            log.exception("calling %s%s failed", call.place, call.target)
            turn.replies[call] = CallFailed(str(error))
