"""When to forget: what is older than five minutes, and what is more than memory should hold.

Done often and little by little, so that nobody has to wait for it.

Kubernetes: apiserver/pkg/storage/etcd3/compact.go; the bound is the watch cache's (cacher/watch_cache.go).
"""

from __future__ import annotations

from collections import deque

from k8slearn.store.log import Store

FIVE_MINUTES = 300.0
MOST_ENTRIES = 50_000


class Compactor:
    """Whoever knows the time calls `tick` every few seconds."""

    def __init__(
        self, store: Store, *, seconds: float = FIVE_MINUTES, most_entries: int = MOST_ENTRIES
    ) -> None:
        self.store = store
        self.seconds = seconds
        self.most_entries = most_entries
        self._past: deque[tuple[float, int]] = deque()  # when we looked, and the revision then

    def tick(self, now: float) -> None:
        """Forget what was written `seconds` ago or earlier, and all but the last entries."""
        self._past.append((now, self.store.revision))
        old = self.store.revision - self.most_entries
        while self._past and self._past[0][0] <= now - self.seconds:
            old = max(old, self._past.popleft()[1])
        self.store.compact(old)
