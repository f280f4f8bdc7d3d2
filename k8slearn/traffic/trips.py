"""Which ways requests have gone in the last few seconds: who asked, by which router, which address, and how that ended.

Only for those who want to look at it; nothing is decided by it, and it is forgotten soon.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

FRESH = 3  # seconds that are kept
UNDER_WAY = ""  # how a request has ended that has not


class Trip(NamedTuple):
    crowd: str
    node: str  # whose router sent it on; "": none, it came by the ingress
    address: str = ""  # where it was sent; "": nowhere
    pod: str = ""  # whose address that was meant to be: its name


class Trips:
    def __init__(self) -> None:
        self.seconds: dict[int, Counter[tuple[Trip, str]]] = {}  # (trip, how it ended) -> how many

    def went(self, second: int, trip: Trip, how: str) -> None:
        self.seconds.setdefault(second, Counter())[trip, how] += 1

    def ended(self, second: int, trip: Trip, how: str) -> None:
        """One that was under way, if that second is still known."""
        if second in self.seconds:
            self.seconds[second][trip, UNDER_WAY] -= 1
            self.seconds[second][trip, how] += 1

    def forget(self, now: float) -> None:
        for second in [second for second in self.seconds if second < now - FRESH]:
            del self.seconds[second]

    def of(self, second: int) -> dict[tuple[Trip, str], int]:
        """How many went which way in this second, and how they have ended so far."""
        return {key: count for key, count in self.seconds.get(second, {}).items() if count}
