"""A queue of keys: fair, without duplicates, with delays and with backoff.

It holds *keys*, never events: ten changes to one object while nobody looks are one entry, because the
reconcile that follows will look at the object as it is then. A key that is being worked on and changes
again is put back when the work is done, so no two workers ever hold the same key.

Kubernetes: client-go/util/workqueue (queue.go, delaying_queue.go, default_rate_limiters.go).
"""

from __future__ import annotations

from collections import deque
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from k8slearn.api.clock import Clock
from k8slearn.api.objects import Key

BASE_DELAY = 0.005  # seconds; doubled with each failure of the same key ...
MAX_DELAY = 1000.0  # ... up to this


class Timer(NamedTuple):
    """A key that comes back later. `background`: housekeeping that nobody is waiting for."""

    due: float
    order: int
    key: Key
    background: bool
    cause: int


class WorkQueue:
    """Pairs: `add` and `get`, `get` and `done`, `retry` and `forget`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.ready: deque[Key] = deque()
        self.since: dict[Key, int] = {}  # the step at which a key became ready
        self.dirty: set[Key] = set()  # wants work
        self.processing: set[Key] = set()  # is being worked on
        self.timers: list[Timer] = []  # a heap
        self.running: dict[tuple[Key, bool], Timer] = {}  # (key, background) -> its timer
        self.failures: dict[Key, int] = {}
        self.causes: dict[Key, list[int]] = {}  # the steps that put a key here, for the trace
        self.set: list[Timer] = []  # timers set since somebody last looked (see Manager)
        self._order = 0

    def __len__(self) -> int:
        return len(self.ready)

    def add(self, key: Key, cause: int | None = None) -> None:
        """This key wants work. Adding it again before it is taken changes nothing."""
        causes = self.causes.setdefault(key, [])
        step = self.clock.step if cause is None else cause
        if step not in causes[-8:]:
            causes.append(step)
        if key in self.dirty:
            return
        self.dirty.add(key)
        if key not in self.processing:
            self._append(key)

    def _append(self, key: Key) -> None:
        self.ready.append(key)
        self.since[key] = self.clock.step

    @property
    def head(self) -> int | None:
        """Since which step the next key has been waiting; None when there is none."""
        return self.since[self.ready[0]] if self.ready else None

    def peek(self) -> tuple[Key, list[int]]:
        """What `get` would return. Raises IndexError when empty."""
        return self.ready[0], self.causes.get(self.ready[0], [])

    def get(self) -> tuple[Key, list[int]]:
        """The next key, and the steps that caused it to be here. Raises IndexError when empty."""
        key = self.ready.popleft()
        del self.since[key]
        self.processing.add(key)
        self.dirty.discard(key)
        return key, self.causes.pop(key, [])

    def done(self, key: Key) -> None:
        """The work on this key is finished; if it was added meanwhile, it goes back to the end."""
        self.processing.discard(key)
        if key in self.dirty:
            self._append(key)

    # --- later ---

    def add_after(self, key: Key, delay: float, *, background: bool = False) -> None:
        """Add the key in `delay` seconds, unless it comes back sooner anyway.

        Awaited and background timers of a key do not stand in for each other.
        """
        if delay <= 0:
            self.add(key)
            return
        due = round(self.clock.now + delay, 6)
        known = self.running.get((key, background))
        if known is not None and known.due <= due:
            return
        if known is not None:
            self.timers.remove(known)
            heapify(self.timers)
        self._order += 1
        timer = self.running[key, background] = Timer(due, self._order, key, background, self.clock.step)
        heappush(self.timers, timer)
        self.set.append(timer)

    def cancel(self, key: Key) -> None:
        """Nobody waits any more for this key to come back by itself."""
        timer = self.running.pop((key, False), None)
        if timer is not None:
            self.timers.remove(timer)
            heapify(self.timers)

    def retry(self, key: Key, *, background: bool = False) -> float:
        """Add the key again after a backoff that doubles with each failure; returns the delay."""
        failures = self.failures.get(key, 0)
        self.failures[key] = failures + 1
        delay = min(BASE_DELAY * 2 ** min(failures, 60), MAX_DELAY)
        self.add_after(key, delay, background=background)
        return delay

    def forget(self, key: Key) -> None:
        """It went well: the next failure starts with the shortest delay again."""
        self.failures.pop(key, None)

    def fire(self) -> list[Timer]:
        """Add every key whose time has come; returns their timers."""
        fired = []
        while self.timers and self.timers[0].due <= self.clock.now:
            timer = heappop(self.timers)
            del self.running[timer.key, timer.background]
            self.add(timer.key)
            fired.append(timer)
        return fired
