"""How a story is played: ask, wait if need be, and hold what is answered against what Kubernetes answered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import yaml

from tools.fidelity.answers import Answer, Json, Level, judge, shown, wanted
from tools.fidelity.paths import ABSENT, look
from tools.fidelity.patterns import Difference, Unifier
from tools.fidelity.worlds import MOMENT, Watching, World

PROGRAM = "fidelity/1.0"  # the user agent, which becomes the name of the field manager
PATIENCE = 15.0  # seconds that something may take to come true
IMPATIENCE = 1.5  # once something in the story has not
NAME = re.compile(r"\$\{(\w+)\}")
MERGE = {"Content-Type": "application/merge-patch+json"}


class Result(NamedTuple):
    """`step`: its place in the story, counted from 1."""

    step: int
    request: str
    level: Level
    differences: list[Difference]


@dataclass(frozen=True)
class Story:
    """`about` is area/name. The other fields stand in its file."""

    about: str
    area: str
    exchanges: list[Json]
    names: Json = field(default_factory=dict)
    managedFields: bool = False  # noqa: N815
    ignore: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """How many answers it holds."""
        return sum("answer" in step for step in self.exchanges)


def load(folder: Path) -> list[Story]:
    """Every story in a folder and below, by area and name."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    paths = sorted(folder.rglob("*.yaml"), key=lambda p: (p.parent.name, p.stem))
    return [Story(f"{p.parent.name}/{p.stem}", **yaml.load(p.read_text("utf-8"), loader)) for p in paths]


def play(story: Story, world: World, run: str = "x0abcde", patience: float = PATIENCE) -> list[Result]:
    """Ask everything the story asks; `run` makes the names of this run its own. `patience`: seconds."""
    playing = Play(story, world, run, patience)
    try:
        return list(playing.results())
    finally:
        if not world.is_private:
            playing.clean_up()


