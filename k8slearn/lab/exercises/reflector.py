"""Exercise 03.2: list, watch, and watch on; whatever happens in between, know in the end what is there.

A day is a list of deeds, each at one of the places where luck can strike: while nobody is connected, between a list
and its watch, and during a stream. All days of up to three deeds are tried, then some long ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations_with_replacement, product
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.errors import ApiError
from k8slearn.api.objects import Object, name_of, revision_of
from k8slearn.api.requests import Request
from k8slearn.apiserver.watch import ServerWatch, bookmark
from k8slearn.client import Client
from k8slearn.lab.deskworld import note
from k8slearn.lab.drill import Case, Drill, Endlessly, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.exercises.servers import api_server
from k8slearn.lab.logs import StoreSource
from k8slearn.sim.trial import RAISES

WORDS = words_of("lesson03")

KNOWS = Promise("in the end it knows what is there")
ONCE = Promise("nothing is told to it twice")
LISTS = Promise("it lists at the beginning and after a 410, and then only")
SPARES = Promise("it is expired only if something that it was not told is forgotten")

#: What can happen where. The runs of the day are counted from 0; after the last of them, all is calm.
AWAY, BETWEEN, DURING = "away", "between", "during"
DEEDS = {
    AWAY: ("tea", "no tea", "forget"),
    BETWEEN: ("tea", "no tea", "forget"),
    DURING: ("tea", "no tea", "elsewhere", "bookmark"),
}
RUNS, MOST_DEEDS, WILD, CALM = 2, 3, 60, 3
PLACES = [(run, where) for run in range(RUNS) for where in (AWAY, BETWEEN, DURING)]
Deed = tuple[int, str, str]  # run, where, what
MOST_REQUESTS = 40

Event = dict[str, Any]


@dataclass
class Day:
    """What the learner's function is handed as `api`, and what happens around it."""

    scene: Scene
    deeds: tuple[Deed, ...]
    run: int = 0
    sure: int = 0  # it was told everything up to here
    bookmarked: int = 0  # the newest of that by a bookmark
    may_list: bool = True
    expired: bool = False
    requests: int = 0
    times: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server = api_server()
        self.client = Client(self.server)
        self.write("milk")
        self.scene.source = StoreSource(self.server.store)

    # --- what the function may ask ---

    def list(self) -> dict[str, Any]:
        """Everything, as the API server answers it."""
        self._ask()
        found = self.server.handle(Request("list", "configmaps", "default"))
        self.scene.tell(f"you list: {_names(found)} @{found.revision}")
        self.scene.demand(
            self.may_list, LISTS, "it lists again, though it has a version to go on from", "begins anew"
        )
        self.may_list = self.expired = False
        self.sure, self.bookmarked = found.revision, 0
        metadata = {"resourceVersion": str(found.revision)}
        return {"kind": found.kind, "apiVersion": "v1", "metadata": metadata, "items": [*found]}

    def watch(self, version: Any = None) -> Iterator[Event]:
        """A stream of events, as the API server sends it: it ends whenever it likes."""
        self._ask()
        self._happens(BETWEEN)
        self.scene.tell(f"you watch from {'no version' if version is None else f'@{version}'}")
        self._note_place(version)
        return self._stream({} if version is None else {"resourceVersion": str(version)})

    # --- what happens ---

    def _stream(self, options: dict[str, Any]) -> Iterator[Event]:
        deeds = self._due(DURING)
        try:
            watch = self.server.watch(Request("watch", "configmaps", "default", options=options))
            yield from self._events(watch)
            for deed in deeds:
                if deed == "bookmark":
                    yield self._bookmark(watch)
                else:
                    self.do(deed)
                    yield from self._events(watch)
        except ApiError as error:
            yield self._error(error)
            return
        self.scene.tell("the stream ends", "luck" if self.run < RUNS else "")

    def _events(self, watch: ServerWatch) -> Iterator[Event]:
        while (event := watch.take()) is not None:
            self.scene.tell(f"told: {event.type} {name_of(event.object)} @{event.revision}")
            new = event.revision > self.sure
            self.scene.demand(new, ONCE, f"it is told of {name_of(event.object)} @{event.revision} once more")
            self.sure = event.revision
            yield {"type": event.type, "object": event.object}

    def _bookmark(self, watch: ServerWatch) -> Event:
        self.sure = self.bookmarked = watch.seen
        self.scene.facts.add("told a bookmark")
        self.scene.tell(f"told: BOOKMARK @{watch.seen}", "luck")
        resource = self.server.kinds.named("configmaps")
        return {"type": "BOOKMARK", "object": bookmark(resource, watch.seen)}

    def _error(self, error: ApiError) -> Event:
        self.scene.tell(f"told: ERROR {error.code} {error.reason}", "luck")
        self.scene.facts.add("told 410")
        why = f"it was told everything up to @{self.sure}, and the store remembers more than that"
        self.scene.demand(self.server.store.compacted > self.sure, SPARES, why)
        self.may_list = self.expired = True
        return {"type": "ERROR", "object": error.status()}

    def _note_place(self, version: Any) -> None:
        """Where does it think it stands? Evidence for the diagnoses."""
        if self.expired:
            self.scene.facts.add("insists")
        elif version is None:
            self.scene.facts.add("no version")
        elif str(version) != str(self.sure):
            self.scene.facts.add("no bookmarks" if self.bookmarked == self.sure else "old version")

    def _ask(self) -> None:
        self.requests += 1
        if self.requests > MOST_REQUESTS:
            raise Endlessly(f"still asking after {MOST_REQUESTS} requests")

    def _due(self, where: str) -> Sequence[str]:
        return [what for run, place, what in self.deeds if (run, place) == (self.run, where)]

    def _happens(self, where: str) -> None:
        for what in self._due(where):
            self.do(what)

    def do(self, what: str) -> None:
        store = self.server.store
        if what == "forget":
            store.compact(store.revision)
            self.scene.tell(f"the store forgets everything up to @{store.revision}", "luck")
        elif what == "elsewhere":
            metadata = {"name": f"door-{store.revision}", "namespace": "default"}
            self.client.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
            self.scene.tell(f"a Secret is written: @{store.revision}")
        elif what == "no tea":
            self.remove("tea")
        else:
            self.write(what)

    def write(self, name: str) -> None:
        self.times[name] = self.times.get(name, 0) + 1
        obj = note(name, text=f"{self.times[name]} cups")
        there = self.server.store.get("configmaps", f"default/{name}") is not None
        stored = self.client.update(obj) if there else self.client.create(obj)
        self.scene.tell(f"{name} is {'changed' if there else 'created'}: @{revision_of(stored)}")

    def remove(self, name: str) -> None:
        if self.server.store.get("configmaps", f"default/{name}") is not None:
            self.client.delete("configmaps", f"default/{name}")
            self.scene.tell(f"{name} is deleted: @{self.server.store.revision}")

    def there(self) -> dict[str, int]:
        found = self.server.handle(Request("list", "configmaps", "default"))
        return {name_of(obj): revision_of(obj) for obj in found}


