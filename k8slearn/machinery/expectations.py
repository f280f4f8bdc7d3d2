"""Remembering what one has just done, because the cache does not know it yet.

A controller that creates three pods and is called again before its watch has told it about them would
see none and create three more. So it writes down "three creations on their way", and does nothing about
that key until it has seen them (or five minutes have passed, in case it never will).

Kubernetes: pkg/controller/controller_utils.go (ControllerExpectations).
"""

from __future__ import annotations

from k8slearn.api.objects import Key

TIMEOUT = 300.0  # seconds


class Expectation:
    """What is still on its way for one key."""

    def __init__(self, creations: int, deletions: frozenset[str], since: float) -> None:
        self.creations = creations
        self.deletions = set(deletions)  # uids: a deletion may be heard of more than once
        self.since = since


class Expectations:
    """By key: creations as a count, deletions by uid. Pairs: `expect_*` and `*_seen`."""

    def __init__(self) -> None:
        self.pending: dict[Key, Expectation] = {}

    def expect(
        self, key: Key, now: float, creations: int = 0, deletions: frozenset[str] = frozenset()
    ) -> None:
        """From `now` (virtual seconds) on, wait for so many creations, or for these uids to go."""
        self.pending[key] = Expectation(creations, deletions, now)

    def creation_seen(self, key: Key) -> None:
        """Seen, or failed: either way it is no longer on its way."""
        if key in self.pending:
            self.pending[key].creations -= 1

    def deletion_seen(self, key: Key, uid: str) -> None:
        if key in self.pending:
            self.pending[key].deletions.discard(uid)

    def satisfied(self, key: Key, now: float) -> bool:
        """May this key be acted upon?"""
        waiting = self.pending.get(key)
        if waiting is None:
            return True
        on_their_way = waiting.creations > 0 or bool(waiting.deletions)
        return not on_their_way or now - waiting.since >= TIMEOUT

    def left(self, key: Key, now: float) -> float:
        """Seconds until this key may be acted upon in any case."""
        return self.pending[key].since + TIMEOUT - now if key in self.pending else 0.0

    def forget(self, key: Key) -> None:
        self.pending.pop(key, None)
