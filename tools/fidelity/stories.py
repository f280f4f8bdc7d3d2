"""How a story is played: ask, wait if need be, and hold what is answered against what Kubernetes answered.

Three levels, each more than the one before: *status* (code, reason and kind; of a watch, the types of its
events), *fields* (every recorded field is there and has its value), *exact* (there is nothing else, and the media
type is the same).
"""

from __future__ import annotations

import copy
import enum
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import yaml

from tools.fidelity.paths import ABSENT, drop, look
from tools.fidelity.patterns import Difference, Unifier
from tools.fidelity.worlds import MOMENT, Answer, Watching, World

PROGRAM = "fidelity/1.0"  # the user agent, which becomes the name of the field manager
PATIENCE = 15.0  # seconds that something may take to come true
IMPATIENCE = 1.5  # once something in the story has not
NAME = re.compile(r"\$\{(\w+)\}")

Step = dict[str, Any]


class Level(enum.IntEnum):
    NOTHING, STATUS, FIELDS, EXACT = range(4)


class Result(NamedTuple):
    """`step`: its place in the story, counted from 1."""

    step: int
    request: str
    level: Level
    differences: list[Difference]


@dataclass(frozen=True)
class Story:
    name: str
    area: str
    exchanges: list[Step]
    names: dict[str, Any] = field(default_factory=dict)
    namespaceLabels: dict[str, str] = field(default_factory=dict)  # noqa: N815
    managedFields: bool = False  # noqa: N815
    ignore: list[str] = field(default_factory=list)


