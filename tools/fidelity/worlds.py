"""Against whom a story is played. Here: a control plane made for it, in this process, under virtual time.

Waiting takes no time, and the same story always goes the same way. `remote` has the other world: any server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol
from urllib.parse import unquote

from k8slearn.api.clock import Dice
from k8slearn.api.users import User
from k8slearn.apiserver.http import Front, HttpRequest, HttpResponse, Stream
from k8slearn.cluster import Cluster
from k8slearn.machinery import Manager, Move
from k8slearn.node import Kubelet, stages
from k8slearn.sim.simulation import VirtualClock
from tools.fidelity.answers import Answer, bare, parsed

MOMENT = 0.1  # seconds between two looks at something that is waited for
NODES = 10
LONGEST = 60.0  # seconds that a watch may take which is read as if it were an answer


class Watching(Protocol):
    """A watch that has been opened."""

    def collect(self, most: int, seconds: float) -> Answer:
        """Its events, as soon as there are so many, or so long after it was opened."""


class World(Protocol):
    """Somebody to ask. `is_private`: nobody else will use it afterwards. `token` may do anything."""

    is_private: bool
    token: str

    def request(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request; `target` is a path with a query."""

    def watch(self, target: str, headers: Mapping[str, str]) -> Watching:
        """Open a watch."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""


class Simulated:
    """A control plane with ten hollow nodes. Between two requests, everybody does what he can."""

    is_private = True
    token = "fidelity"

    def __init__(self) -> None:
        cluster = Cluster.complete(NODES, kubelet=partial(Kubelet, stages=stages.HOLLOW))
        self.clock, dice = VirtualClock(), Dice(0)
        server = cluster.server(self.clock, dice)
        server.signing_key = b"not a secret"
        server.authenticator.tokens[self.token] = User.called("kubernetes-admin")
        self.front = Front(server)
        self.manager = Manager(self.clock)
        for component in cluster.components:
            self.manager.add(component(), server, dice)
        self.settle()
        server.store.compact(server.store.revision)

    def settle(self) -> None:
        """Everybody makes the moves that are possible now."""
        while self.move():
            pass

    def move(self) -> bool:
        """One move; False if nobody can make any now."""
        move = self._due() or self.manager.first()
        if move is not None:
            self.clock.step += 1
            self.manager.make(move)
        return move is not None

    def _due(self) -> Move | None:
        alarm = self.manager.next_alarm(background=True)
        return Move(alarm.player, "timer") if alarm is not None and alarm.due <= self.clock.now else None

    def wait(self, seconds: float) -> None:
        end = round(self.clock.now + seconds, 6)
        while (alarm := self.manager.next_alarm(background=True)) is not None and alarm.due <= end:
            self.clock.now = max(self.clock.now, alarm.due)
            self.settle()
        self.clock.now = end

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
    ) -> HttpResponse | Stream:
        path, _, query = target.partition("?")
        lower = {k.lower(): v for k, v in headers.items()}
        many = {k: [v] for k, v in lower.items()}
        answer = self.front.answer(HttpRequest(method, unquote(path), query, lower, body, repeated=many))
        self.settle()
        return answer

    def request(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        answer = self.answer(method, target, headers, body)
        return read(answer if isinstance(answer, HttpResponse) else self._to_its_end(answer))

    def _to_its_end(self, stream: Stream) -> HttpResponse:
        said, end = stream.take(), self.clock.now + (stream.seconds or LONGEST)
        while not stream.finished and self.clock.now < end:
            self.wait(MOMENT)
            said += stream.take()
        stream.close()
        return HttpResponse(200, said)

    def watch(self, target: str, headers: Mapping[str, str]) -> Watching:
        return SimulatedWatch(self, self.answer("GET", target, headers))


class SimulatedWatch:
    """What is new is taken from the stream whenever it is looked at."""

    def __init__(self, world: Simulated, stream: Stream | HttpResponse) -> None:
        self.world, self.stream = world, stream
        self.opened = world.clock.now

    def collect(self, most: int, seconds: float) -> Answer:
        if isinstance(self.stream, HttpResponse):
            return read(self.stream)
        end = self.opened + min(seconds, self.stream.seconds or seconds)
        events = _events(self.stream.take())
        while len(events) < most and self.world.clock.now < end and not self.stream.finished:
            self.world.wait(MOMENT)
            events += _events(self.stream.take())
        self.stream.close()
        return Answer(200, "application/json", events=events)


def read(response: HttpResponse) -> Answer:
    """An answer of ours, as a client would hear it."""
    warnings = [value for name, value in response.headers if name == "Warning"]
    body = parsed(response.body.decode("utf-8", "replace"))
    return Answer(response.code, bare(response.media_type), warnings, body)


def _events(lines: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.splitlines()]
