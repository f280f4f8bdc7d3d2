"""Keeps one part of a component's cache up to date: list once, then watch.

Each event changes the cache first and is then shown to the component, which normally answers by adding
a key to its queue. When the watch has fallen too far behind (410 Expired) or was cut, the informer
lists again and works out what must have happened: whatever came and went meanwhile is never heard of.

A server that refuses to list is not asked again at once: the informer rests first, longer each time, and by chance a
little longer than others do. So a server that has just come back is not run over by all who have waited for it.

Kubernetes: client-go/tools/cache (reflector.go, shared_informer.go, delta_fifo.go).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.api.errors import ApiError, Unreachable
from k8slearn.api.objects import Object, key_of, revision_of, uid_of
from k8slearn.api.requests import Watch, WatchEvent
from k8slearn.machinery.workqueue import Timer

if TYPE_CHECKING:
    from k8slearn.machinery.controller import Controller

FIRST_REST, LONGEST_REST = 0.8, 30.0  # seconds; each is lengthened by chance, to twice as much at most


class Change(NamedTuple):
    """What an informer tells its component. `new` is None after a deletion, `old` before a creation."""

    resource: str
    type: str  # ADDED, MODIFIED, DELETED; SYNC when the same object is shown again
    old: Object | None
    new: Object | None

    @property
    def object(self) -> Object:
        """The object now, or its last known state (Kubernetes: DeletedFinalStateUnknown)."""
        return self.new if self.new is not None else self.old  # type: ignore[return-value]


class Informer:
    """One resource (or the part of it that the selectors name) for one controller."""

    def __init__(self, owner: Controller, resource: str, *, labels: Any = None, fields: str = "") -> None:
        self.owner = owner
        self.resource = resource
        self.selectors = {"labels": labels, "fields": fields}
        self.watch: Watch | None = None
        self.revision = 0  # the newest revision this informer has heard of
        self.synced = False  # has listed at least once
        self.held = False  # a fault: the connection stands still
        self.bell: Callable[[], None] | None = None
        self.failures = 0  # lists that were refused, in a row
        self.error: ApiError | None = None  # why the last one was
        self.resting: Timer | None = None  # until then it does not try again

    @property
    def ready(self) -> bool:
        """Is there anything to do?"""
        if self.held or self.resting is not None:
            return False
        return self.watch is None or self.watch.waiting

    @property
    def lag(self) -> int:
        """How many events wait to be heard."""
        return self.watch.lag if self.watch is not None else 0

    def deliver(self) -> list[Change]:
        """One move: take one event, or list again if there is no watch. Returns what has changed."""
        if self.watch is None:
            return self._try_to_list()
        try:
            event = self.watch.take()
        except ApiError:  # Expired, or whatever else has ended it
            self.disconnect()
            return self._try_to_list()
        if event is None:
            return []
        self.revision = event.revision
        return [self._hear(event)]

    def _try_to_list(self) -> list[Change]:
        """Everything anew; if that is refused, everything stays as it was, and there is a next time."""
        try:
            changes = self.relist()
        except ApiError as error:
            self._rest(error)
            return []
        self.failures, self.error = 0, None
        return changes

    def _rest(self, error: ApiError) -> None:
        """Try again later. Kubernetes: reflector.go, backoffManager (a success does not end its count at once)"""
        clock, owner = self.owner.clock, self.owner
        delay = min(FIRST_REST * 2 ** min(self.failures, 20), LONGEST_REST)
        delay *= 1 + owner.dice.bits("rest", owner.name, self.resource, clock.step, self.failures) / 2**64
        self.failures, self.error = self.failures + 1, error
        due = round(clock.now + delay, 6)
        self.resting = Timer(due, 0, self.resource, not _will_pass(error), clock.step)
        owner.queue.set.append(self.resting)

    def rested(self) -> Timer | None:
        """The end of a rest whose time has come, if there is one."""
        timer = self.resting
        if timer is None or timer.due > self.owner.clock.now:
            return None
        self.resting = None
        return timer

    @property
    def complaint(self) -> str:
        """What the last list was refused for, and when it is tried again; "" when it was not."""
        if self.error is None or self.resting is None:
            return ""
        said, delay = f"{type(self.error).__name__}: {self.error}", self.resting.due - self.owner.clock.now
        return f"error: cannot list or watch: {said}; again in {delay:.3g} s"

    def relist(self) -> list[Change]:
        """Ask for everything, compare with what was known, and watch from there on."""
        found = self.owner.client.list(self.resource, **self.selectors)
        self.watch = self.owner.client.watch(
            self.resource, revision=found.revision, bell=self.bell, **self.selectors
        )
        self.revision, self.synced = found.revision, True
        return self._compare({key_of(o): o for o in found})

    def disconnect(self) -> None:
        """The connection is gone; the next move lists again."""
        if self.watch is not None:
            self.watch.close()
        self.watch = None

    def reconnect(self) -> None:
        """The connection broke, but its place is known: watch on from there, missing nothing."""
        if self.watch is None:
            return  # it has not listed yet, and has no place
        self.disconnect()
        try:
            self.watch = self.owner.client.watch(
                self.resource, revision=self.revision, bell=self.bell, **self.selectors
            )
        except ApiError:
            self.watch = None

    def resync(self) -> list[Change]:
        """Show the component everything it knows once more. From the cache: asks nobody."""
        known = self.owner.cache.objects.get(self.resource, {})
        return [Change(self.resource, "SYNC", o, o) for o in known.values()]

    # --- going back ---

    def save(self) -> tuple[Any, ...]:
        connected = self.watch is not None
        return connected, self.revision, self.synced, self.held, self.failures, self.error, self.resting

    def load(self, saved: tuple[Any, ...]) -> None:
        """Put the informer back where `save` found it; its watch must be one that can seek."""
        connected, self.revision, self.synced, self.held, self.failures, self.error, self.resting = saved
        if connected and self.watch is None:
            self.watch = self.owner.client.watch(self.resource, bell=self.bell, **self.selectors)
        if connected:
            self.watch.seek(self.revision)  # type: ignore[union-attr]
        else:
            self.disconnect()

    def _hear(self, event: WatchEvent) -> Change:
        obj = None if event.type == "DELETED" else event.object
        old = self.owner.cache.put(self.resource, key_of(event.object), obj)
        if obj is None:
            return Change(self.resource, "DELETED", old if old is not None else event.object, None)
        return Change(self.resource, "MODIFIED" if old is not None else "ADDED", old, obj)

    def _compare(self, found: dict[str, Object]) -> list[Change]:
        cache, changes = self.owner.cache, []
        known = dict(cache.objects.get(self.resource, {}))
        for key, old in known.items():
            if key not in found:
                cache.put(self.resource, key, None)
                changes.append(Change(self.resource, "DELETED", old, None))
        for key, obj in found.items():
            before = known.get(key)
            if before is not None and revision_of(before) == revision_of(obj):
                continue
            cache.put(self.resource, key, obj)
            if before is not None and uid_of(before) != uid_of(obj):  # deleted, and made again
                changes.append(Change(self.resource, "DELETED", before, None))
                before = None
            kind = "MODIFIED" if before is not None else "ADDED"
            changes.append(Change(self.resource, kind, before, obj))
        return changes


def _will_pass(error: ApiError) -> bool:
    """Is it a matter of moments, so that a cluster is not at rest before it is over?

    A server that is busy comes back by itself. A kind that is gone, a right that is missing or a cable that is cut
    waits for somebody else, and whoever asks for it now and then keeps house.
    """
    return not isinstance(error, Unreachable) and (error.code in (410, 429) or error.code >= 500)
