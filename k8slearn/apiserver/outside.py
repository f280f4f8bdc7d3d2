"""Others whom the API server has to ask: webhooks, converters, other API servers.

The core never waits. So an API server is handed an `Outside`: a function that answers a `Call` at once, or raises
`Suspended`. In a simulation, programs are plain callables and answer at once (`Programs`). In the live world the
request is put aside, the call is made by the event loop, and then the request is answered *from its
beginning*, this time with the reply at hand: nothing has been written before, so nobody can tell.

Kubernetes: apiserver/pkg/util/webhook, apiserver/pkg/util/proxy (ServiceResolver), kube-aggregator
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from k8slearn.api.objects import Object
from k8slearn.api.requests import NotYet


class Call(NamedTuple):
    """One HTTP request to somebody else. Two equal calls may be answered by one reply.

    `place` is ``https://host:port`` or ``service/NAMESPACE/NAME:PORT``; `target` is path and query.
    `authority`: the CA bundle in PEM that must have signed the other's certificate; "" trusts the machine's, and
    `insecure` anybody.
    """

    place: str
    target: str
    body: bytes = b""
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = ()
    authority: str = ""
    timeout: float = 10.0  # seconds
    insecure: bool = False
    as_proxy: bool = False  # show the certificate that says: this is the API server, asking for somebody else


class Reply(NamedTuple):
    """What came back."""

    code: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class CallFailed(Exception):
    """Nobody answered. The text says why in the words of Go's HTTP client, without the place."""


class Suspended(NotYet):
    """Whoever runs the server must make this call, and then send the request again."""

    def __init__(self, call: Call) -> None:
        super().__init__(f"{call.method} {call.place}{call.target} must be asked first")
        self.call = call


Outside = Callable[[Call], Reply]  # raises CallFailed, Suspended
Program = Callable[[Call], Reply]
Answer = Callable[[str, dict[str, str]], tuple[int, Object]]  # (path, query) -> (code, body), of a GET


def served(answer: Answer, call: Call) -> Reply:
    """The reply of a program that lets itself be looked at, and nothing more."""
    if call.method != "GET":
        return Reply(405)
    target = urlsplit(call.target)
    code, body = answer(target.path, dict(parse_qsl(target.query)))
    text = json.dumps(body, separators=(",", ":")) + "\n"  # as Go's encoder writes it
    return Reply(code, text.encode(), (("Content-Type", "application/json"),))


def nobody(call: Call) -> Reply:
    """A world in which there is nothing but the cluster."""
    raise CallFailed(missing(call.place))


def missing(place: str) -> str:
    """What the real one says of a Service that is not there, or of a host that does not listen."""
    kind, _, rest = place.partition("/")
    if kind == "service":
        name = rest.partition("/")[2].partition(":")[0]
        return f'service "{name}" not found'
    return f"dial tcp {place.partition('://')[2]}: connect: connection refused"


class Programs:
    """The programs of a simulated world, by place. ``programs["service/default/checker:443"] = answer``."""

    def __init__(self) -> None:
        self.by_place: dict[str, Program] = {}

    def __setitem__(self, place: str, program: Program) -> None:
        self.by_place[place] = program

    def __call__(self, call: Call) -> Reply:
        program = self.by_place.get(call.place)
        return nobody(call) if program is None else program(call)
