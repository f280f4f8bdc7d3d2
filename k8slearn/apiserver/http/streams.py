"""A watch on its way to a client: one JSON document a line, for as long as both sides wish.

The stream has no timer and no buffer of its own. Whoever carries it to the client (`live/`) takes what is
there, waits until the bell rings, and takes again; a client that reads slowly merely lags behind, and one that
lags too far finds what it wanted compacted away.

Kubernetes: apiserver/pkg/endpoints/handlers/watch.go
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slearn.api.errors import ApiError
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object
from k8slearn.api.requests import WatchEvent
from k8slearn.apiserver.http.answers import to_json
from k8slearn.apiserver.watch import ServerWatch, bookmark

MOST = 500  # events in one helping: others want their turn
LARGEST = 1 << 20  # bytes in one helping, as near as an event can end: what a client that stops reading costs


class WatchStream:
    """`shape` turns an object into what the client wants to see (a Table row, only metadata ...)."""

    def __init__(
        self,
        watch: ServerWatch | None,
        resource: Resource,
        shape: Callable[[Object], Any],
        *,
        bookmarks: bool = False,
        seconds: float | None = None,
        error: ApiError | None = None,
    ) -> None:
        self.watch = watch
        self.error = error  # what to say instead of events: the watch could not even begin
        self.resource = resource
        self.shape = shape
        self.bookmarks = bookmarks
        self.seconds = seconds  # after so long, the server ends it; None: whenever it likes
        self.finished = False

    def listen(self, bell: Callable[[], None]) -> None:
        """Ring this bell when there is something to take."""
        if self.watch is not None:
            self.watch.listen(bell)

    def take(self) -> bytes:
        """What is new, as far as one helping goes; b"" when nothing is."""
        lines: list[bytes] = []
        size = 0
        try:
            while len(lines) < MOST and size < LARGEST and (event := self._next()) is not None:
                if self.bookmarks or event.type != "BOOKMARK":
                    lines.append(_line(event.type, self.shape(event.object)))
                    size += len(lines[-1])
        except ApiError as error:
            lines.append(_line("ERROR", error.status()))
            self.finished = True
        return b"".join(lines)

    def _next(self) -> WatchEvent | None:
        if self.finished:
            return None
        if self.watch is None:
            assert self.error is not None
            raise self.error
        return self.watch.take()

    def bookmark(self) -> bytes:
        """ "You have seen everything up to here": lets a client resume where nothing has happened."""
        if not self.bookmarks or self.finished or self.watch is None or self.watch.waiting:
            return b""
        return _line("BOOKMARK", self.shape(bookmark(self.resource, self.watch.seen)))

    def close(self) -> None:
        self.finished = True
        if self.watch is not None:
            self.watch.close()


def _line(kind: str, obj: Any) -> bytes:
    return to_json({"type": kind, "object": obj}) + b"\n"
