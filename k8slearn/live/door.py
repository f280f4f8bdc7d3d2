"""The door by which the players of this process reach their server, when the server may have to ask somebody first.

A player cannot wait: its reconcile is left (`NotYet`), the call is made by the event loop, and then its key comes back
and everything is done once more, at the same time of day, up to the request whose reply is there now. To the player it
looks as if it had been called a little later. Nobody looks at the answer to a note (an Event), so nobody waits for it.

A move that asks three times is begun four times. So what has been answered is kept until the move has been made to its
end, however long the others take: who had to ask anew for what is known already would never get on. It is kept under
a name that tells each request of a move from all others: two looks at one object are two requests, even more so if they
look at it in two versions.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from k8slearn.api.kinds import Kinds, Resource
from k8slearn.api.objects import Key, dig
from k8slearn.api.requests import Request, Watch
from k8slearn.apiserver import ApiServer
from k8slearn.apiserver.outside import Call, Suspended
from k8slearn.live.clock import WallClock
from k8slearn.live.outside import Switchboard, Turn

LOOKS = ("get", "list")


class Errand(NamedTuple):
    """What a move is about: a key that is reconciled, or a kind of which there is news."""

    key: Key = ""
    resource: str = ""


class What(NamedTuple):
    """What tells a request from the others that one move makes."""

    verb: str
    resource: str  # and of several versions, which
    key: Key = ""  # or how a name begins
    subresource: str = ""
    nth: int = 1  # of those that are the same in all this


class Door:
    """One player's. Implements k8slearn.api.requests.Transport. `come_back` is called when a reply is there.

    waiting: the moves that were left, and when they began.
    """

    def __init__(self, board: Switchboard, come_back: Callable[[], None]) -> None:
        self.board = board
        self.server: ApiServer = board.server
        self.come_back = come_back
        self.turns: dict[Errand, dict[What, Turn]] = {}
        self.asking: dict[tuple[Errand, What, Call], asyncio.Task[None]] = {}
        self.notes: set[asyncio.Task[Any]] = set()
        self.waiting: dict[Errand, float] = {}
        self._errand = Errand()  # of the move that is being made
        self._left = False  # has it been left?
        self._made: Counter[What] = Counter()  # its requests so far, without their numbers

    @property
    def kinds(self) -> Kinds:
        return self.server.kinds

    @contextmanager
    def move(self, key: Key, clock: WallClock, resource: str = "") -> Iterator[None]:
        """Inside, the player works on `key`, or hears news of `resource`.

        What it was once called away from happens at the time at which it began.
        """
        errand = self._errand = Errand(key, resource)
        clock.held = self.waiting.pop(errand, None)
        began, self._left = clock.now, False
        self._made.clear()
        try:
            with self._listening(resource) if resource else nullcontext():
                yield
        finally:
            clock.held = None
            if self._left:
                self.waiting[errand] = began
            else:
                self.turns.pop(errand, None)

    @contextmanager
    def _listening(self, resource: str) -> Iterator[None]:
        """A watch may have to ask, too: for objects in the version that is watched."""
        what = What("watch", resource)
        turn = self._mine.get(what) or self.board.turn(frozen=False)
        try:
            with turn.at_work():
                yield
        except Suspended as why:
            if not self._left:
                self._leave(what, turn, why.call)
            raise

    @property
    def _mine(self) -> dict[What, Turn]:
        """The turns of this move."""
        return self.turns.setdefault(self._errand, {})

    def handle(self, request: Request) -> Any:
        what = self._what(request)
        turn = self._mine.get(what) or self.board.turn(frozen=request.writes)
        try:
            with turn.at_work():
                answer = self.server.handle(request)
        except Suspended as why:
            if self.kinds.named(request.resource).name == "events":
                return self._note_later(turn, request)
            self._leave(what, turn, why.call)
            raise
        except BaseException:
            self._answered(what, turn)
            raise
        self._answered(what, turn)
        return answer

    def watch(self, request: Request, bell: Callable[[], None] | None = None) -> Watch:
        return self.server.watch(request, bell)

    def _what(self, request: Request) -> What:
        row = request.resource
        resource = f"{row.api_version} {row.plural}" if isinstance(row, Resource) else row
        stem = dig(request.body, "metadata", "generateName", default="") if request.verb == "create" else ""
        what = What(request.verb, resource, request.key + stem, request.subresource)
        self._made[what] += 1
        return what._replace(nth=self._made[what])

    def _answered(self, what: What, turn: Turn) -> None:
        """A write has been made. A look is made again if the move is left later, and need not ask again then."""
        if what.verb not in LOOKS:
            self._mine.pop(what, None)
        elif turn.replies:
            self._mine[what] = turn

    def _leave(self, what: What, turn: Turn, call: Call) -> None:
        self._left = True
        self._mine[what] = turn
        asked = (self._errand, what, call)
        if asked not in self.asking:  # who has asked before is only too early
            task = self.asking[asked] = asyncio.ensure_future(self.board.ask(turn, call))
            task.add_done_callback(partial(self._heard, asked))

    def _heard(self, asked: tuple[Errand, What, Call], task: asyncio.Task[None]) -> None:
        del self.asking[asked]
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
