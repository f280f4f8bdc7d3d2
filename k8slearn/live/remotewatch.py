"""One watch over HTTP: a thread that reads events from the wire into a buffer, which the controller empties.

A stream that ends (they all do) is begun again where it was; only a place that the server has forgotten ends the
watch, and the reader must list again.

Kubernetes: client-go/rest/watch, client-go/tools/cache (reflector.go, watchHandler)
"""

from __future__ import annotations

import json
import random
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx2

from k8slearn.api.errors import ApiError, Expired, from_status
from k8slearn.api.objects import Object, freeze
from k8slearn.api.requests import WatchEvent

if TYPE_CHECKING:
    from k8slearn.live.remote import Remote

MOST = 1000  # events that may wait; then the wire must
LASTS = (300, 600)  # seconds, between which the time of a stream is drawn
PATIENCE = 30.0  # seconds beyond that time in which a silent stream counts as dead
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
        self._stream = self._open()
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
        with self._room:
            self.closed = True
            self._room.notify()

    # --- the thread ---

    def _run(self) -> None:
        pause = PAUSES[0]
        while not self.closed:
            before = self.read
            try:
                self._listen()
            except Expired as error:
                self._end(error)
                return
            except (httpx2.TransportError, httpx2.StreamError, ApiError, ValueError):
                pass  # the stream broke: begin again where we were
            except RuntimeError:
                if self.remote.http.is_closed:
                    return
                raise
            pause = PAUSES[0] if self.read > before else min(pause * 2, PAUSES[1])
            with self._room:
                self._room.wait_for(lambda: self.closed, pause * random.uniform(0.5, 1))

    def _open(self) -> httpx2.Response:
        """A stream from where we are. Raises ApiError, httpx2.TransportError."""
        from k8slearn.live.remote import refusal

        seconds = random.randint(*LASTS)
        query = {**self.query, "watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        query["resourceVersion"] = str(self.read)
        http = self.remote.http
        request = http.build_request(
            "GET", self.url, params=query, timeout=httpx2.Timeout(30, read=seconds + PATIENCE)
        )
        stream = http.send(request, stream=True)
        if stream.status_code != 200:
            stream.read()
            raise refusal(stream)
        return stream

    def _listen(self) -> None:
        stream, self._stream = self._stream or self._open(), None  # type: ignore[assignment]
        try:
            for line in stream.iter_lines():
                if self.closed:
                    return
                if line:
                    self._hear(json.loads(line))
        finally:
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
        if self.bell is not None:
            self.remote.soon(self.bell)
