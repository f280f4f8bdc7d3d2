"""Which pod is next, and which pods wait: active, backing off, unschedulable.

    active ──────────▶ a scheduling cycle ──▶ bound
      ▲                        │ no node will do
      │ time is up             ▼
    backing off ◀──────── unschedulable
                 something changed that may help

The active queue is the work queue that every controller has, but who is next is for a plugin to say: with
PrioritySort, the pod with the highest priority, and among equals the one that has waited longest. An unschedulable
pod is not tried again until something has happened of which a plugin that refused it says that it may help (or five
minutes have passed), and never before its backoff is over, which is 1 s after the first attempt and doubles up to 10 s.

Kubernetes: pkg/scheduler/backend/queue/scheduling_queue.go
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import NamedTuple

from k8slearn.api.clock import Clock
from k8slearn.api.objects import Key
from k8slearn.machinery import WorkQueue

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 10.0  # seconds: podInitialBackoffSeconds, podMaxBackoffSeconds
FLUSH = 300.0  # seconds: podMaxInUnschedulablePodsDuration


class Parked(NamedTuple):
    """A pod that fits nowhere as things are."""

    since: float
    like: str  # pods with the same word here will all be helped by the same change
    plugins: frozenset[str] = frozenset()  # who has refused it


class SchedulingQueue(WorkQueue):
    """Pairs: `park` and `release`; `drop` forgets a pod."""

    def __init__(self, clock: Clock, first: float = FIRST_BACKOFF, longest: float = LONGEST_BACKOFF) -> None:
        super().__init__(clock)
        self.first_backoff, self.longest_backoff = first, longest
        self.ranks: dict[Key, tuple[float, ...]] = {}  # pod -> what it is sorted by; lower ones are next
        self.attempts: dict[Key, int] = {}
        self.unschedulable: dict[Key, Parked] = {}
        self.line: list[
            tuple[tuple[float, ...], int, Key]
        ] = []  # a heap of who is ready; out-of-date entries may linger
        self.places: dict[Key, int] = {}  # pod -> its valid entry in the line
        self._entries = 0

    def offer(self, key: Key, rank: float = 0) -> None:
        """A pod that needs a node."""
        self.ranks[key] = (rank,)
        self.add(key)

    def _append(self, key: Key) -> None:
        super()._append(key)
        self._entries += 1
        self.places[key] = self._entries
        heappush(self.line, (self.ranks.get(key, ()), self._entries, key))

    def _next(self) -> Key:
        """Raises IndexError when empty."""
        while self.places.get(self.line[0][2]) != self.line[0][1]:
            heappop(self.line)
        return self.line[0][2]

    def peek(self) -> tuple[Key, list[int]]:
        key = self._next()
        return key, self.causes.get(key, [])

    def get(self) -> tuple[Key, list[int]]:
        key = self._next()
        heappop(self.line)
        del self.places[key]
        if self.ready[0] != key:
            self.ready.remove(key)
            self.ready.appendleft(key)
        return super().get()

    # --- who waits ---

    def park(self, key: Key, like: str = "", plugins: Iterable[str] = ()) -> None:
        """No node will do: wait until something changes, five minutes at most."""
        self.attempts[key] = self.attempts.get(key, 0) + 1
        self.unschedulable[key] = Parked(self.clock.now, like or key, frozenset(plugins))
        self.add_after(key, FLUSH, background=True)

    def release(self, key: Key) -> None:
        """Something has changed that may help: try again as soon as the backoff is over."""
        parked = self.unschedulable.pop(key)
        self.add_after(key, parked.since + self.backoff(key) - self.clock.now)

    def back_off(self, key: Key, *, background: bool = False) -> None:
        """Something went wrong that had nothing to do with the nodes: try again after the backoff."""
        self.attempts[key] = self.attempts.get(key, 0) + 1
        self.add_after(key, self.backoff(key), background=background)

    def backoff(self, key: Key) -> float:
        """Seconds, after so many attempts."""
        return min(self.first_backoff * 2.0 ** min(self.attempts[key] - 1, 60), self.longest_backoff)

    def waits(self, key: Key) -> bool:
        """It is unschedulable, and nothing has happened since. After five minutes it waits no longer."""
        parked = self.unschedulable.get(key)
        return parked is not None and self.clock.now - parked.since < FLUSH

    def drop(self, key: Key) -> None:
        """The pod is bound, or gone."""
        self.ranks.pop(key, None)
        self.attempts.pop(key, None)
        self.unschedulable.pop(key, None)
