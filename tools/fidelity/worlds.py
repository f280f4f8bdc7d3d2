"""Against whom a story is played: a control plane made for it in this process, or any server with a URL.

In the first, time is virtual: waiting takes none, and the same story always goes the same way.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol
from urllib.parse import unquote

import httpx

from k8slearn.api.clock import Dice
from k8slearn.api.users import User
from k8slearn.apiserver.http import Front, HttpRequest, HttpResponse, WatchStream
from k8slearn.cluster import Cluster
from k8slearn.machinery import Manager, Move
from k8slearn.node import Kubelet, stages
from k8slearn.sim.simulation import VirtualClock

TOKEN = "fidelity"
MOMENT = 0.1  # seconds between two looks at something that is waited for
NODES = 10


@dataclass
class Answer:
    """`body`: what its JSON says, or its text. `events`: of a watch."""

    code: int
    media_type: str = ""
    warnings: list[str] = field(default_factory=list)
    body: Any = None
    events: list[dict[str, Any]] | None = None


class Watching(Protocol):
    """A watch that has been opened."""

    def collect(self, most: int, seconds: float) -> Answer:
        """Its events, as soon as there are so many, or so long after it was opened."""


class World(Protocol):
    def request(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request; `target` is a path with a query."""

    def watch(self, target: str, headers: Mapping[str, str]) -> Watching: ...

    def wait(self, seconds: float) -> None: ...


# --- in this process ---


class Simulated:
    """A control plane with ten hollow nodes, of which everybody has done what he could between two requests."""

    token = TOKEN

    def __init__(self) -> None:
        kubelet = partial(Kubelet, stages=stages.HOLLOW)
        cluster = Cluster.complete(NODES, kubelet=kubelet)
        self.clock, dice = VirtualClock(), Dice(0)
        server = cluster.server(self.clock, dice)
        server.signing_key = b"not a secret"
        server.authenticator.tokens[TOKEN] = User.called("kubernetes-admin")
        self.front = Front(server)
        self.manager = Manager(self.clock)
        for component in cluster.components:
            self.manager.add(component(), server, dice)
        self.settle()
        server.store.compact(server.store.revision)

    def settle(self) -> None:
        """Everybody makes the moves that are possible now."""
        while (move := self._due(self.clock.now) or self.manager.first()) is not None:
            self.clock.step += 1
            self.manager.make(move)

    def _due(self, now: float) -> Move | None:
        alarm = self.manager.next_alarm(background=True)
        return Move(alarm.player, "timer") if alarm is not None and alarm.due <= now else None

    def wait(self, seconds: float) -> None:
        end = round(self.clock.now + seconds, 6)
        while (alarm := self.manager.next_alarm(background=True)) is not None and alarm.due <= end:
            self.clock.now = max(self.clock.now, alarm.due)
            self.settle()
        self.clock.now = end

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> HttpResponse | WatchStream:
        path, _, query = target.partition("?")
        lower = {k.lower(): v for k, v in headers.items()}
        many = {k: [v] for k, v in lower.items()}
        return self.front.answer(HttpRequest(method, unquote(path), query, lower, body, repeated=many))

    def request(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        response = self.answer(method, target, headers, body)
        self.settle()
        return _read(self._to_its_end(response) if isinstance(response, WatchStream) else response)

    def _to_its_end(self, stream: WatchStream) -> HttpResponse:
        """A watch that is read like any answer: all at once, when it is over."""
        said, left = stream.take(), stream.seconds or 60.0
        while not stream.finished and left > 0:
            self.wait(MOMENT)
            said, left = said + stream.take(), left - MOMENT
        stream.close()
        return HttpResponse(200, said)

    def watch(self, target: str, headers: Mapping[str, str]) -> Watching:
        response = self.answer("GET", target, headers)
        return SimulatedWatch(self, response)


class SimulatedWatch:
    def __init__(self, world: Simulated, stream: WatchStream | HttpResponse) -> None:
        self.world, self.stream = world, stream
        self.opened = world.clock.now

    def collect(self, most: int, seconds: float) -> Answer:
        if isinstance(self.stream, HttpResponse):
            return _read(self.stream)
        end = self.opened + min(seconds, self.stream.seconds or seconds)
        events = _events(self.stream.take())
        while len(events) < most and self.world.clock.now < end and not self.stream.finished:
            self.world.wait(MOMENT)
            events += _events(self.stream.take())
        self.stream.close()
        return Answer(200, "application/json", events=events)


def _read(response: HttpResponse) -> Answer:
    warnings = [value for name, value in response.headers if name == "Warning"]
    return Answer(response.code, _bare(response.media_type), warnings, _parsed(response.body.decode("utf-8", "replace")))


def _events(lines: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.splitlines()]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text[:1] in ("{", "[") else text
    except ValueError:
        return text


def _bare(media_type: str) -> str:
    return media_type.partition(";")[0].strip()


# --- somewhere else ---


class Remote:
    """A server with a URL. Certificates are not verified."""

    def __init__(self, url: str, token: str) -> None:
        self.token = token
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        self.http = httpx.Client(base_url=url, verify=trusting, timeout=60, trust_env=False)
        self.http.headers.clear()

    def request(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        response = self.http.request(method, target, content=body or None, headers=dict(headers))
        return _heard(response, _parsed(response.text))

    def watch(self, target: str, headers: Mapping[str, str]) -> Watching:
        request = self.http.build_request("GET", target, headers=dict(headers))
        return RemoteWatch(self.http.send(request, stream=True))

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


class RemoteWatch:
    """Events wait in the socket until they are collected."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.opened = time.monotonic()

    def collect(self, most: int, seconds: float) -> Answer:
        if self.response.status_code != 200:
            return _heard(self.response, _parsed(self.response.read().decode()))
        events = list(self._read(most, self.opened + seconds))
        self.response.close()
        return Answer(200, _bare(self.response.headers.get("content-type", "")), events=events)

    def _read(self, most: int, end: float) -> Iterator[dict[str, Any]]:
        lines = self.response.iter_lines()
        try:
            for number in range(most):
                patience = max(end - time.monotonic(), MOMENT)
                self.response.request.extensions["timeout"]["read"] = patience
                line = next(lines, None)
                if line is None:
                    return
                yield json.loads(line)
        except httpx.ReadTimeout:
            return


def _heard(response: httpx.Response, body: Any) -> Answer:
    media_type = _bare(response.headers.get("content-type", ""))
    return Answer(response.status_code, media_type, response.headers.get_list("warning"), body)
