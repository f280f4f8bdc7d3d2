"""What a client asks of an API server: one request, the same in-process and over HTTP.

A *transport* is anything with ``handle(request)`` and ``watch(request, bell)``: the API server
itself, a wire that loses messages, or an HTTP connection. The client does not know which it has.

Kubernetes: apiserver/pkg/endpoints/request (RequestInfo).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from k8slearn.api.kinds import Kinds, Resource
from k8slearn.api.objects import Key, Object, make_key
from k8slearn.api.users import ADMIN, User


@dataclass(slots=True)
class Request:
    """One call. `body` is an object for writes, the patch for patches."""

    verb: str  # create, get, list, watch, update, patch, delete, deletecollection
    resource: str | Resource  # as the Kinds table knows it, or the very row of one version
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    body: Any = None
    options: dict[str, Any] = field(default_factory=dict)
    user: User = ADMIN
    warnings: list[str] = field(default_factory=list)  # what the server says beside its answer
    created: bool = False  # set by the server: is what it answers new?

    @property
    def key(self) -> Key:
        return make_key(self.namespace, self.name)

    @property
    def writes(self) -> bool:
        return self.verb not in ("get", "list", "watch")


class NotYet(BaseException):
    """Neither answer nor error: the server must ask somebody else first. Whoever runs it knows when to come back.

    Not an Exception: whoever handles everything that can go wrong has not been told of anything yet.
    """


class WatchEvent(NamedTuple):
    """What a watch delivers."""

    type: str  # ADDED, MODIFIED, DELETED, BOOKMARK
    object: Object
    revision: int


class Watch(Protocol):
    """A stream of events about one resource, read at the reader's pace."""

    @property
    def revision(self) -> int:
        """Everything up to here has been taken."""

    def peek(self) -> WatchEvent | None:
        """The next event, left in place; None when nothing is new. Raises Expired."""

    def take(self) -> WatchEvent | None:
        """The next event; the watch moves past it."""

    @property
    def waiting(self) -> bool:
        """Is there something to take (if only the news that the watch has expired)?"""

    @property
    def lag(self) -> int:
        """How many events are waiting."""

    def seek(self, revision: int) -> None:
        """Read on from just after `revision`. Only watches of a simulation can."""

    def close(self) -> None:
        """Stop listening."""


class ObjectList(list[Object]):
    """The items of a list, and the revision at which all of them were true together."""

    def __init__(
        self,
        items: Iterable[Object],
        revision: int,
        kind: str = "List",
        continue_: str = "",
        remaining: int | None = None,
    ) -> None:
        super().__init__(items)
        self.revision = revision
        self.kind = kind
        self.continue_ = continue_  # where the next page begins; "" when this is the last
        self.remaining = remaining  # how many items follow on later pages, where that is known


class Transport(Protocol):
    """Carries requests to an API server."""

    @property
    def kinds(self) -> Kinds:
        """The kinds that server serves. Kubernetes: discovery"""

    def handle(self, request: Request) -> Any:
        """The answer: an object, an ObjectList or a Status. Raises ApiError, and in a live server NotYet."""

    def watch(self, request: Request, bell: Callable[[], None] | None = None) -> Watch:
        """A watch; `bell` is rung whenever it has something new."""
