"""At the door: who may come in, how much he may carry, and how long he may stand there."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import k8slearn.live
from k8slearn.live import asgi, https
from k8slearn.live.certificates import Authority, write_private
from k8slearn.live.notebook import Background
from tests.live.watching import Watching, ask, connect
from tests.up import Up

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"

# --- who ---


@pytest.mark.parametrize(
    ("token", "code", "reason"), [("wrong", 401, "Unauthorized"), ("", 403, "Forbidden")]
)
def test_a_wrong_token_is_refused_and_none_makes_one_anonymous(
    live_server: Up, token: str, code: int, reason: str
) -> None:
    with live_server.http(token) as http:
        answer = http.get("/api/v1/secrets")
        assert (answer.status_code, answer.json()["reason"]) == (code, reason)
        assert "item" not in answer.text
        assert http.get("/livez").status_code == (401 if token else 200)


def shown(folder: Path, name: str, user: str, *groups: str, authority: Authority) -> ssl.SSLContext:
    """How a client comes along that shows a certificate of this authority."""
    pair = authority.client(user, groups)
    for what, data in zip(("crt", "key"), pair, strict=True):
        write_private(folder / f"{name}.{what}", data)
    trust = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    trust.load_cert_chain(folder / f"{name}.crt", folder / f"{name}.key")
    return trust


def test_a_client_certificate_says_who_one_is_and_to_which_groups_one_belongs(live_server: Up) -> None:
    authority = Authority(live_server.folder)
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    for name, groups, code in (("anna", ["system:masters"], 200), ("otto", ["guests"], 403)):
        trust = shown(live_server.folder, name, name, *groups, authority=authority)
        with live_server.http("", trust) as http:
            found = http.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", json=review).json()
            info = found["status"]["userInfo"]
            assert (info["username"], info["groups"]) == (name, [*groups, "system:authenticated"])
            assert http.get("/api/v1/nodes").status_code == code


def test_a_certificate_of_somebody_else_opens_nothing(live_server: Up, tmp_path: Path) -> None:
    """TLS itself refuses it; the client hears of that with its first answer."""
    stranger = Authority(tmp_path)
    trust = shown(tmp_path, "eve", "kubernetes-admin", "system:masters", authority=stranger)
    trust.load_verify_locations(live_server.authority)
    with live_server.http("", trust) as http, pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        http.get("/api/v1/nodes")


def test_who_does_not_speak_tls_gets_nothing_and_harms_nobody(live_server: Up) -> None:
    with socket.create_connection(("127.0.0.1", live_server.port), 10) as plain:
        plain.sendall(b"GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert b"HTTP" not in plain.recv(1000)
    with live_server.http() as http:
        assert http.get("/readyz").text == "ok"


# --- how much ---


def test_a_body_that_is_too_large_is_refused_and_nothing_of_it_stays(live_server: Up) -> None:
    with live_server.http() as http:
        before = http.get(CONFIGMAPS).json()
        body = {"metadata": {"name": "huge"}, "data": {"k": "x" * (3 << 20)}}
        answer = http.post(CONFIGMAPS, json=body)
        assert (answer.status_code, answer.json()["reason"]) == (413, "RequestEntityTooLarge")
        assert answer.json()["message"] == "Request entity too large: limit is 3145728"
        assert http.get(CONFIGMAPS).json()["items"] == before["items"]


def answered(up: Up, sent: bytes) -> bytes:
    """The first line that comes back; b"" when the server hangs up without a word."""
    with connect(up) as sock:
        try:
            sock.sendall(sent)
            return sock.makefile("rb").readline()
        except OSError:
            return b""


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        (b"GARBAGE\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET /\xff HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET /api/v1/%ff%00 HTTP/1.1\r\n\r\n", b"HTTP/1.1 403 "),
        (b"POST /api HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 400 "),
        (b"GET / HTTP/1.1\r\nX: ".ljust(https.LARGEST_HEAD + 1, b"x"), b"HTTP/1.1 431 "),
        (b"GET /".ljust(https.LARGEST_HEAD + 1, b"x"), b"HTTP/1.1 431 "),
    ],
)
def test_what_is_not_http_is_answered_and_costs_nothing(live_server: Up, sent: bytes, line: bytes) -> None:
    assert answered(live_server, sent).startswith(line)
    with live_server.http() as http:
        assert http.get("/readyz").text == "ok"


# --- how long ---


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Background]:
    """A control plane in this process that waits for nobody longer than a moment."""
    monkeypatch.setattr(asgi, "READ_BY", 0.1)
    monkeypatch.setattr(asgi, "SENT_BY", 0.1)
    monkeypatch.setattr(https, "HEAD_BY", 0.1)
    monkeypatch.setenv("KUBECONFIG", "")
    with k8slearn.live.start(nodes=0) as background:
        yield background


def test_a_watcher_that_stops_reading_is_let_go_and_the_server_keeps_little_for_him(
    hasty: Background,
) -> None:
    """What he missed is in the log, where it is anyway; what waits for him alone is one helping."""
    up = Up.beside(hasty)
    with ask(up, CONFIGMAPS + "?watch=1", buffer=4096) as lazy, Watching(up, CONFIGMAPS) as eager:
        with up.http() as http:
            for i in range(40):
                body = {"metadata": {"name": f"big-{i}"}, "data": {"k": "x" * 500_000}}
                http.post(CONFIGMAPS, json=body).raise_for_status()
                while eager.names(1) != [("ADDED", f"big-{i}")]:
                    pass  # what was there before
        assert received(lazy) < 10 * 500_000


def received(sock: socket.socket) -> int:
    """How many bytes still come, until the server's end of the line is dead."""
    total = 0
    try:
        while chunk := sock.recv(1 << 20):
            total += len(chunk)
    except ConnectionError:
        pass
    return total


def test_a_request_that_never_ends_is_answered_in_its_stead(hasty: Background) -> None:
    up = Up.beside(hasty)
    with ask(up, CONFIGMAPS, method="POST", headers="Content-Length: 100\r\n") as half:
        assert half.makefile("rb").readline() == b"HTTP/1.1 504 Gateway Timeout\r\n"


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-"])
def test_a_connection_on_which_nothing_is_asked_is_closed(hasty: Background, begun: bytes) -> None:
    with connect(Up.beside(hasty)) as half:
        half.sendall(begun)
        with contextlib.suppress(OSError):
            assert half.recv(1000) == b""
