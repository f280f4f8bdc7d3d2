"""What stands on a desk: a small API server, some watchers, and everything that can be done with them by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, dig, key_of, name_of, revision_of
from k8slearn.client import Client
from k8slearn.cluster import Cluster
from k8slearn.lab.watcher import NOTES, NotNow, Watcher, room_of
from k8slearn.sim.simulation import VirtualClock

NAMES = ("tea", "milk", "cake", "jam", "rice", "salt")
ROOMS = ("kitchen", "garden")


class Act(NamedTuple):
    """One thing that is done at the desk. `more` is plain JSON."""

    verb: str  # one of WRITES or ASKS
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


def done(world: World, act: Act) -> str:
    """Do it, and say what came of it. Raises NotNow, and KeyError for a watcher there is not."""
    if act.verb in ASKS:
        return ASKS[act.verb](world, world.watchers[act.who], **act.more)
    return WRITES[act.verb](world, **act.more)
