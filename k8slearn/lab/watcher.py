"""A client that watches, taken apart: what it asks for, what it was told, what it remembers, what it believes.

All a watcher needs to remember is one number, the version up to which it has been told everything. Here it is moved
by hand, one event at a time, by the acts of `k8slearn.lab.deskworld`.

Kubernetes: client-go/tools/cache/reflector.go, in slow motion
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from k8slearn.api.errors import Expired
from k8slearn.api.objects import Object, annotations_of, labels_of, name_of, revision_of
from k8slearn.api.requests import Request, WatchEvent
from k8slearn.apiserver import ApiServer
from k8slearn.apiserver.watch import INITIAL_EVENTS_END, HasLabels, ServerWatch
from k8slearn.store import Cursor

NOTES = "configmaps"
MARKS = {
    "ADDED": "+",
    "MODIFIED": "~",
    "DELETED": "-",
    "BOOKMARK": "»",
    "ERROR": "!",
    "LIST": "≡",
    "END": "✂",
}
INITIAL = {"sendInitialEvents": True, "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": True}
FROM_NOW = {"sendInitialEvents": False, "resourceVersionMatch": "NotOlderThan"}


class Told(NamedTuple):
    """One thing that a watcher was told: the type of an event (or LIST, or END), and about what."""

    type: str
    words: str


class NotNow(ValueError):
    """This cannot be done in the state in which things are; the message says why."""


@dataclass
class Watcher:
    """`version` is 0 as long as there is none to go on from. state: a key of STATES."""

    name: str
    selector: str = ""
    version: int = 0
    state: str = "new"
    watch: ServerWatch | None = None
    told: list[Told] = field(default_factory=list)
    believes: dict[str, Object] = field(default_factory=dict)  # by name

    def list(self, server: ApiServer) -> str:
        """Ask for everything as it is now, and note what differs from what was believed."""
        self._let_go()
        found = server.handle(Request("list", NOTES, "default", options=self._options()))
        now = {name_of(obj): obj for obj in found}
        gone = [name for name in self.believes if name not in now]
        changed = [name for name, obj in now.items() if revision_of(obj) != _version(self.believes.get(name))]
        self.believes, self.version, self.state = now, found.revision, "listed"
        lost = f"; gone meanwhile: {', '.join(gone)}" if gone else ""
        self._note("LIST", f"{len(now)} @{found.revision}{lost}")
        news = ", ".join([*changed, *(f"{name} (gone)" for name in gone)]) or "nothing"
        seen = f"{len(now)} note{'s' * (len(now) != 1)}"
        return f"It sees {seen}, all as of @{found.revision}. New to it: {news}."

    def connect(self, server: ApiServer, how: str = "") -> str:
        """Watch on from the version it remembers; or "now", or "initial": told first what is there."""
        if self.watch is not None:
            raise NotNow(f"{self.name} has a watch already: cut it first")
        if not how and not self.version:
            raise NotNow(f"{self.name} has no version to watch from: let it list first")
        options = {"now": FROM_NOW, "initial": INITIAL}.get(how, {"resourceVersion": str(self.version)})
        if how == "initial":
            self.believes, self.version = {}, 0
        try:
            self.watch = server.watch(Request("watch", NOTES, "default", options=options | self._options()))
        except Expired as error:
            return self._expires(error)
        self.state = "initial" if how == "initial" else "connected"
        return f"A watch {ASKED.get(how, f'from @{self.version} on')}."

    def deliver(self) -> str:
        """Take one event off the stream."""
        if self.watch is None:
            raise NotNow(f"{self.name} has no watch: nothing can be delivered")
        try:
            event = self.watch.take()
        except Expired as error:
            return self._expires(error)
        return self._hear(event) if event is not None else "There was nothing to tell."

    def bookmark(self) -> str:
        """The server says how far it has come, though there is nothing to tell."""
        if self.watch is None or self.watch.waiting:
            raise NotNow(f"a bookmark comes only where a watch is open and nothing waits: not to {self.name}")
        self.version = max(self.version, self.watch.seen)
        self._note("BOOKMARK", f"@{self.version}")
        return f"Up to @{self.version} there is nothing that {self.name} does not know. It writes the number down."

    def cut(self) -> str:
        """The connection ends: the server's time-out, a proxy, a cable. The client cannot tell which."""
        if self.watch is None:
            raise NotNow(f"{self.name} has no watch that could be cut")
        self._let_go()
        self.state = "cut"
        self._note("END", f"the stream ends; remembers @{self.version}")
        return f"{self.name} still remembers @{self.version}. It has lost a connection, and nothing else."

    @property
    def lag(self) -> int:
        """How many events wait for it on its stream."""
        return self.watch.lag if self.watch is not None and self.watch.waiting else 0

    def selects(self, obj: Object) -> bool:
        return not self.selector or HasLabels(self.selector)(obj)

    @property
    def place(self) -> int:
        """Up to where the log has been read for it: by the server, or as far as it remembers."""
        return max(self.version, self.cursor.revision if self.cursor is not None else 0)

    @property
    def cursor(self) -> Cursor | None:
        return self.watch.cursor if self.watch is not None else None

    # --- how ---

    def _options(self) -> dict[str, Any]:
        return {"labelSelector": self.selector} if self.selector else {}

    def _hear(self, event: WatchEvent) -> str:
        name = name_of(event.object) if event.type != "BOOKMARK" else ""
        if event.type == "BOOKMARK":
            end = INITIAL_EVENTS_END in annotations_of(event.object)
            self._note("BOOKMARK", f"@{event.revision}{', the end of what is there' if end else ''}")
        elif event.type == "DELETED":
            self.believes.pop(name, None)
            self._note("DELETED", f"{name} @{event.revision}")
        else:
            self.believes[name] = event.object
            self._note(event.type, f"{name} @{event.revision}")
        if self.state != "initial" or event.type == "BOOKMARK":
            self.version, self.state = event.revision, "connected"
        remembers = f"remembers @{self.version}" if self.version else "has no version to remember yet"
        return f"{event.type} {name}".strip() + f". Now {self.name} {remembers}."

    def _expires(self, error: Expired) -> str:
        self._let_go()
        self.state = "expired"
        self._note("ERROR", "410 Expired")
        return f"410 Expired: {error.message}. It has to list again."

    def _let_go(self) -> None:
        if self.watch is not None:
            self.watch.close()
        self.watch = None

    def _note(self, kind: str, words: str) -> None:
        self.told.append(Told(kind, words))


ASKED = {
    "now": "from this moment on",
    "initial": "that begins with what is there (sendInitialEvents)",
}
STATES = {
    "new": "has not asked for anything",
    "listed": "has listed, watches nothing yet",
    "initial": "is being told what is there",
    "connected": "connected",
    "cut": "not connected",
    "expired": "expired: must list again",
}


def _version(obj: Object | None) -> int:
    return revision_of(obj) if obj is not None else 0


def room_of(obj: Mapping[str, Any]) -> str:
    return labels_of(obj).get("room", "")
