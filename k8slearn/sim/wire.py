"""What lies between a player and the API server: it writes down every call, and can be broken.

Each player has its own wire, so one can be cut while the others talk on. Forced failures are numbered
by call, which makes them part of a schedule that can be replayed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from k8slearn.api.errors import ApiError, ServerTimeout, Unreachable
from k8slearn.api.kinds import Kinds
from k8slearn.api.objects import Key, make_key
from k8slearn.api.requests import ObjectList, Request, Transport, Watch
from k8slearn.sim.ondemand import Rule, met
from k8slearn.store import Store

READS = ("get", "list", "watch")
ANSWER_LOST = "the request has been carried out, but its answer is lost"
DONE = "done"  # the note on a call to what lies outside of the cluster (`outsideworld`)


class Call(NamedTuple):
    """One request that a player made, and how it was answered."""

    verb: str
    resource: str
    key: Key
    subresource: str = ""
    code: int = 200
    revision: int = 0  # of what it wrote; 0 when nothing was written
    note: str = ""

    @property
    def ok(self) -> bool:
        return self.code < 400

    @property
    def took_effect(self) -> bool:
        """Has it changed something, in the store or outside of the cluster?"""
        return bool(self.revision) or (self.note == DONE and self.verb not in READS)

    @property
    def what(self) -> str:
        """``pods/binding default/web-1``"""
        resource = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        return f"{resource} {self.key}".strip()

    def __str__(self) -> str:
        return f"{self.verb} {self.what} {self._answer}"

    @property
    def _answer(self) -> str:
        if not self.ok:
            return f"-> {self.code} {self.note}"
        if self.revision:
            return f"@{self.revision}"
        if self.note == DONE:
            return "(done)"
        return f"({self.note or 'read'})" if self.verb in READS else "(no change)"


class Crashed(BaseException):
    """The player died at this very moment. Not an Exception: no reconcile may catch its own death."""


@dataclass(frozen=True)
class Faults:
    """What is wrong with one player's connection; replaced, never edited. Writes are counted from 1."""

    cut: bool = False
    crash_after: frozenset[int] = frozenset()  # die right after the nth write went through
    refuse: dict[int, ApiError] = field(default_factory=dict)  # answer the nth write with this
    lose: frozenset[int] = frozenset()  # the nth write goes through, but its answer is lost
    rules: tuple[Rule, ...] = ()  # errors on demand


class Wire:
    """Implements Transport for one player."""

    def __init__(self, player: str, server: Transport, store: Store) -> None:
        self.player = player
        self.server = server
        self.store = store  # only to read off what a call has written
        self.calls: list[Call] = []  # of the step being made
        self.faults = Faults()
        self.writes = 0

    @property
    def kinds(self) -> Kinds:
        return self.server.kinds

    def handle(self, request: Request) -> Any:
        before, luck = self.store.revision, self._luck(request)
        try:
            answer = self._answer(request, luck)
        except ApiError as error:
            self._note(request, request.key, error.code, 0, error.reason)
            raise
        written = self.store.revision if self.store.revision > before else 0
        self._note(request, _key(request, answer), 200, written, _size(answer))
        if request.writes:
            self.die_if_told()
            if self.writes in self.faults.lose:
                raise ServerTimeout(ANSWER_LOST)
        if luck is not None:
            raise ServerTimeout(ANSWER_LOST)
        return answer

    def die_if_told(self) -> None:
        """A write has gone through: was it the last one?"""
        if self.writes in self.faults.crash_after:
            raise Crashed(f"{self.player} crashed after its write number {self.writes}")

    def watch(self, request: Request, bell: Callable[[], None] | None = None) -> Watch:
        self._check_connection()
        return self.server.watch(request, bell)

    def _luck(self, request: Request) -> Rule | None:
        """The rule that strikes this request."""
        if not self.faults.rules:
            return None
        rules, found = met(self.faults.rules, request)
        self.faults = replace(self.faults, rules=rules)
        return found

    def _answer(self, request: Request, luck: Rule | None) -> Any:
        self._check_connection()
        if request.writes:
            self.writes += 1
            if self.writes in self.faults.refuse:
                raise self.faults.refuse[self.writes]
        if luck is not None and luck.error is not None:
            raise luck.error
        return self.server.handle(request)

    def _check_connection(self) -> None:
        if self.faults.cut:
            raise Unreachable("the API server does not answer (the connection is cut)")

    def _note(self, request: Request, key: Key, code: int, revision: int, note: str) -> None:
        call = Call(request.verb, str(request.resource), key, request.subresource, code, revision, note)
        self.calls.append(call)

    def save(self) -> tuple[int, Faults]:
        return self.writes, self.faults

    def load(self, saved: tuple[int, Faults]) -> None:
        self.writes, self.faults = saved

    def take_calls(self) -> list[Call]:
        """The calls since this was last asked."""
        calls, self.calls = self.calls, []
        return calls


def _key(request: Request, answer: Any) -> Key:
    """The key of what was written, with the name that the server may have made up."""
    if request.verb == "create" and not request.subresource:
        return make_key(request.namespace, answer["metadata"]["name"])
    return request.key


def _size(answer: Any) -> str:
    return f"{len(answer)} items" if isinstance(answer, ObjectList) else ""
