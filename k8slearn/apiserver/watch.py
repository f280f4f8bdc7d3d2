"""A watch as the API server serves it: a cursor that leaves out what was not asked for.

With a label or field selector an object can *move* in and out of sight: a pod whose label changes is
ADDED for those who now select it and DELETED for those who no longer do, whatever really happened.

Kubernetes: apiserver/pkg/storage/cacher/cache_watcher.go (convertToWatchEvent).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from k8slearn.api.errors import Expired
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, freeze, labels_of, namespace_of
from k8slearn.api.requests import WatchEvent
from k8slearn.api.selectors import LabelSelector
from k8slearn.store import Cursor, Entry

INITIAL_EVENTS_END = "k8s.io/initial-events-end"

Matcher = Callable[[Object], bool]


class ServerWatch:
    """One client's watch of one resource. Implements `k8slearn.api.requests.Watch`."""

    def __init__(
        self,
        cursor: Cursor,
        resource: str,
        matches: list[Matcher],
        initial: Iterable[WatchEvent] = (),
        seen_as: Callable[[Object], Object] | None = None,
    ) -> None:
        self.cursor = cursor
        self.resource = resource
        self.matches = matches
        self.seen_as = seen_as  # turns what is stored into the version that the watcher asked for
        self.initial = deque(initial)  # what was there when the watch began, for those who want to be told

    @property
    def revision(self) -> int:
        return self.cursor.revision

    @property
    def lag(self) -> int:
        return len(self.initial) + self.cursor.lag

    @property
    def waiting(self) -> bool:
        if not self.matches or self.initial:
            return self.lag > 0
        try:
            return self.peek() is not None
        except Expired:
            return True

    def peek(self) -> WatchEvent | None:
        if self.initial:
            return self.initial[0]
        while (entry := self.cursor.peek()) is not None:
            event = self._seen(entry)
            if event is not None:
                return event
            self.cursor.take()  # not for us: pass over it
        return None

    def take(self) -> WatchEvent | None:
        event = self.peek()
        if event is not None and self.seen_as is not None and event.type != "BOOKMARK":
            event = event._replace(object=self.seen_as(event.object))  # if that fails, we have not moved
        if self.initial:
            self.initial.popleft()
        elif event is not None:
            self.cursor.take()
        return event

    @property
    def seen(self) -> int:
        """Nothing for this watcher has happened up to here that he does not know."""
        return self.cursor.store.revision if not self.waiting else self.cursor.revision

    def listen(self, bell: Callable[[], None]) -> None:
        """Ring this bell whenever something may be new."""
        self.cursor.listen(bell)

    def seek(self, revision: int) -> None:
        """Go to the place just after `revision` (rewinding a simulation)."""
        self.cursor.seek(revision)

    def close(self) -> None:
        self.cursor.close()

    def _seen(self, entry: Entry) -> WatchEvent | None:
        if not self.matches:
            return WatchEvent(entry.type, entry.object, entry.revision)
        was = entry.previous is not None and self._selects(entry.previous)
        now = entry.type != "DELETED" and self._selects(entry.object)
        if now:
            return WatchEvent("MODIFIED" if was else "ADDED", entry.object, entry.revision)
        if was:
            return WatchEvent("DELETED", _last_seen(entry), entry.revision)
        return None

    def _selects(self, obj: Object) -> bool:
        return all(matches(obj) for matches in self.matches)


def bookmark(resource: Resource, revision: int, *, initial_events_end: bool = False) -> Object:
    """An object that is none: it only says up to which revision the watcher has seen everything."""
    metadata: Object = {"resourceVersion": str(revision)}
    if initial_events_end:
        metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}


class InNamespace:
    """Selects the objects of one namespace."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace

    def __call__(self, obj: Object) -> bool:
        return namespace_of(obj) == self.namespace


class HasLabels:
    """Selects by label: a string as people type it, or a LabelSelector object."""

    def __init__(self, selector: str | Mapping[str, Any]) -> None:
        parse = LabelSelector.parse if isinstance(selector, str) else LabelSelector.of
        self.selector = parse(selector)  # type: ignore[arg-type]

    def __call__(self, obj: Object) -> bool:
        return self.selector.matches(labels_of(obj))


def _last_seen(entry: Entry) -> Object:
    """What the watcher saw last, with the revision at which it lost sight of it."""
    assert entry.previous is not None
    if entry.type == "DELETED":
        return entry.object
    metadata = {**entry.previous["metadata"], "resourceVersion": str(entry.revision)}
    return freeze({**entry.previous, "metadata": metadata})