class Play:
    """One story on its way."""

    def __init__(self, story: Story, world: World, run: str, patience: float) -> None:
        self.story, self.world = story, world
        self.run, self.namespace = run, f"fidns-{run}"
        self.names: Json = {"run": run, "ns": self.namespace, "v1": f"/api/v1/namespaces/{self.namespace}"}
        self.names |= {group: f"/apis/{group}/v1/namespaces/{self.namespace}" for group in ("apps", "batch")}
        for name, value in story.names.items():
            self.names[name] = self.fill(value)
        self.unifier = Unifier()
        self.watches: dict[str, tuple[Json, Watching]] = {}
        self.made: list[str] = []  # what lies in no namespace, to be removed in the end
        self.patience = patience

    def results(self) -> Iterator[Result]:
        self._make_namespace()
        for number, step in enumerate(self.story.exchanges, 1):
            answer = self._do(step)
            if answer is not None and "answer" in step:
                asked = step["ask"] if "ask" in step else f"WATCH {self.watches[step['seen']][0]['watch']}"
                yield Result(number, asked, *self._judge(step, answer))

    def _judge(self, step: Json, answer: Answer) -> tuple[Level, list[Difference]]:
        recorded = json.dumps(step["answer"]).replace("<ns>", self.namespace).replace("<run>", self.run)
        ignored = [*step.get("ignore", []), *self.story.ignore]
        managed_fields = step.get("managedFields", self.story.managedFields)
        got = shown(answer, step, ignored, managed_fields=managed_fields)
        return judge(wanted(json.loads(recorded)), got, self.unifier)

    # --- asking ---

    def _do(self, step: Json) -> Answer | None:
        if "wait" in step:
            self.world.wait(step["wait"])
        elif "watch" in step:
            self.watches[step["as"]] = step, self.world.watch(self._url(step["watch"]), self._headers(step))
        elif "seen" in step:
            return self._collect(*self.watches[step["seen"]])
        else:
            return self._ask(step)
        return None

    def _collect(self, asked: Json, watching: Watching) -> Answer:
        answer = watching.collect(asked.get("events", 1000), asked.get("seconds", 10))
        if answer.events is not None and not asked.get("bookmarks"):
            answer.events = [e for e in answer.events if e["type"] != "BOOKMARK"]
        return answer

    def _ask(self, step: Json) -> Answer:
        """Ask, and ask again until what is waited for has come true."""
        until, waited = self.fill(step.get("until", {})), 0.0
        longest = self.patience if self.patience < PATIENCE else max(PATIENCE, step.get("patience", 0))
        answer = self._request(step)
        while not all(holds(answer, path, value) for path, value in until.items()):
            if waited >= longest:
                self.patience = IMPATIENCE
                break
            self.world.wait(MOMENT)
            waited += MOMENT
            answer = self._request(step)
        for name, path in step.get("keep", {}).items():
            found = look(answer.body, path)
            self.names[name] = f"unset-{name}" if found is ABSENT else found
        return answer

    def _request(self, step: Json) -> Answer:
        method, _, place = step["ask"].partition(" ")
        url, sent = self._url(place), self.fill(step.get("send"))
        body = b"" if sent is None else (sent if isinstance(sent, str) else json.dumps(sent)).encode()
        answer = self.world.request(method, url, self._headers(step), body)
        self._remember(method, url, answer)
        return answer

    def _headers(self, step: Json) -> dict[str, str]:
        headers = {"User-Agent": PROGRAM, "Accept": "application/json"}
        headers["Authorization"] = f"Bearer {self.world.token}"
        if "send" in step:
            headers["Content-Type"] = "application/json"
        chosen = headers | self.fill(step.get("headers", {}))
        return {name: str(value) for name, value in chosen.items() if value is not None}

    # --- names ---

    def _url(self, text: str) -> str:
        return NAME.sub(lambda m: quote(_text(self._named(m[1])), safe="/"), text)

    def fill(self, value: Any) -> Any:
        """Put in what the names stand for; a name that stands alone may stand for anything."""
        if isinstance(value, dict):
            return {self.fill(k): self.fill(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.fill(v) for v in value]
        if not isinstance(value, str):
            return value
        if alone := NAME.fullmatch(value):
            return self._named(alone[1])
        return NAME.sub(lambda m: _text(self._named(m[1])), value)

    def _named(self, name: str) -> Any:
        return self.names.get(name, f"unset-{name}")

    # --- before and after ---

    def _make_namespace(self) -> None:
        if self.namespace not in json.dumps([self.fill(self.story.exchanges), self.names]):
            return
        namespace = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": self.namespace}}
        self._request({"ask": "POST /api/v1/namespaces", "send": namespace})
        self._ask({"ask": "GET ${v1}/serviceaccounts/default", "until": {"$code": 200}})

    def _remember(self, method: str, url: str, answer: Answer) -> None:
        bare, _, query = url.partition("?")
        metadata = answer.body.get("metadata") if isinstance(answer.body, dict) else None
        if method != "POST" or answer.code != 201 or not metadata or "dryRun=" in query:
            return
        if "/namespaces/" not in bare or metadata.get("finalizers"):
            self.made.append(f"{bare}/{metadata.get('name')}")

    def clean_up(self) -> None:
        """Remove what the story made; finalizers that nobody will work off go first."""
        for url in reversed(self.made):
            if not url.startswith("/apis/apiextensions.k8s.io"):
                self._request(
                    {"ask": f"PATCH {url}", "headers": MERGE, "send": {"metadata": {"finalizers": None}}}
                )
            self._request({"ask": f"DELETE {url}", "send": {"propagationPolicy": "Background"}})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def holds(answer: Answer, path: str, value: Any) -> bool:
    """Is it so? The value may be ``*`` (something), ``!*`` (nothing), ``~expression`` or ``>=number``."""
    got = answer.code if path == "$code" else look(answer.body, path)
    if value == "!*":
        return got is ABSENT or got is None
    if got is ABSENT:
        return False
    if value == "*":
        return got not in (None, "", [])
    if isinstance(value, str) and value.startswith("~"):
        return re.search(value[1:], _text(got)) is not None
    if isinstance(value, str) and re.fullmatch(r">=\d+", value):
        return isinstance(got, int) and got >= int(value[2:])
    return bool(got == value)
