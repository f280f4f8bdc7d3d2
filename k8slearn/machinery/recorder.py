"""Telling people what happened: Event objects, the lines at the end of ``kubectl describe``.

An Event is a note for humans: it is kept for a while, may be lost, and no component may depend on one.
The same thing happening again raises a count instead of making a new object.

Kubernetes: client-go/tools/record (event.go, events_cache.go).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from k8slearn.api.clock import EPOCH, Clock, timestamp
from k8slearn.api.errors import ApiError
from k8slearn.api.objects import Object, dig, name_of, namespace_of, uid_of
from k8slearn.client import Client

MOST_SEEN = 4096  # what happened before that long is forgotten, and told anew: maxLruCacheEntries


class Recorder:
    """Records events as `component`, about any object."""

    def __init__(self, client: Client, clock: Clock, component: str) -> None:
        self.client = client
        self.clock = clock
        self.component = component
        self.seen: dict[str, tuple[str, int]] = {}  # what happened -> name of its Event, and how often

    def normal(self, about: Object, reason: str, message: str) -> None:
        self._record("Normal", about, reason, message)

    def warning(self, about: Object, reason: str, message: str) -> None:
        self._record("Warning", about, reason, message)

    def _record(self, kind: str, about: Object, reason: str, message: str) -> None:
        what = f"{uid_of(about)} {kind} {reason} {message}"
        name, count = self.seen.get(what) or (self._name(about), 0)
        namespace, count = namespace_of(about) or "default", count + 1
        self.seen[what] = (name, count)
        if len(self.seen) > MOST_SEEN:
            del self.seen[next(iter(self.seen))]
        try:
            if count == 1:
                self.client.create(self._event(name, namespace, kind, about, reason, message))
            else:
                again = {"count": count, "lastTimestamp": timestamp(self.clock.now)}
                self.client.patch("events", f"{namespace}/{name}", patch=again)
        except ApiError:
            return  # a note that nobody could take down; the work it tells of is done all the same

    def _name(self, about: Object) -> str:
        """The object's name and the moment in nanoseconds: a list of events by name tells them in order.

        Virtual time can stand still, so the moment is counted on within itself, apart for each component.
        """
        moment = round((EPOCH.timestamp() + self.clock.now) * 1e6) * 1000
        apart = blake2b(self.component.encode(), digest_size=2).digest()[0]
        return f"{name_of(about)}.{moment + len(self.seen) * 256 + apart:x}"

    def _event(
        self, name: str, namespace: str, kind: str, about: Object, reason: str, message: str
    ) -> Object:
        now = timestamp(self.clock.now)
        involved: dict[str, Any] = {k: about[k] for k in ("apiVersion", "kind")}
        involved |= {"name": name_of(about), "namespace": namespace_of(about), "uid": uid_of(about)}
        involved["resourceVersion"] = dig(about, "metadata", "resourceVersion", default="")
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {k: v for k, v in involved.items() if v},
            "type": kind,
            "reason": reason,
            "message": message,
            "source": {"component": self.component},
            "reportingComponent": self.component,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
