"""Telling people what happened: Event objects, the lines at the end of ``kubectl describe``.

An Event is a note for humans: it is kept for a while, may be lost, and no component may depend on one.
The same thing happening again raises a count instead of making a new object.

Kubernetes: client-go/tools/record (event.go, events_cache.go).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from k8slearn.api.clock import Clock, timestamp
from k8slearn.api.errors import ApiError
from k8slearn.api.objects import Object, dig, name_of, namespace_of, uid_of
from k8slearn.client import Client


class Recorder:
    """Records events as `component`, about any object."""

    def __init__(self, client: Client, clock: Clock, component: str) -> None:
        self.client = client
        self.clock = clock
        self.component = component
        self.seen: dict[str, int] = {}  # name of an Event -> how often it happened

    def normal(self, about: Object, reason: str, message: str) -> None:
        self._record("Normal", about, reason, message)

    def warning(self, about: Object, reason: str, message: str) -> None:
        self._record("Warning", about, reason, message)

    def _record(self, kind: str, about: Object, reason: str, message: str) -> None:
        digest = blake2b(f"{uid_of(about)}{kind}{reason}{message}".encode(), digest_size=8).hexdigest()
        name = f"{name_of(about)}.{digest}"
        namespace = namespace_of(about) or "default"
        count = self.seen[name] = self.seen.get(name, 0) + 1
        try:
            if count == 1:
                self.client.create(self._event(name, namespace, kind, about, reason, message))
            else:
                again = {"count": count, "lastTimestamp": timestamp(self.clock.now)}
                self.client.patch("events", f"{namespace}/{name}", patch=again)
        except ApiError:
            return  # a note that nobody could take down; the work it tells of is done all the same

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
