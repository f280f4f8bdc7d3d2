"""Exercise 02.1: count in, whoever else is writing. Somebody else is quicker, again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

from k8slearn.api.errors import ApiError
from k8slearn.api.objects import Object, dig, edit, revision_of
from k8slearn.api.requests import Request
from k8slearn.client import Client
from k8slearn.lab.drill import Broken, Case, Drill, Endlessly, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.exercises.servers import Carrier, api_server
from k8slearn.lab.logs import StoreSource
from k8slearn.sim.trial import ENDS, RAISES

WORDS = words_of("lesson02")

COUNTED = Promise("everybody who came is counted, once")
KEPT = Promise("what others have written stays")
PASSED_ON = Promise("an error that no second try can mend is let out")

VISITS: Object = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "visits", "namespace": "default"},
}
KEY, MOST_REQUESTS, SHOWN = "default/visits", 30, 9


def visits(count: int = 0) -> Object:
    """The guest book, ready to be created: a ConfigMap with a count."""
    return {**VISITS, "data": {"count": str(count)}}


def _another_guest(client: Client) -> str:
    book = client.get("configmaps", KEY)
    book["data"]["count"] = str(int(book["data"]["count"]) + 1)
    return f"grace counts herself in: {book['data']['count']} guests, @{revision_of(client.update(book))}"


def _a_note(client: Client) -> str:
    day = (
        "Tuesdays" if client.get("configmaps", KEY)["data"].get("note") == "closed on Mondays" else "Mondays"
    )
    written = client.patch("configmaps", KEY, patch={"data": {"note": f"closed on {day}"}})
    return f"the host writes a note into it: @{revision_of(written)}"


def _burnt(client: Client) -> str:
    client.delete("configmaps", KEY)
    return "somebody deletes the guest book"


BETWEEN: dict[str, Callable[[Client], str]] = {"guest": _another_guest, "note": _a_note, "fire": _burnt}


@dataclass
class Hallway(Carrier):
    """Before the n-th write, somebody else may be quicker."""

    between: tuple[str, ...] = ()  # what happens before the 1st, 2nd, ... write: "", or one of BETWEEN
    writes: int = 0
    requests: int = 0
    sent: Object | None = None  # the last whole object

    def handle(self, request: Request) -> Any:
        self.requests += 1
        if self.requests > MOST_REQUESTS:
            raise Endlessly(f"still trying after {MOST_REQUESTS} requests")
        if request.writes:
            self._somebody_else()
            self._look_at(request)
        try:
            answer = self.server.handle(request)
        except ApiError as error:
            self._tell(f"you: {request.verb} → {error.code} {error.reason}")
            raise
        count = dig(answer, "data", "count", default="nothing")
        self._tell(f"you: {request.verb} → {count} guests, @{revision_of(answer)}")
        return answer

    def _tell(self, text: str) -> None:
        if self.requests <= SHOWN:
            self.scene.tell(text)
        elif self.requests == SHOWN + 1:
            self.scene.tell("... and so on")

    def _somebody_else(self) -> None:
        what = self.between[self.writes] if self.writes < len(self.between) else ""
        self.writes += 1
        if what:
            self.scene.tell(BETWEEN[what](Client(self.server)), "luck")

    def _look_at(self, request: Request) -> None:
        """What kind of write is this? Evidence for the diagnoses."""
        sent = request.body if isinstance(request.body, dict) else {}
        version = dig(sent, "metadata", "resourceVersion")
        if request.verb == "update" and not version:
            self.scene.facts.add("no version")
        if self.sent is not None and request.body == self.sent:
            self.scene.facts.add("same bytes")
        elif self.sent is not None and version and sent.get("data") == self.sent.get("data"):
            self.scene.facts.add("new version on old data")
        self.sent = edit(sent)


def _guests() -> Iterator[Case]:
    patterns = [p for length in range(4) for p in product(("guest", "note"), repeat=length)]
    for pattern in patterns:
        kind = "somebody else is quicker, up to three times" if pattern else "nobody else writes"
        yield Case(kind, partial(_count_in, pattern))
    yield Case("the object goes away", partial(_count_in, ("fire",)))
    yield Case("the object goes away", partial(_count_in, ("guest", "fire")))


def _count_in(between: tuple[str, ...], scene: Scene, count_in: Any) -> None:
    server = api_server()
    Client(server).create(visits(3))
    hall = Hallway(server, scene, between)
    scene.source = StoreSource(server.store)
    try:
        count_in(Client(hall))
    except ApiError as error:
        if "fire" in between and error.code == 404:
            return
        raise
    if not hall.writes and not between:
        raise Unsolved
    book = server.store.get("configmaps", KEY)
    if book is None:
        raise Broken(PASSED_ON, "the guest book is gone, and your function returned as if all were well")
    _right_count(scene, book, between, hall)


def _right_count(scene: Scene, book: Object, between: tuple[str, ...], hall: Hallway) -> None:
    came, said = between[: hall.writes], dig(book, "data", "count")
    due, wrong = 4 + came.count("guest"), {"no version", "new version on old data"}
    gave_up = hall.writes == len(came) and not scene.facts & wrong
    message = f"{due} guests have come, and the book says {said}"
    scene.demand(said == str(due), COUNTED, message, "gave up" if gave_up else "lost")
    scene.demand("note" not in came or "note" in book["data"], KEPT, "the host's note is gone", "lost")


COUNTING = Drill(
    id="02.1",
    words=WORDS["02.1"],
    cases=_guests,
    promises=[COUNTED, KEPT, PASSED_ON],
    diagnoses=[
        WORDS["02.1"].diagnosis("sends the same bytes again", ENDS, evidence=noted("same bytes")),
        WORDS["02.1"].diagnosis("tries what cannot succeed", ENDS),
        WORDS["02.1"].diagnosis("does not say what it has read", evidence=noted("no version")),
        WORDS["02.1"].diagnosis("old content with a new number", evidence=noted("new version on old data")),
        WORDS["02.1"].diagnosis("gives up in silence", COUNTED.name, evidence=noted("gave up")),
        WORDS["02.1"].diagnosis("takes the refusal for a failure", RAISES, evidence=noted("Conflict")),
    ],
)
