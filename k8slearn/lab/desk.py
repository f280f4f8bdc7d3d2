"""A desk with a small API server and some watchers on it: everything moves by hand, one act at a time.

    desk = watchers(ada="", grace="room=kitchen")
    desk.write("tea", room="kitchen")
    desk.list("ada"), desk.watch("ada"), desk.deliver("ada")

It is a source for a studio (see `k8slearn.lab.studio`). History is a list of acts; going back is doing them again
from the beginning, which takes a millisecond. What can be done is in `k8slearn.lab.deskworld`, what a watcher does in
`k8slearn.lab.watcher`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from k8slearn.api.objects import Object, dig, edit, key_of, name_of, revision_of
from k8slearn.lab.deskworld import Act, World, done
from k8slearn.lab.logs import Reader, tape
from k8slearn.lab.streams import TOLD_SHOWN, order
from k8slearn.lab.watcher import MARKS, STATES, Watcher, room_of

Data = dict[str, Any]

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
        said = done(self.world, act)
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
