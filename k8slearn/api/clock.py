"""Time and chance, as the control plane sees them: handed in from outside, never looked up.

Nobody below `sim` and `live` knows what time it is. They are given a `Clock` to read and a `Dice` to
roll, and both answer the same way every time the same history is played again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)  # second 0 of every simulated world


class Clock(Protocol):
    """What time it is, in seconds since the world began, and which move is being made."""

    step: int

    @property
    def now(self) -> float:
        """Seconds since the world began."""


@lru_cache(4096)
def timestamp(seconds: float) -> str:
    """RFC 3339 with whole seconds, as metav1.Time is written: ``2026-01-01T00:00:03Z``."""
    return (EPOCH + timedelta(seconds=int(seconds))).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(4096)
def micro_timestamp(seconds: float) -> str:
    """RFC 3339 with microseconds, as metav1.MicroTime is written (leases, events)."""
    return (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@lru_cache(4096)
def seconds_of(text: str) -> float:
    """The inverse of `timestamp` and `micro_timestamp`."""
    return (datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH).total_seconds()


class Dice:
    """Chance without memory: the same question always gets the same answer.

    Because nothing is consumed by asking, a history can be rewound and replayed, and a component
    that asks one question more does not change everybody else's luck.
    """

    #: The letters of generated names. Without vowels, so that no name spells a word; without 0, 1
    #: and 3. Kubernetes: apimachinery/pkg/util/rand
    LETTERS = "bcdfghjklmnpqrstvwxz2456789"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def bits(self, *question: object) -> int:
        """64 fair bits for this question."""
        text = repr((self.seed, *question)).encode()
        return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")

    def below(self, n: int, *question: object) -> int:
        """A number from 0 to n - 1."""
        return self.bits(*question) % n

    def suffix(self, *question: object, length: int = 5) -> str:
        """What replaces the end of a generateName: ``x7k2q``."""
        bits, letters = self.bits(*question), []
        for _ in range(length):
            bits, which = divmod(bits, len(self.LETTERS))
            letters.append(self.LETTERS[which])
        return "".join(letters)

    def uid(self, *question: object) -> str:
        """A random-looking UUID (version 4)."""
        digest = blake2b(repr((self.seed, *question)).encode(), digest_size=16).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:]}"
