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
from k8slearn.apiserver.watch import ServerWatch, bookmark
from k8slearn.apiserver.http.answers import to_json

MOST = 500  # events in one helping: others want their turn


class WatchStream:
    """`shape` turns an object into what the client wants to see (a Table row, only metadata ...)."""

    def __init__(
        self,
        watch: ServerWatch,
        resource: Resource,
        shape: Callable[[Object], Any],
        *,
        bookmarks: bool = False,
        seconds: float | None = None,
    ) -> None:
        self.watch = watch
        self.resource = resource
        self.shape = shape
        self.bookmarks = bookmarks
        self.seconds = seconds  # after so long, the server ends it; None: whenever it likes
        self.finished = False

    def listen(self, bell: Callable[[], None]) -> None:
        """Ring this bell when there is something to take."""
        self.watch.listen(bell)

    def take(self) -> bytes:
        """What is new, as far as one helping goes; b"" when nothing is."""
        lines: list[bytes] = []
        try:
            while len(lines) < MOST and (event := self.watch.take()) is not None:
                if event.type == "BOOKMARK" and not self.bookmarks:
                    continue
                shown = event.object if event.type == "BOOKMARK" else self.shape(event.object)
                lines.append(to_json({"type": event.type, "object": shown}) + b"\n")
        except ApiError as error:
            lines.append(to_json({"type": "ERROR", "object": error.status()}) + b"\n")
            self.finished = True
        return b"".join(lines)

    def bookmark(self) -> bytes:
        """ "You have seen everything up to here": lets a client resume where nothing has happened."""
        if not self.bookmarks or self.finished or self.watch.waiting:
            return b""
        return to_json({"type": "BOOKMARK", "object": bookmark(self.resource, self.watch.revision)}) + b"\n"

    def close(self) -> None:
        self.finished = True
        self.watch.close()
