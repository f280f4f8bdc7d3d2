"""A watch that a test listens to, however long the way to the server is.

Over HTTP an event is heard a little later than it happens. So whoever wants the next one waits for the bell; and
whoever wants to say that nothing else was told lets something happen that must be, and looks at what came before it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from k8slearn.api.requests import WatchEvent
from k8slearn.client import Client
from tests.up import PATIENCE

Told = list[tuple[str, str]]  # type of the event, name of the object


class Hearing:
    """One watch. What is given goes to `Client.watch`."""

    def __init__(self, client: Client, *what: str, **how: Any) -> None:
        self.rings = 0
        self._rung = threading.Event()
        self.watch = client.watch(*what, bell=self._ring, **how)

    def _ring(self) -> None:
        self.rings += 1
        self._rung.set()

    def until(self, holds: Callable[[], object]) -> None:
        """Returns as soon as it is so; looks whenever the bell has rung."""
        while True:
            self._rung.clear()  # before looking: what comes meanwhile rings again
            if holds():
                return
            assert self._rung.wait(PATIENCE), "nothing more was told"

    def peek(self) -> WatchEvent:
        self.until(lambda: self.watch.waiting)
        event = self.watch.peek()
        assert event is not None
        return event

    def take(self) -> WatchEvent:
        """The next event, which must come."""
        self.until(lambda: self.watch.waiting)
        event = self.watch.take()
        assert event is not None
        return event

    def before(self, end: str) -> Told:
        """All that is told before an object of this name is heard of."""
        told: Told = []
        while (event := self.take()).object["metadata"]["name"] != end:
            told.append((event.type, event.object["metadata"]["name"]))
        return told
