"""A desk with a small API server and some watchers on it: everything moves by hand, one act at a time.

    desk = watchers(ada="", grace="room=kitchen")
    desk.write("tea", room="kitchen")
    desk.list("ada"), desk.watch("ada"), desk.deliver("ada")

It is a source for a studio (see `k8slearn.lab.studio`). History is a list of acts; going back is doing them again
from the beginning, which takes a millisecond. What a watcher does is in `k8slearn.lab.watcher`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, dig, edit, key_of, name_of, revision_of
from k8slearn.client import Client
from k8slearn.cluster import Cluster
from k8slearn.lab.logs import Reader, tape
from k8slearn.lab.streams import TOLD_SHOWN, order
from k8slearn.lab.watcher import MARKS, NOTES, STATES, NotNow, Watcher, room_of
from k8slearn.sim.simulation import VirtualClock

NAMES = ("tea", "milk", "cake", "jam", "rice", "salt")
ROOMS = ("kitchen", "garden")

Data = dict[str, Any]


class Act(NamedTuple):
    """One thing that is done at the desk. `more` is plain JSON."""

    verb: str  # one of ACTS
    who: str = ""  # a watcher
    more: Mapping[str, Any] = {}


class World:
    """What the acts so far have made."""

    def __init__(self, asks: Mapping[str, str]) -> None:
        self.server = Cluster(0, components=()).server(VirtualClock(), Dice())
        self.store = self.server.store
        self.client = Client(self.server)
        self.watchers = {name: Watcher(name, selector) for name, selector in asks.items()}
        self.acted: dict[int, int] = {}  # revision -> the number of the act that wrote it

    def notes(self) -> list[Object]:
        return list(self.client.list(NOTES, "default"))

    # --- the acts ---

    def write(self, name: str, room: str = "kitchen", text: str = "") -> str:
        """Create the note, or replace it."""
        obj = note(name, room, text)
        there = self.store.get(NOTES, f"default/{name}")
        stored = self.client.update(obj) if there is not None else self.client.create(obj)
        return f"{name} is {'changed' if there is not None else 'created'}: @{revision_of(stored)}"

    def add(self) -> str:
        known = {entry.key for entry in self.store.log}
        name = next((n for n in NAMES if f"default/{n}" not in known), f"note-{self.store.revision + 1}")
        return self.write(name, ROOMS[len(self.notes()) % 2])

    def change(self, name: str = "") -> str:
        obj = self._note(name)
        text = dig(obj, "data", "text")
        return self.write(name_of(obj), room_of(obj), str(int(text) + 1) if text.isdigit() else "1")

    def move(self, name: str = "") -> str:
        """Into the other room: the object is the same, but other selectors see it."""
        obj = self._note(name)
        room = ROOMS[room_of(obj) == ROOMS[0]]
        return f"into the {room}: " + self.write(name_of(obj), room, dig(obj, "data", "text"))

    def remove(self, name: str = "") -> str:
        obj = self._note(name)
        self.client.delete(NOTES, key_of(obj))
        return f"{name_of(obj)} is deleted: @{self.store.revision}"

    def elsewhere(self) -> str:
        """Another kind of object: none of the watchers' business, but the store's number goes on."""
        name = f"door-{self.store.revision}"
        metadata = {"name": name, "namespace": "default"}
        self.client.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
        return f"a Secret is written: @{self.store.revision}. Nobody here watches Secrets."

    def compact(self, revision: int = 0) -> str:
        self.store.compact(revision or self.store.revision)
        return f"The store forgets everything up to @{self.store.compacted}. The objects stay."

    def _note(self, name: str) -> Object:
        """The note of that name, or the one that was written last."""
        found = [n for n in self.notes() if name in ("", name_of(n), key_of(n))] or self.notes()
        if not found:
            raise NotNow("there is no note: write one first")
        return max(found, key=revision_of)


def note(name: str, room: str = "kitchen", text: str = "") -> Object:
    """A note that stands in a room, ready to be written."""
    metadata = {"name": name, "namespace": "default", "labels": {"room": room}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"text": text}}


#: What can be done, by its verb: to the world ...
WRITES: dict[str, Callable[..., str]] = {
    "write": World.write,
    "add": World.add,
    "change": World.change,
    "move": World.move,
    "remove": World.remove,
    "elsewhere": World.elsewhere,
    "compact": World.compact,
}
#: ... and by a watcher.
ASKS: dict[str, Callable[..., str]] = {
    "list": lambda world, who: who.list(world.server),
    "watch": lambda world, who, how="": who.connect(world.server, how),
    "deliver": lambda world, who: who.deliver(),
    "bookmark": lambda world, who: who.bookmark(),
    "cut": lambda world, who: who.cut(),
}
#: The buttons of the world, and those of a watcher in each state.
AT_THE_DESK = ("add", "change", "move", "remove", "elsewhere", "compact")
BUTTONS = {
    "new": ("list",),
    "listed": ("watch",),
    "initial": ("deliver", "cut"),
    "connected": ("deliver", "bookmark", "cut"),
    "cut": ("watch", "list"),
    "expired": ("list",),
}
LABELS: dict[str, str | dict[str, str]] = {"watch": {"cut": "reconnect"}, "elsewhere": "write elsewhere"}


class Desk:
    """The source: acts, and how many of them are done. An act in the past is the beginning of another history."""

    nothing_left = "Nobody has anything waiting. Write something, or let somebody list and watch."

    def __init__(self, asks: Mapping[str, str]) -> None:
        self.asks = dict(asks)
        self.acts: list[Act] = []
        self.said: list[str] = []
        self._begin()

    def _begin(self) -> None:
        self.world = World(self.asks)
        self.position = 0

    # --- acting ---

    def act(self, verb: str, who: str = "", **more: Any) -> str:
        """Do something, and say what came of it. Raises NotNow, and KeyError for a watcher there is not."""
        acted = Act(verb, who, more)
        said = self._perform(acted)
        del self.acts[self.position - 1 :], self.said[self.position - 1 :]
        self.acts.append(acted)
        self.said.append(said)
        return said

    def _perform(self, act: Act) -> str:
        before = self.world.store.revision
        if act.verb in ASKS:
            said = ASKS[act.verb](self.world, self.world.watchers[act.who], **act.more)
        else:
            said = WRITES[act.verb](self.world, **act.more)
        self.position += 1
        for revision in range(before + 1, self.world.store.revision + 1):
            self.world.acted[revision] = self.position
        return said

    def write(self, name: str, room: str = "kitchen", text: str = "") -> str:
        return self.act("write", name=name, room=room, text=text)

    def move(self, name: str) -> str:
        return self.act("move", name=name)

    def remove(self, name: str) -> str:
        return self.act("remove", name=name)

    def elsewhere(self) -> str:
        return self.act("elsewhere")

    def compact(self) -> str:
        return self.act("compact")

    def list(self, who: str) -> str:
        return self.act("list", who)

    def watch(self, who: str, how: str = "") -> str:
        return self.act("watch", who, **({"how": how} if how else {}))

    def deliver(self, who: str) -> str:
        return self.act("deliver", who)

    def deliver_all(self, who: str) -> None:
        """Until nothing waits any more."""
        while self._waits(self.world.watchers[who]):
            self.deliver(who)

    def bookmark(self, who: str) -> str:
        return self.act("bookmark", who)

    def cut(self, who: str) -> str:
        return self.act("cut", who)

    def obey(self, verb: str, who: str, what: str) -> None:
        """A button was pressed; `what` is the chosen object."""
        self.act(verb, who, **({"name": what} if what and verb in ("change", "move", "remove") else {}))

    # --- looking ---

    def told(self, who: str) -> Sequence[str]:
        """What a watcher was told, in words."""
        return [f"{each.type:<8} {each.words}" for each in self.world.watchers[who].told]

    def believes(self, who: str) -> Sequence[str]:
        """The notes that a watcher thinks are there."""
        return list(self.world.watchers[who].believes)

    def version(self, who: str) -> int:
        """The number that a watcher remembers."""
        return self.world.watchers[who].version

    # --- a studio's source ---

    @property
    def length(self) -> int:
        return len(self.acts)

    def mark(self) -> tuple[int, int, str]:
        return self.position, self.length, self.said[-1] if self.said else ""

    def step(self) -> bool:
        """Repeat what was done; at the end of history, deliver one event to who has waited longest."""
        if self.position < self.length:
            self._perform(self.acts[self.position])
            return True
        waiting = [each for each in self.world.watchers.values() if self._waits(each)]
        if waiting:
            self.deliver(min(waiting, key=lambda each: each.version).name)
        return bool(waiting)

    def back(self) -> None:
        self.goto(max(self.position - 1, 0))

    def goto(self, n: int) -> None:
        if n < self.position:
            self._begin()
        while self.position < n:
            self._perform(self.acts[self.position])

    def frame(self, selection: Mapping[str, str | None]) -> Data:
        store = self.world.store
        acted = self.acts[self.position - 1] if self.position else Act("")
        readers = [Reader(w.name, "client", w.place, w.cursor) for w in self.world.watchers.values()]
        return {
            "step": self.position,
            "last": self.length,
            "time": None,
            "revision": store.revision,
            "title": f"{acted.who or 'the world'}: {acted.verb}" if self.position else "before the first act",
            "text": self.said[self.position - 1] if self.position else "Nobody has asked for anything yet.",
            "log": tape(store, store.revision, readers, self.world.acted.get),
            "watches": {
                "orders": [order(verb, LABELS.get(verb, verb)) for verb in AT_THE_DESK],
                "objects": [self._there(obj, selection.get("object")) for obj in self.world.notes()],
                "watchers": [self._watcher(each) for each in self.world.watchers.values()],
                "more": 0,
            },
            "selection": dict(selection),
        }

    def _there(self, obj: Object, chosen: str | None) -> Data:
        return {"key": key_of(obj), "words": _words(obj), "chosen": key_of(obj) == chosen}

    def _watcher(self, who: Watcher) -> Data:
        there = {name_of(obj): obj for obj in self.world.notes() if who.selects(obj)}
        told = who.told[-TOLD_SHOWN:]
        return {
            "name": who.name,
            "label": who.name,
            "room": "client",
            "asks": who.selector or "all notes",
            "state": who.state,
            "words": STATES[who.state],
            "version": who.version,
            "lag": who.lag,
            "told": [[MARKS[each.type], each.type, each.words] for each in told],
            "before": len(who.told) - len(told),
            "believes": [_belief(obj, there.get(name)) for name, obj in who.believes.items()],
            "unknown": [name for name in there if name not in who.believes],
            "orders": [order(verb, _label(verb, who.state)) for verb in self._possible(who)],
        }

    def _possible(self, who: Watcher) -> Sequence[str]:
        verbs = BUTTONS[who.state]
        return [verb for verb in verbs if verb != "bookmark" or not self._waits(who)]

    def _waits(self, who: Watcher) -> bool:
        return who.watch is not None and who.watch.waiting

    def __repr__(self) -> str:
        from k8slearn.lab.panels import panel

        return panel("watches").text(self.frame({}))


def _label(verb: str, state: str) -> str:
    label = LABELS.get(verb, verb)
    return label if isinstance(label, str) else label.get(state, verb)


def _words(obj: Object) -> str:
    text = dig(edit(obj), "data", "text", default="")
    return " ".join(filter(None, [f"{name_of(obj)} @{revision_of(obj)}", room_of(obj), text]))


def _belief(obj: Object, now: Object | None) -> Data:
    """How what is believed stands to what is: level, old or gone (from where this watcher can see it)."""
    level = "gone" if now is None else "level" if revision_of(now) == revision_of(obj) else "old"
    return {"words": _words(obj), "level": level}