def load(folder: Path) -> list[Story]:
    """Every story in a folder and below, by area and name."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    paths = sorted(folder.rglob("*.yaml"), key=lambda p: (p.parent.name, p.stem))
    return [Story(name=p.stem, **yaml.load(p.read_text("utf-8"), loader)) for p in paths]


def play(story: Story, world: World, token: str, run: str = "x0abcde") -> list[Result]:
    """Ask everything the story asks; `run` makes the names of this run its own."""
    return list(Play(story, world, token, run).results())


class Play:
    """One story on its way."""

    def __init__(self, story: Story, world: World, token: str, run: str) -> None:
        self.story, self.world, self.token = story, world, token
        self.namespace = f"fidns-{run}"
        self.names: dict[str, Any] = {"run": run, "ns": self.namespace, "v1": f"/api/v1/namespaces/{self.namespace}"}
        for name, group in (("apps", "apps"), ("batch", "batch")):
            self.names[name] = f"/apis/{group}/v1/namespaces/{self.namespace}"
        for name, value in story.names.items():
            self.names[name] = self.fill(value)
        self.unifier = Unifier()
        self.watches: dict[str, tuple[Step, Watching]] = {}
        self.made: list[str] = []  # what to remove in the end
        self.patience = PATIENCE

    def results(self) -> Iterator[Result]:
        self._make_namespace()
        for number, step in enumerate(self.story.exchanges, 1):
            answer = self._do(step)
            if answer is not None and "answer" in step:
                asked = step.get("ask") or f"WATCH {self.watches[step['seen']][0]['watch']}"
                yield Result(number, asked, *self._judge(step, answer))

    # --- asking ---

    def _do(self, step: Step) -> Answer | None:
        if "wait" in step:
            self.world.wait(step["wait"])
        elif "watch" in step:
            self.watches[step["as"]] = step, self.world.watch(self._url(step["watch"]), self._headers(step))
        elif "seen" in step:
            asked, watching = self.watches[step["seen"]]
            answer = watching.collect(asked.get("events", 1000), asked.get("seconds", 10))
            if answer.events is not None and not asked.get("bookmarks"):
                answer.events = [e for e in answer.events if e["type"] != "BOOKMARK"]
            return answer
        else:
            return self._ask(step)
        return None

    def _ask(self, step: Step) -> Answer:
        until, waited = self.fill(step.get("until", {})), 0.0
        answer = self._request(step)
        while not all(_holds(answer, path, value) for path, value in until.items()):
            if waited > max(self.patience, step.get("patience", 0) if self.patience == PATIENCE else 0):
                self.patience = IMPATIENCE
                break
            self.world.wait(MOMENT)
            waited += MOMENT
            answer = self._request(step)
        for name, path in step.get("keep", {}).items():
            found = look(answer.body, path)
            self.names[name] = f"unset-{name}" if found is ABSENT else found
        return answer

    def _request(self, step: Step) -> Answer:
        method, _, url = step["ask"].partition(" ")
        sent = self.fill(step.get("send"))
        body = b"" if sent is None else (sent if isinstance(sent, str) else json.dumps(sent)).encode()
        answer = self.world.request(method, self._url(url), self._headers(step, sent), body)
        self._remember(method, self._url(url), answer)
        return answer

    def _url(self, text: str) -> str:
        return NAME.sub(lambda m: quote(str(self.names.get(m[1], f"unset-{m[1]}")), safe="/"), text)

    def _headers(self, step: Step, sent: Any = None) -> dict[str, str]:
        headers = {"User-Agent": PROGRAM, "Accept": "application/json", "Authorization": f"Bearer {self.token}"}
        if sent is not None:
            headers["Content-Type"] = "application/json"
        chosen = headers | self.fill(step.get("headers", {}))
        return {name: str(value) for name, value in chosen.items() if value is not None}

    def fill(self, value: Any) -> Any:
        """Put in what the names stand for; a name that stands alone may stand for anything."""
        if isinstance(value, dict):
            return {self.fill(k): self.fill(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.fill(v) for v in value]
        if not isinstance(value, str):
            return value
        if alone := NAME.fullmatch(value):
            return self.names.get(alone[1], f"unset-{alone[1]}")
        return NAME.sub(lambda m: _text(self.names.get(m[1], f"unset-{m[1]}")), value)

    # --- judging ---

    def _judge(self, step: Step, answer: Answer) -> tuple[Level, list[Difference]]:
        want = self._wanted(step["answer"])
        got = self._shown(step, answer)
        head = [d for key in ("code", "kind", "reason", "types") for d in self.unifier.differences(want.pop(key, None), got.pop(key, None), key, exact=True)]
        media_type = Difference("media type", want.pop("type"), got.pop("type"))
        loose = list(self.unifier.differences(want, got, exact=False))
        exact = list(self.unifier.differences(want, got, exact=True))
        if media_type.wanted != media_type.got:
            exact.append(media_type)
        if head:
            return Level.NOTHING, head + exact
        return (Level.STATUS, loose) if loose else (Level.FIELDS, exact) if exact else (Level.EXACT, [])

    def _wanted(self, recorded: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps(recorded).replace("<ns>", self.namespace).replace("<run>", self.names["run"])
        want = {"type": "application/json", "kind": None, "reason": None} | json.loads(text)
        if isinstance(want.get("body"), dict):
            want |= _headline(want["body"])
        if "events" in want:
            want["types"] = [next(iter(e)) for e in want["events"]]
        return want

    def _shown(self, step: Step, answer: Answer) -> dict[str, Any]:
        """The answer in the form in which answers are recorded."""
        keeps = step.get("managedFields", self.story.managedFields)
        ignored = [*step.get("ignore", []), *self.story.ignore]
        got: dict[str, Any] = {"code": answer.code, "type": answer.media_type, "kind": None, "reason": None}
        if answer.warnings:
            got["warnings"] = answer.warnings
        if answer.events is not None:
            events = [_tidy(e, keeps, ignored) for e in answer.events]
            pick = step.get("compare")
            got["events"] = [{e["type"]: _picked(e["object"], pick) if pick else e["object"]} for e in events]
            return got | {"types": [e["type"] for e in events]}
        body = _tidy(answer.body, keeps, ignored)
        if isinstance(body, dict):
            got |= _headline(body)
            if step.get("sort") and isinstance(body.get("items"), list):
                paths = [step["sort"]] if isinstance(step["sort"], str) else step["sort"]
                body["items"].sort(key=lambda item: json.dumps(list(_picked(item, paths).values())))
            if "fields" in step["answer"]:
                return got | {"fields": _picked(body, step["answer"]["fields"])}
        return got | {"body": body}

    # --- before and after ---

    def _make_namespace(self) -> None:
        if self.namespace not in json.dumps(self.fill([self.story.exchanges, self.story.names])):
            return
        labels = {"labels": self.story.namespaceLabels} if self.story.namespaceLabels else {}
        namespace = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": self.namespace, **labels}}
        self._request({"ask": "POST /api/v1/namespaces", "send": namespace})
        self._ask({"ask": "GET ${v1}/serviceaccounts/default", "until": {"$code": 200}})
        self.patience = PATIENCE

    def _remember(self, method: str, url: str, answer: Answer) -> None:
        if method == "POST" and answer.code == 201 and isinstance(answer.body, dict) and "dryRun=" not in url:
            name = answer.body.get("metadata", {}).get("name")
            if name and url.count("/") in (3, 4):  # /api/v1/nodes, /apis/GROUP/VERSION/PLURAL
                self.made.append(f"{url.partition('?')[0]}/{name}")

    def clean_up(self) -> None:
        """Remove what belongs to no namespace, then the namespace."""
        for url in reversed(self.made):
            self._request({"ask": f"DELETE {url}", "send": {"propagationPolicy": "Background"}})


def _headline(body: dict[str, Any]) -> dict[str, Any]:
    return {"kind": body.get("kind"), "reason": body.get("reason") if body.get("kind") == "Status" else None}


def _picked(body: Any, paths: Any) -> dict[str, Any]:
    found = {path: look(body, path) for path in paths}
    return {path: None if value is ABSENT else value for path, value in found.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _holds(answer: Answer, path: str, wanted: Any) -> bool:
    """Conditions: a value, ``*`` (something), ``!*`` (nothing), ``~expression`` or ``>=number``."""
    got = answer.code if path == "$code" else look(answer.body, path)
    if wanted == "!*":
        return got is ABSENT or got is None
    if got is ABSENT:
        return False
    if wanted == "*":
        return got not in (None, "", [])
    if isinstance(wanted, str) and wanted.startswith("~"):
        return re.search(wanted[1:], _text(got)) is not None
    if isinstance(wanted, str) and wanted.startswith(">="):
        return isinstance(got, int) and got >= int(wanted[2:])
    return bool(got == wanted)


# --- what no run repeats and no placeholder can say: order ---

MANAGER = ("manager", "operation", "apiVersion", "subresource")


def _tidy(value: Any, keeps_managed_fields: bool, ignored: list[str]) -> Any:
    value = copy.deepcopy(value)
    for path in ignored:
        drop(value, path)
    return _in_order(value, keeps_managed_fields)


def _in_order(value: Any, keeps: bool) -> Any:
    """Causes of a refusal come from maps in part, and who managed fields first depends on the second."""
    if isinstance(value, list):
        return [_in_order(v, keeps) for v in value]
    if not isinstance(value, dict):
        return value
    value = {k: _in_order(v, keeps) for k, v in value.items() if keeps or k != "managedFields"}
    if isinstance(value.get("managedFields"), list):
        value["managedFields"].sort(key=lambda entry: [str(entry.get(k, "")) for k in MANAGER])
    return _causes_in_order(value) if value.get("kind") == "Status" else value


def _causes_in_order(status: dict[str, Any]) -> dict[str, Any]:
    causes = (status.get("details") or {}).get("causes") or []
    said = [f"{c.get('field')}: {c.get('message')}" for c in causes]
    ordered = sorted(causes, key=lambda c: [str(c.get(k)) for k in ("field", "message", "reason")])
    status = {**status, "details": {**status["details"], "causes": ordered}} if causes else status
    for once in (said, list(dict.fromkeys(said))):
        listed = f"[{', '.join(once)}]"
        if len(once) > 1 and status["message"].endswith(listed):
            return {**status, "message": status["message"].removesuffix(listed) + f"[{', '.join(sorted(once))}]"}
    return status
