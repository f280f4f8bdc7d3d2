"""An API server as it is met over HTTP, without a socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from k8slearn.api.clock import Dice
from k8slearn.api.users import User
from k8slearn.apiserver.http import Front, HttpRequest, HttpResponse, WatchStream
from k8slearn.cluster import Cluster
from tests import fakes

HOME = "/api/v1/namespaces/default"


class Answer(NamedTuple):
    """`body` is what the JSON says, or the text."""

    code: int
    body: Any
    headers: dict[str, str]
    media_type: str


Send = Callable[..., Any]


@pytest.fixture
def front() -> Front:
    server = Cluster.complete(0).server(fakes.Clock(), Dice())
    server.authenticator.tokens["admin"] = User.called("kubernetes-admin")
    server.authenticator.tokens["jane"] = User.called("jane")
    return Front(server)


@pytest.fixture
def send(front: Front) -> Send:
    """``send("GET", "/api/v1/pods?limit=2")``: an Answer, or a WatchStream."""

    def ask(method: str, url: str, body: Any = None, *, user: str = "admin", **headers: str) -> Any:
        path, _, query = url.partition("?")
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        if user:
            named["authorization"] = f"Bearer {user}"
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        found = front.answer(HttpRequest(method, path, query, named, raw))
        return found if isinstance(found, WatchStream) else read(found)

    return ask


def read(response: HttpResponse) -> Answer:
    text = response.body.decode()
    body = json.loads(text) if response.media_type == "application/json" and text else text
    return Answer(response.code, body, dict(response.headers), response.media_type)


def events(stream: WatchStream) -> list[tuple[str, Any]]:
    """What a stream has to say now: (type, object) each."""
    lines = stream.take().decode().splitlines()
    return [(e["type"], e["object"]) for e in map(json.loads, lines)]


def configmap(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": data}
