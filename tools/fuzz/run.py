"""Stories of `tests/fidelity`, told to a control plane by somebody who keeps making mistakes.

Every request goes wrong some times before it is sent as it should be; so there is always something to do harm
to. After each, whatever it was, the promises in `Fuzz.promises` must hold, and no component may have failed.
"""

from __future__ import annotations

import contextlib
import json
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, unquote

from k8slearn.api.errors import ApiError
from k8slearn.api.objects import edit, split_key
from k8slearn.api.requests import Request
from k8slearn.api.users import User
from k8slearn.apiserver.http import HttpRequest, HttpResponse, Stream, WatchStream
from k8slearn.store import Entry
from tools.fidelity.answers import Answer
from tools.fidelity.stories import Story, load, play
from tools.fidelity.worlds import Simulated, Watching, read
from tools.fuzz.spoil import Ask, spoil

STORIES = Path(__file__).resolve().parents[2] / "tests" / "fidelity" / "exchanges"
WORLD = 500  # requests after which a new control plane is made
PATIENCE = 2.0  # seconds that a story waits for something that, spoilt as it is, may never come true
MOVES = 20_000  # after one request, until a world counts as endless, and is left
OPEN = 5  # watches that are listened to at a time
ADMIN = User.called("kubernetes-admin")


class Enough(Exception):
    """As many requests as were wanted."""


class Endless(Exception):
    """Somebody asked for two thousand million replicas, and will get them, one after the other."""


class World(Simulated):
    """It says so when it does not come to rest."""

    def settle(self) -> None:
        for _ in range(MOVES):
            if not self.move():
                return
        raise Endless


