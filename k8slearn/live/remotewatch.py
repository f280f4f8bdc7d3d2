"""One watch over HTTP: a thread that reads events from the wire into a buffer, which the controller empties.

A stream that ends (they all do) is begun again where it was. What ends the watch is a refusal (that place has been
forgotten, that kind is gone); then the reader must list again.

Kubernetes: client-go/rest/watch, client-go/tools/cache (reflector.go, watchHandler)
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx2

from k8slearn.api.errors import ApiError, Expired, ServerTimeout, from_status
from k8slearn.api.objects import Object, freeze
from k8slearn.api.requests import WatchEvent

if TYPE_CHECKING:
    from k8slearn.live.remote import Remote

MOST = 1000  # events that may wait; then the wire must
LASTS = (300, 600)  # seconds, between which the time of a stream is drawn
PATIENCE = 30.0  # seconds beyond that time in which a silent stream counts as dead
BROKEN = (httpx2.TransportError, httpx2.StreamError, ValueError, KeyError, TypeError)  # or it made no sense
PAUSES = (0.05, 30.0)  # seconds before a broken stream is begun again: at first, at most


class RemoteWatch:
    """Implements k8slearn.api.requests.Watch. Begins after `revision`; raises Expired if that is forgotten."""

    def __init__(
        self, remote: Remote, url: str, query: dict[str, str], revision: int, bell: Callable[[], None] | None
    ) -> None:
        self.remote, self.url, self.query, self.bell = remote, url, query, bell
        self.revision = revision  # everything up to here has been taken
        self.read = revision  # everything up to here has been read
        self.events: deque[WatchEvent] = deque()
        self.error: ApiError | None = None
        self.closed = False
        self._room = threading.Condition()
        self._stream: httpx2.Response | None = self._open()
        threading.Thread(target=self._run, name=f"watch {url}", daemon=True).start()

    # --- for the controller ---

    @property
    def waiting(self) -> bool:
        return bool(self.events) or self.error is not None

    @property
    def lag(self) -> int:
        return len(self.events)

    def peek(self) -> WatchEvent | None:
        if self.events:
            return self.events[0]
        if self.error is not None:
            raise self.error
        return None

    def take(self) -> WatchEvent | None:
        event = self.peek()
        if event is not None:
            with self._room:
                self.events.popleft()
                self._room.notify()
            self.revision = event.revision
        elif not self.waiting:
            self.revision = self.read  # bookmarks tell how far nothing has happened
        return event

    def seek(self, revision: int) -> None:
        raise RuntimeError("a watch of another server cannot go back in time")

    def close(self) -> None:
        """The thread ends, even one that waits for a silent server."""
        with self._room:
            self.closed = True
            self._room.notify()
            if self._stream is not None:
                _cut(self._stream)

    # --- the thread ---

    def _run(self) -> None:
        pause = PAUSES[0]
        while not self.closed:
            before = self.read
            try:
                self._listen()
            except BROKEN:
                pass  # begin again where we were
            except ApiError as error:
                if not _may_pass(error):
                    self._end(error)
                    return
            except RuntimeError:
                if self.closed or self.remote.http.is_closed:
                    return
                raise
            pause = PAUSES[0] if self.read > before else min(pause * 2, PAUSES[1])
            with self._room:
                self._room.wait_for(lambda: self.closed, pause * random.uniform(0.5, 1))

    def _open(self) -> httpx2.Response:
        """A stream from where we are. Raises ApiError."""
        seconds = random.randint(*LASTS)
        query = {**self.query, "watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        query["resourceVersion"] = str(self.read)
        return self.remote.stream(self.url, query, seconds + PATIENCE)

    def _listen(self) -> None:
        stream = self._stream or self._open()
        with self._room:
            self._stream = stream
        try:
            if self.closed:
                return
            for line in stream.iter_lines():
                if self.closed:
                    return
                if line:
                    self._hear(json.loads(line))
        finally:
            with self._room:
                self._stream = None
            stream.close()

    def _hear(self, said: Object) -> None:
        kind, obj = said["type"], said["object"]
        if kind == "ERROR":
            error = from_status(obj)
            raise error if error.code != 410 else Expired(error.message)
        self.read = int(obj["metadata"]["resourceVersion"])
        if kind != "BOOKMARK":
            self._put(WatchEvent(kind, freeze(obj), self.read))

    def _put(self, event: WatchEvent) -> None:
        with self._room:
            self._room.wait_for(lambda: len(self.events) < MOST or self.closed)
            self.events.append(event)
        self._ring()

    def _end(self, error: ApiError) -> None:
        self.error = error
        self._ring()

    def _ring(self) -> None:
        if self.bell is not None and not self.closed:
            self.remote.soon(self.bell)


def _may_pass(error: ApiError) -> bool:
    """A server that is away or busy comes back. One that refuses must be asked in another way: list again."""
    return isinstance(error, ServerTimeout) or error.code == 429 or error.code >= 500


def _cut(stream: httpx2.Response) -> None:
    """Whoever reads from it wakes up. (To close it under his hands would not wake him.)"""
    line = stream.extensions.get("network_stream")
    plain = line.get_extra_info("socket") if line is not None else None
    if plain is not None:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(plain, socket.SHUT_RDWR)
