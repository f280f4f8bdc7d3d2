"""A request on its way to another API server, and the answer on its way back.

We have found out who asks, and RBAC has allowed it. What the client brought to prove who he is stays here;
the other server hears his name in headers, and believes it because the connection shows our proxy's
certificate.

An answer that has an end is awaited like everybody else's (`outside`). A watch has none: whoever carries
bytes must open the connection himself and pass on what comes (`Endless`).

Kubernetes: kube-aggregator/pkg/apiserver/handler_proxy.go, apimachinery/pkg/util/proxy
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from k8slearn.api.objects import Object
from k8slearn.api.requests import NotYet
from k8slearn.api.users import User
from k8slearn.apiserver.aggregation.registered import call, is_available, why
from k8slearn.apiserver.http import answers
from k8slearn.apiserver.http.messages import HttpRequest, HttpResponse
from k8slearn.apiserver.outside import Call, CallFailed, Suspended

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

ANSWERED_BY = 60.0  # seconds: --request-timeout

#: Of one connection, and not of what travels on it.
HOP_BY_HOP = frozenset(
    "connection keep-alive te trailer transfer-encoding upgrade host content-length".split()
)
#: What proves who the client is, and what he may have said to seem another.
STAYS_HERE = ("authorization", "cookie", "impersonate-", "x-remote-", "proxy-")
SAID_BY_US = frozenset(["content-type", "cache-control", "date", "server"])


class Endless(NotYet):
    """Whoever runs the server must open this call, and pass on what comes for as long as it comes."""

    def __init__(self, call: Call) -> None:
        super().__init__(f"{call.method} {call.place}{call.target} has no end")
        self.call = call


def is_endless(http: HttpRequest, verb: str) -> bool:
    return verb == "watch" or http.query.get("follow", "") in ("true", "1")


def pass_on(
    server: ApiServer, apiservice: Object, http: HttpRequest, user: User, *, endless: bool
) -> HttpResponse:
    """What the other server answers. Raises Suspended, Endless."""
    if not is_available(apiservice):
        return unavailable()
    passed = passed_call(apiservice, http, user)
    try:
        reply = server.outside(passed)
    except Suspended:
        if endless:
            raise Endless(passed) from None
        raise
    except CallFailed as error:
        return unreachable(CallFailed(why(server, apiservice, error)))
    headers = {name.lower(): value for name, value in reply.headers}
    return HttpResponse(reply.code, reply.body, headers.get("content-type", ""), returned(reply.headers))


def passed_call(apiservice: Object, http: HttpRequest, user: User) -> Call:
    query = f"?{http.query_string}" if http.query_string else ""
    target = quote(http.path, safe="/:@!$&'()*+,;=~") + query
    many = http.repeated or {name: [value] for name, value in http.headers.items()}
    headers = [(name, value) for name, values in many.items() for value in values if _travels(name)]
    plain = ("Accept-Encoding", "identity")  # what is packed nobody could look at on its way
    return call(
        apiservice,
        target,
        user,
        method=http.method,
        headers=(*headers, plain),
        body=http.body,
        timeout=ANSWERED_BY,
    )


def _travels(name: str) -> bool:
    lower = name.lower()
    return lower not in HOP_BY_HOP and lower != "accept-encoding" and not lower.startswith(STAYS_HERE)


def returned(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of an answer that go on to the client."""
    kept = ((n, v) for n, v in headers if n.lower() not in HOP_BY_HOP and n.lower() not in SAID_BY_US)
    return list(kept)


def unavailable() -> HttpResponse:
    return answers.text("service unavailable\n", 503)


def unreachable(error: CallFailed) -> HttpResponse:
    """It was there when it was looked at last, and is not now."""
    return answers.text(f"error trying to reach service: {error}\n", 503)
