"""When are two states the same? When they differ in nothing but names that nobody chose.

Revisions, uids, times and generated names are different in every history. What they *mean* is kept: which
object is whose, which cached version is the present one, what has been written and not been heard of yet,
in which order things stand. Two states with one fingerprint have the same futures, as far as a controller
can tell.

What is left out on purpose: Event objects (nobody acts on them), how long a timer still runs (only the
order of timers is kept), and which letters names yet to be generated will have.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object
from k8slearn.machinery import Controller, Informer
from k8slearn.sim.simulation import Simulation

NOTES = "events"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}"


class Fingerprints:
    """Fingerprints of the states of one cluster. Remembers the text of objects, which never change."""

    def __init__(self) -> None:
        self._texts: dict[int, tuple[Object, str]] = {}  # the object is kept so that its id stays its own
        self._stems: set[str] = set()
        self._names = re.compile(UID)

    def of(self, sim: Simulation, *more: Any) -> bytes:
        """The fingerprint of this state; `more` is whatever else has to be the same."""
        state: list[Any] = [
            list(self._store(sim)),
            [self._player(sim, p) for p in sim.manager.players.values()],
            more,
        ]
        state += [sim.world] if sim.world else []
        text = json.dumps(self._plain(state), separators=(",", ":"))
        return blake2b(self._renamed(text).encode(), digest_size=16).digest()

    def _store(self, sim: Simulation) -> Iterable[list[str]]:
        for resource in sorted(r for r in sim.store.resources() if r != NOTES):
            yield [resource, *map(self._text, sim.store.list(resource))]

    def _player(self, sim: Simulation, player: Controller) -> list[Any]:
        queue, faults, done = player.queue, sim.wires[player.name].faults, sim.wires[player.name].writes
        return [
            [
                self._informer(sim, informer)
                for informer in player.informers.values()
                if informer.resource != NOTES
            ],
            list(queue.ready),
            sorted(queue.dirty),
            [(timer.key, timer.background) for timer in sorted(queue.timers)],
            sorted(player.errors),
            player.soft_state(),
            [faults.cut, sorted(n - done for n in faults.crash_after if n > done)],
            sorted(n - done for n in faults.lose if n > done),
            sorted((n - done, str(error)) for n, error in faults.refuse.items() if n > done),
        ]

    def _informer(self, sim: Simulation, informer: Informer) -> list[Any]:
        """What it knows, in its order, and what it has not heard of yet."""
        resource, current = informer.resource, sim.store.get
        known = informer.owner.cache.objects.get(resource, {})
        pending = [e for e in sim.store.log[informer.revision :] if e.resource == resource]
        return [
            [key if obj is current(resource, key) else [key, self._text(obj)] for key, obj in known.items()],
            [
                [e.type, e.key if e.object is current(resource, e.key) else self._text(e.object)]
                for e in pending
            ],
            [informer.watch is not None, informer.synced, informer.held, informer.resting is not None],
        ]

    def _text(self, obj: Object) -> str:
        """An object's content without its revision and without times."""
        known = self._texts.get(id(obj))
        if known is None:
            metadata = {k: v for k, v in obj["metadata"].items() if k != "resourceVersion"}
            self._learn(metadata)
            text = TIME.sub("T", json.dumps({**obj, "metadata": metadata}, sort_keys=True))
            known = self._texts[id(obj)] = (obj, text)
        return known[1]

    def _learn(self, metadata: Object) -> None:
        """From now on names with this stem are renamed, too."""
        stem = metadata.get("generateName")
        if stem and stem not in self._stems:
            self._stems.add(stem)
            stems = "|".join(map(re.escape, sorted(self._stems)))
            self._names = re.compile(f"{UID}|(?:{stems})[{Dice.LETTERS}]{{5}}")

    def _renamed(self, text: str) -> str:
        """Names that nobody chose become 0, 1, 2 ... in the order in which they are first met."""
        numbers: dict[str, str] = {}
        rename: Callable[[re.Match[str]], str] = lambda m: numbers.setdefault(m[0], f"~{len(numbers)}")  # noqa: E731
        return self._names.sub(rename, text)

    def _plain(self, value: Any) -> Any:
        """As JSON that says the same. Numbers with a fraction are taken for times, and left out."""
        if isinstance(value, dict):
            if "resourceVersion" in value.get("metadata", ()):
                return self._text(value)
            return [[self._plain(k), self._plain(v)] for k, v in value.items()]
        if isinstance(value, (set, frozenset)):
            return sorted(map(repr, value))
        if isinstance(value, (list, tuple, deque)):
            return [self._plain(v) for v in value]
        if isinstance(value, float):
            return "t"
        return self._plain(vars(value)) if hasattr(value, "__dict__") else value