def _days() -> Iterator[Case]:
    slots = [(run, where, what) for run, where in PLACES for what in DEEDS[where]]
    for length in range(MOST_DEEDS + 1):
        for deeds in _in_order(slots, length):
            yield Case(f"days on which up to {MOST_DEEDS} things happen", partial(_a_day, deeds))
    for seed in range(WILD):
        dice = Dice(seed)
        drawn = [slots[dice.below(len(slots), "deed", i)] for i in range(9)]
        yield Case("long ones", partial(_a_day, tuple(sorted(drawn, key=_place))))


def _in_order(slots: list[Deed], length: int) -> Iterator[tuple[Deed, ...]]:
    """All ways to fill places with deeds, in the order in which they happen."""
    for places in combinations_with_replacement(PLACES, length):
        for deeds in product(*(DEEDS[where] for _, where in places)):
            yield tuple((run, where, deed) for (run, where), deed in zip(places, deeds, strict=True))


def _place(deed: Deed) -> int:
    return PLACES.index(deed[:2])


def _a_day(deeds: tuple[Deed, ...], scene: Scene, follow: Any) -> None:
    day, version = Day(scene, deeds), None
    known: dict[str, Any] = {}
    for day.run in range(RUNS + CALM):
        day._happens(AWAY)
        version = follow(day, known, version)
        if not day.requests:
            raise Unsolved
    _in_the_end(scene, day, known)


def _in_the_end(scene: Scene, day: Day, known: dict[str, Any]) -> None:
    there = day.there()
    ghosts = [name for name in known if name not in there]
    missing = [name for name in there if name not in known]
    old = [name for name, at in there.items() if name in known and _version(known[name]) != at]
    said = {"is not there any more": ghosts, "is missing": missing, "is out of date": old}
    message = "; ".join(f"{', '.join(names)} {what}" for what, names in said.items() if names)
    scene.demand(not message, KNOWS, f"of what it knows, {message}", *_facts(scene, ghosts))


def _facts(scene: Scene, ghosts: list[str]) -> list[str]:
    return ["ghosts"] if ghosts else []


def _version(obj: Any) -> int:
    try:
        return revision_of(obj)
    except (KeyError, TypeError, ValueError):
        return 0


def _names(found: list[Object]) -> str:
    return ", ".join(map(name_of, found)) or "nothing"


FOLLOWING = Drill(
    id="03.2",
    words=WORDS["03.2"],
    cases=_days,
    promises=[KNOWS, ONCE, LISTS, SPARES],
    diagnoses=[
        WORDS["03.2"].diagnosis("takes a 410 for the end", RAISES, evidence=noted("told 410")),
        WORDS["03.2"].diagnosis("takes a bookmark for an object", RAISES, evidence=noted("told a bookmark")),
        WORDS["03.2"].diagnosis("insists on its version", evidence=noted("insists")),
        WORDS["03.2"].diagnosis("begins to watch from anywhere", evidence=noted("no version")),
        WORDS["03.2"].diagnosis("begins anew each time", LISTS.name),
        WORDS["03.2"].diagnosis("does not write down bookmarks", evidence=noted("no bookmarks")),
        WORDS["03.2"].diagnosis("goes back to where it was", evidence=noted("old version")),
        WORDS["03.2"].diagnosis("keeps what is gone", KNOWS.name, evidence=noted("ghosts")),
    ],
)
