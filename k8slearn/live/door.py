"""The door by which the players of this process reach their server, when the server may have to ask somebody first.

A player cannot wait: its reconcile is left (`NotYet`), the call is made by the event loop, and then its key comes back
and everything is done once more, at the same time of day, up to the request whose reply is there now. To the player it
looks as if it had been called a little later. Nobody looks at the answer to a note (an Event), so nobody waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

from k8slearn.api.kinds import Kinds, Resource
from k8slearn.api.objects import Key, dig
from k8slearn.api.requests import Request, Watch
from k8slearn.apiserver import ApiServer
from k8slearn.apiserver.outside import Call, Suspended
from k8slearn.live.clock import WallClock
from k8slearn.live.outside import Switchboard, Turn

KEPT = 30.0  # seconds that a turn is held for a player who does not come back for it

What = tuple[str, str, Key, str]  # verb, resource, key (or how a name begins), subresource


class Door:
    """One player's. Implements k8slearn.api.requests.Transport. `come_back` is called when a reply is there.

    waiting: the keys that were left, and when; "" stands for news that could not be heard.
    """

    def __init__(self, board: Switchboard, come_back: Callable[[], None]) -> None:
        self.board = board
        self.server: ApiServer = board.server
        self.come_back = come_back
        self.turns: dict[What, Turn] = {}
        self.asking: dict[tuple[What, Call], asyncio.Task[None]] = {}
        self.notes: set[asyncio.Task[Any]] = set()
        self.waiting: dict[Key, float] = {}
        self._left = False  # has the move that is being made been left?

    @property
    def kinds(self) -> Kinds:
        return self.server.kinds

    @contextmanager
    def move(self, key: Key, clock: WallClock, resource: str = "") -> Iterator[None]:
        """Inside, the player works on `key`, or hears news of `resource`.

        What it was once called away from happens at the time at which it began.
        """
        since = self.waiting.pop(key, None)
        if since is not None and clock.now - since < KEPT:
            clock.held = since
        began, self._left = clock.now, False
        try:
            with self._listening(resource) if resource else nullcontext():
                yield
        finally:
            clock.held = None
            if self._left:
                self.waiting[key] = began

    @contextmanager
    def _listening(self, resource: str) -> Iterator[None]:
        """A watch may have to ask, too: for objects in the version that is watched."""
        what = ("watch", resource, "", "")
        turn = self.turns.pop(what, None) or self.board.turn(frozen=False)
        try:
            with turn.at_work():
                yield
        except Suspended as why:
            if not self._left:
                self._leave(what, turn, why.call)
            raise

    def handle(self, request: Request) -> Any:
        what = _what(request)
        turn = self._turn(what, request)
        try:
            with turn.at_work():
                answer = self.server.handle(request)
        except Suspended as why:
            if what[1] == "events":
                return self._note_later(turn, request)
            self._leave(what, turn, why.call)
            raise
        except BaseException:
            self.turns.pop(what, None)
            raise
        self.turns.pop(what, None)
        return answer

    def watch(self, request: Request, bell: Callable[[], None] | None = None) -> Watch:
        return self.server.watch(request, bell)

    def _turn(self, what: What, request: Request) -> Turn:
        turn = self.turns.get(what)
        if turn is not None and self.server.clock.now - turn.began < KEPT:
            return turn
        return self.board.turn(frozen=request.writes)

    def _leave(self, what: What, turn: Turn, call: Call) -> None:
        self._left = True
        self.turns[what] = turn
        if (what, call) not in self.asking:  # who has asked before is only too early
            task = self.asking[what, call] = asyncio.ensure_future(self.board.ask(turn, call))
            task.add_done_callback(partial(self._heard, what, call))

    def _heard(self, what: What, call: Call, task: asyncio.Task[None]) -> None:
        del self.asking[what, call]
        if not task.cancelled():
            self.come_back()

    def _note_later(self, turn: Turn, request: Request) -> Any:
        again = replace(request, warnings=[])
        task = asyncio.ensure_future(self.board.answered(turn, partial(self.server.handle, again)))
        self.notes.add(task)
        task.add_done_callback(self._noted)
        return request.body

    def _noted(self, task: asyncio.Task[Any]) -> None:
        """A note that nobody could take down is no misfortune; but somebody may be waiting to read it."""
        self.notes.discard(task)
        if not task.cancelled() and task.exception() is None:
            self.come_back()


def _what(request: Request) -> What:
    """What tells a request from others that one reconcile makes."""
    resource = request.resource.name if isinstance(request.resource, Resource) else request.resource
    stem = dig(request.body, "metadata", "generateName", default="") if request.verb == "create" else ""
    return request.verb, resource, request.key + stem, request.subresource
