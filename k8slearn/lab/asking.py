"""`ask = asking(sim)`: requests to the API server's HTTP door, written as one would write them down.

    ask("GET /apis/weather.example.com")
    ask("POST /apis/weather.example.com/v2/namespaces/default/stations", ROME, user="ann")

No socket and no kubectl: what comes back is what would go over the wire. What is written like this is no step of the
history: whoever rewinds past it, loses it.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from k8slearn.api.objects import Object
from k8slearn.api.users import User
from k8slearn.apiserver.http import Front, HttpRequest, HttpResponse
from k8slearn.lab.show import highlight
from k8slearn.sim import Simulation

ADMIN = "kubernetes-admin"
HEADERS = {"content-type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What came back. `repr` has all of it, `brief` one line."""

    code: int
    media_type: str
    body: bytes

    @property
    def documents(self) -> list[Object]:
        """The JSON documents in the body: one; of a watch one for each event; none of plain text."""
        if "json" not in self.media_type:
            return []
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def object(self) -> Object:
        """The one document. Raises ValueError where there are none, or several."""
        (found,) = self.documents
        return found

    @property
    def brief(self) -> str:
        """``200 Station``, ``404 NotFound: stations "x" not found``, ``503 service unavailable``"""
        said = ", ".join(map(_brief, self.documents)) or self.body.decode().strip()
        return said if said.startswith(str(self.code)) else f"{self.code} {said}"

    @property
    def _said(self) -> str:
        many = [yaml.safe_dump(one, sort_keys=False, allow_unicode=True) for one in self.documents]
        return "---\n".join(many) or self.body.decode()

    def __repr__(self) -> str:
        return f"{self.code} {self.media_type}\n{self._said}".rstrip()

    def _repr_html_(self) -> str:
        head = html.escape(f"{self.code} {self.media_type}")
        return f"<small><b>{head}</b></small>{highlight(self._said, 'yaml')}"


def _brief(one: Object) -> str:
    if one.get("kind") == "Status" and one.get("status") == "Failure":
        return f"{one.get('reason', '')}: {one.get('message', '')}"
    return str(one.get("kind") or one.get("type") or "")


def asking(sim: Simulation) -> Callable[..., Answer]:
    """A function that asks the API server of `sim`: ``ask("METHOD /path", body, user="ann", accept="...")``.

    Whoever is named is believed. Other keywords are headers, with _ for -.
    """
    front = Front(sim.server)

    def ask(line: str, body: Any = None, *, user: str = ADMIN, **more: str) -> Answer:
        method, _, target = line.partition(" ")
        path, _, query = target.partition("?")
        sim.server.authenticator.tokens[f"{user}'s"] = User.called(user)
        headers = {**HEADERS, **{name.replace("_", "-"): value for name, value in more.items()}}
        headers["authorization"] = f"Bearer {user}'s"
        sent = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        found = front.answer(HttpRequest(method, path, query, headers, sent))
        if isinstance(found, HttpResponse):
            return Answer(found.code, found.media_type, found.body)
        said = found.take()  # a watch: what there is so far
        found.close()
        return Answer(200, found.media_type, said)

    return ask
