"""A watch on its way to a client: one JSON document a line, for as long as both sides wish.

The stream has no timer and no buffer of its own. Whoever carries it to the client (`live/`) takes what is
there, waits until the bell rings, and takes again; a client that reads slowly merely lags behind, and one that
lags too far finds what it wanted compacted away.

Kubernetes: apiserver/pkg/endpoints/handlers/watch.go
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from k8slearn.api.errors import ApiError
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object
from k8slearn.api.requests import NotYet, Request, WatchEvent
from k8slearn.apiserver.http.answers import to_json
from k8slearn.apiserver.subresources.log import Line, as_text, is_over, lines
from k8slearn.apiserver.watch import ServerWatch, bookmark

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

MOST = 500  # events in one helping: others want their turn
LARGEST = 1 << 20  # bytes in one helping, as near as an event can end: what a client that stops reading costs


class LogStream:
    """A log that is followed: what has been printed, then what is printed next, until the container ends."""

    media_type = "text/plain"
    quiet = 1.0  # seconds after which it looks again: nobody rings when something is printed

    def __init__(self, server: ApiServer, resource: Resource, request: Request) -> None:
        later = {k: v for k, v in request.options.items() if k not in ("tailLines", "limitBytes")}
        self.server = server
        self.resource = resource
        self.request = replace(request, options=later)
        self.seconds: float | None = None
        self.finished = False
        self._seen = len(self._lines())
        self._first = str(server.handle(request)).encode()

    def _lines(self) -> list[Line]:
        return lines(self.server, self.resource, self.request)

    def listen(self, bell: Callable[[], None]) -> None:
        """Nobody rings."""

    def take(self) -> bytes:
        first, self._first = self._first, b""
        if first or self.finished:
            return first
        try:
            printed = self._lines()
            self.finished = is_over(self.server, self.request)
        except ApiError:  # the pod is gone, or its container starts anew: what follows is another log
            self.finished = True
            return b""
        new, self._seen = printed[self._seen :], len(printed)
        return as_text(new, self.request.options).encode()

    def bookmark(self) -> bytes:
        return b""

    def close(self) -> None:
        self.finished = True


class WatchStream:
    """`shape` turns an object into what the client wants to see (a Table row, only metadata ...)."""

    media_type = "application/json"
    quiet = 60.0  # seconds after which a client who waits in vain is told how far he has come

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
        said: list[bytes] = []
        size = 0
        try:
            while len(said) < MOST and size < LARGEST and (event := self._next()) is not None:
                if self.bookmarks or event.type != "BOOKMARK":
                    said.append(_line(event.type, self.shape(event.object)))
                    size += len(said[-1])
        except NotYet:
            if not said:
                raise
        except ApiError as error:
            said.append(_line("ERROR", error.status()))
            self.finished = True
        return b"".join(said)

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
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), to_json(obj))


Stream = WatchStream | LogStream
