"""Which pod is next, and which pods wait: active, backing off, unschedulable.

    active ──────────▶ a scheduling cycle ──▶ bound
      ▲                        │ no node will do
      │ time is up             ▼
    backing off ◀──────── unschedulable
                 something changed that may help

The active queue is the work queue that every controller has, but the pod with the highest priority is next,
and among equals the one that has waited longest. An unschedulable pod is not tried again until a node has
changed in a way that lets it in (or five minutes have passed), and never before its backoff is over, which
is 1 s after the first attempt and doubles up to 10 s.

Kubernetes: pkg/scheduler/backend/queue/scheduling_queue.go, plugins/queuesort
"""

from __future__ import annotations

from typing import NamedTuple

from k8slearn.api.clock import Clock
from k8slearn.api.objects import Key
from k8slearn.machinery import WorkQueue

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 10.0  # seconds: podInitialBackoffSeconds, podMaxBackoffSeconds
FLUSH = 300.0  # seconds: podMaxInUnschedulablePodsDuration


class Parked(NamedTuple):
    since: float
    like: str  # pods with the same word here will all be helped by the same change


class SchedulingQueue(WorkQueue):
    """Pairs: `park` and `release`; `drop` forgets a pod."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.priorities: dict[Key, int] = {}  # of pods that have one
        self.attempts: dict[Key, int] = {}
        self.unschedulable: dict[Key, Parked] = {}

    def offer(self, key: Key, priority: int) -> None:
        """A pod that needs a node."""
        if priority:
            self.priorities[key] = priority
        self.add(key)

    def get(self) -> tuple[Key, list[int]]:
        if self.priorities and self.ready:
            best = max(self.ready, key=self._priority)
            self.ready.remove(best)
            self.ready.appendleft(best)
        return super().get()

    def _priority(self, key: Key) -> int:
        return self.priorities.get(key, 0)

    def park(self, key: Key, like: str = "") -> None:
        """No node will do: wait until something changes, five minutes at most."""
        self.attempts[key] = self.attempts.get(key, 0) + 1
        self.unschedulable[key] = Parked(self.clock.now, like or key)
        self.add_after(key, FLUSH, background=True)

    def release(self, key: Key) -> None:
        """Something has changed that may help: try again as soon as the backoff is over."""
        parked = self.unschedulable.pop(key)
        self.add_after(key, parked.since + self.backoff(key) - self.clock.now)

    def backoff(self, key: Key) -> float:
        return min(FIRST_BACKOFF * 2 ** (self.attempts[key] - 1), LONGEST_BACKOFF)

    def waits(self, key: Key) -> bool:
        """It is unschedulable, and nothing has happened since. After five minutes it waits no longer."""
        parked = self.unschedulable.get(key)
        return parked is not None and self.clock.now - parked.since < FLUSH

    def drop(self, key: Key) -> None:
        """The pod is bound, or gone."""
        self.priorities.pop(key, None)
        self.attempts.pop(key, None)
        self.unschedulable.pop(key, None)