class Fuzz:
    """A world in which stories can be played. `broken` has, by promise, the first request that broke it."""

    is_private = True
    token = Simulated.token

    def __init__(self, seed: int, count: int) -> None:
        self.random = Random(seed)
        self.left = count
        self.codes: Counter[int] = Counter()
        self.broken: dict[str, str] = {}
        self.move()

    def move(self) -> None:
        """To a new control plane."""
        self.world = World()
        self.watches: list[WatchStream] = []
        self.until = self.left - WORLD

    # --- what a story needs of a world ---

    def request(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        good = Ask(method, target, {k.lower(): v for k, v in headers.items()}, body)
        for _ in range(self.random.choice((0, 1, 2, 3, 5))):
            self.ask(spoil(self.random, good))
        answer = self.ask(good)
        return (
            read(answer) if isinstance(answer, HttpResponse) else Answer(200, "application/json", events=[])
        )

    def watch(self, target: str, headers: Mapping[str, str]) -> Watching:
        return self.world.watch(target, headers)

    def wait(self, seconds: float) -> None:
        self.world.wait(max(seconds, 1.0))

    # --- one request ---

    def ask(self, ask: Ask) -> HttpResponse | Stream | None:
        if not self.left:
            raise Enough
        self.left -= 1
        before = self.store.revision
        try:
            answer = self.world.front.answer(as_http(ask))
            for promise in self.promises(ask, answer, before):
                self.broke(promise, ask)
            self.listen(answer)
            self.world.settle()
            for failure in self.failures():
                self.broke(failure, ask)
            for entry in self.store.log[before - self.store.forgotten :][-3:]:
                self.look_at(entry, ask)
        except Endless:
            raise
        except Exception:
            self.broke(where(), ask)
            self.move()
            return None
        return answer

    @property
    def store(self) -> Any:
        return self.world.front.server.store

    def broke(self, promise: str, ask: Ask) -> None:
        self.broken.setdefault(promise, f"{ask}\n")

    def listen(self, answer: HttpResponse | Stream) -> None:
        """Keep some watches open, and hear what they have to say: every event is whole."""
        if isinstance(answer, WatchStream):
            self.watches.append(answer)
        for stream in self.watches:
            for line in (stream.take() + stream.bookmark()).splitlines():
                json.loads(line)
        while len(self.watches) > OPEN:
            self.watches.pop(0).close()

    # --- the promises ---

    def promises(self, ask: Ask, answer: HttpResponse | Stream, before: int) -> Iterator[str]:
        """Those that this answer breaks."""
        written = self.store.revision != before
        code = answer.code if isinstance(answer, HttpResponse) else 200
        self.codes[code] += 1
        query = parse_qs(ask.target.partition("?")[2])
        if isinstance(answer, HttpResponse) and code == 500 and not is_kubernetes_own(answer):
            yield f"an answer of 500: {answer.body.decode()[:200]}"
        if code >= 400 and written:
            yield "something was written in spite of an error"
        if ask.method in ("GET", "HEAD") and written:
            yield "something was written by a read"
        said_in_query = not (ask.method == "DELETE" and ask.body)  # a body replaces what the query says
        if query.get("dryRun") == ["All"] and written and said_in_query:
            yield "something was written by a dry run"
        if isinstance(answer, HttpResponse) and answer.media_type == "application/json":
            body = json.loads(answer.body.decode(), parse_constant=_no_constant)
            if code >= 400 and (body.get("kind"), body.get("code")) != ("Status", code):
                yield f"an error of code {code} without a Status that says so"

    def failures(self) -> Iterator[str]:
        """Components whose reconcile failed with anything but an answer of the API server."""
        for name, player in self.world.manager.players.items():
            for error in player.errors.values():
                if not isinstance(error, ApiError):
                    last = traceback.extract_tb(error.__traceback__)[-1]
                    yield f"{name}: {type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"

    def look_at(self, entry: Entry, ask: Ask) -> None:
        """What is stored can be said in JSON, and sent back unchanged: that is no change."""
        json.dumps(entry.object, allow_nan=False, ensure_ascii=False).encode()
        server, (namespace, name) = self.world.front.server, split_key(entry.key)
        resource = next((r for r in server.kinds if r.name == entry.resource), None)
        if resource is None:  # its definition has gone, too
            return
        resource = server.kinds.stored(resource)
        if "update" not in resource.verbs or self.store.get(entry.resource, entry.key) is not entry.object:
            return
        again = Request("update", resource, namespace, name, "", edit(entry.object), {}, ADMIN)
        try:
            if server.handle(again) is not entry.object:
                self.broke(f"{resource.kind}: to send it back unchanged was a change", ask)
        except ApiError as error:
            self.broke(f"{resource.kind} cannot be sent back unchanged: {error}", ask)


def is_kubernetes_own(answer: HttpResponse) -> bool:
    """A few mistakes are a 500 in Kubernetes, too: of clients, without a reason; of webhooks that are not there."""
    if answer.media_type != "application/json":
        return False
    body = json.loads(answer.body)
    return "reason" not in body or "failed calling webhook" in body["message"]


def as_http(ask: Ask) -> HttpRequest:
    path, _, query = ask.target.partition("?")
    many = {k: [v] for k, v in ask.headers.items()}
    return HttpRequest(ask.method, unquote(path), query, ask.headers, ask.body, repeated=many)


def where() -> str:
    """The exception that is being handled, and the line of ours it came from."""
    lines = traceback.format_exc(limit=-3).splitlines()
    return " | ".join(line.strip() for line in lines if "Traceback" not in line)


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def fuzz(
    seed: int, count: int, stories: list[Story] | None = None, tell: Callable[[Fuzz], None] = lambda _: None
) -> Fuzz:
    """Send `count` requests; `tell` is called after each story."""
    found, stories = Fuzz(seed, count), stories or load(STORIES)
    told = 0
    try:
        while True:
            told += 1
            if found.left < found.until:
                found.move()
            with contextlib.suppress(Endless):
                play(found.random.choice(stories), found, f"f{told % 7}", PATIENCE)
                tell(found)
                continue
            found.move()
    except Enough:
        return found
