"""An answer, in the form in which answers are recorded, and how far it agrees with the recorded one.

Three levels, each more than the one before: *status* (code, kind and reason; of a watch, the types of its
events), *fields* (every recorded field is there and has its value), *exact* (there is nothing else, and the media
type is the same).
"""

from __future__ import annotations

import copy
import enum
import json
from dataclasses import dataclass, field
from typing import Any

from tools.fidelity.paths import ABSENT, drop, look
from tools.fidelity.patterns import Difference, Unifier

HEAD = ("code", "kind", "reason", "types")
MANAGER = ("manager", "operation", "apiVersion", "subresource")

Json = dict[str, Any]


class Level(enum.IntEnum):
    NOTHING, STATUS, FIELDS, EXACT = range(4)


@dataclass
class Answer:
    """`body`: what its JSON says, or its text. `events`: of a watch."""

    code: int
    media_type: str = ""
    warnings: list[str] = field(default_factory=list)
    body: Any = None
    events: list[Json] | None = None


def parsed(text: str) -> Any:
    """What a body says, if it is JSON; else the body."""
    try:
        return json.loads(text) if text[:1] in ("{", "[") else text
    except ValueError:
        return text


def bare(media_type: str) -> str:
    return media_type.partition(";")[0].strip()


def judge(want: Json, got: Json, unifier: Unifier) -> tuple[Level, list[Difference]]:
    """How far two answers agree, and what keeps them from agreeing better. `want` is a pattern."""
    head = _differences(unifier, {k: want.get(k) for k in HEAD}, {k: got.get(k) for k in HEAD}, exact=True)
    media_types = {"type": want["type"]}, {"type": got["type"]}
    want, got = ({k: v for k, v in x.items() if k not in (*HEAD, "type")} for x in (want, got))
    loose = _differences(unifier, want, got, exact=False)
    exact = _differences(unifier, want, got, exact=True) + _differences(unifier, *media_types, exact=True)
    if head:
        return Level.NOTHING, head + exact
    if loose:
        return Level.STATUS, loose
    return (Level.FIELDS, exact) if exact else (Level.EXACT, [])


def _differences(unifier: Unifier, want: Json, got: Json, *, exact: bool) -> list[Difference]:
    return list(unifier.differences(want, got, exact=exact))


def wanted(recorded: Json) -> Json:
    """A recorded answer, with what goes without saying."""
    want = {"type": "application/json", **recorded}
    if isinstance(want.get("body"), dict):
        want |= headline(want["body"])
    if "events" in want:
        want["types"] = [next(iter(e)) for e in want["events"]]
    return want


def shown(answer: Answer, step: Json, ignored: list[str], *, managed_fields: bool) -> Json:
    """An answer as it would have been recorded at this step of a story."""
    got: Json = {"code": answer.code, "type": answer.media_type}
    if answer.warnings:
        got["warnings"] = answer.warnings
    if answer.events is not None:
        events = [tidy(e, ignored, managed_fields) for e in answer.events]
        return got | {"events": _events(events, step.get("compare")), "types": [e["type"] for e in events]}
    body = tidy(answer.body, ignored, managed_fields)
    if not isinstance(body, dict):
        return got | {"body": body}
    if "sort" in step and isinstance(body.get("items"), list):
        paths = [step["sort"]] if isinstance(step["sort"], str) else step["sort"]
        body["items"].sort(key=lambda item: json.dumps(list(picked(item, paths).values())))
    got |= headline(body)
    fields = step["answer"].get("fields")
    return got | ({"body": body} if fields is None else {"fields": picked(body, fields)})


def _events(events: list[Json], paths: list[str] | None) -> list[Json]:
    return [{e["type"]: picked(e["object"], paths) if paths else e["object"]} for e in events]


def headline(body: Json) -> Json:
    return {"kind": body.get("kind"), "reason": body.get("reason") if body.get("kind") == "Status" else None}


def picked(body: Any, paths: Any) -> Json:
    """What stands at some paths; None where nothing does."""
    found = {path: look(body, path) for path in paths}
    return {path: None if value is ABSENT else value for path, value in found.items()}


# --- what no run repeats and no placeholder can say: order ---


def tidy(value: Any, ignored: list[str], managed_fields: bool) -> Any:
    """Without what is ignored, and with an order where none is promised."""
    value = copy.deepcopy(value)
    for path in ignored:
        drop(value, path)
    return _in_order(value, managed_fields)


def _in_order(value: Any, managed_fields: bool) -> Any:
    if isinstance(value, list):
        return [_in_order(v, managed_fields) for v in value]
    if not isinstance(value, dict):
        return value
    value = {
        k: _in_order(v, managed_fields) for k, v in value.items() if managed_fields or k != "managedFields"
    }
    if isinstance(value.get("managedFields"), list):  # they come in the order of their second
        value["managedFields"].sort(key=lambda entry: [str(entry.get(k, "")) for k in MANAGER])
    return _causes_in_order(value) if value.get("kind") == "Status" else value


def _causes_in_order(status: Json) -> Json:
    """The causes of a refusal, and the message that lists them: in Go, some of them come out of a map."""
    details = status.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    if not isinstance(details, dict) or not isinstance(causes, list) or len(causes) < 2:
        return status
    said = [f"{c.get('field')}: {c.get('message')}" for c in causes]
    causes = sorted(causes, key=lambda c: [str(c.get(k)) for k in ("field", "message", "reason")])
    status = {**status, "details": {**details, "causes": causes}}
    for pieces in (said, list(dict.fromkeys(said))):
        listed = f"[{', '.join(pieces)}]"
        if str(status.get("message")).endswith(listed):
            message = status["message"].removesuffix(listed) + f"[{', '.join(sorted(pieces))}]"
            return {**status, "message": message}
    return status
