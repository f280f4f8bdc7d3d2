"""The time of day, or a faster one."""

from __future__ import annotations

import time

from k8slearn.api.clock import EPOCH


class WallClock:
    """Implements k8slearn.api.clock.Clock. `held`: while somebody makes up for what he could not do then."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self.step = 0
        self.held: float | None = None
        self._began = time.time() - EPOCH.timestamp()
        self._from = time.monotonic()

    @property
    def now(self) -> float:
        if self.held is not None:
            return self.held
        return self._began + (time.monotonic() - self._from) * self.speed
