"""The HTTPS server: uvicorn, told about client certificates and how to part from its watches.

Kubernetes: apiserver/pkg/server/secure_serving.go
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from asyncio import TimerHandle
from typing import Any
from typing import Protocol as Interface

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from k8slearn.live.asgi import Certificate, Receive, Scope, Send
from k8slearn.live.certificates import Pair, show

PARTING = 5  # seconds that requests have to finish when the server goes
CLOSING = 0.3  # seconds that answered clients then have to close their end
HEAD_BY = 32.0  # seconds in which a client must have said what it wants: ReadHeaderTimeout
LARGEST_HEAD = 1 << 20  # bytes of URL and headers: http.DefaultMaxHeaderBytes
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Connection: close\r\n\r\n431 Request Header Fields Too Large"
)


class Protocol(HttpToolsProtocol):
    """One connection. Tells the application who the client's certificate says he is, and how to hang up on him.

    A client that begins a request and never comes to its point is not waited for.
    """

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        found = transport.get_extra_info("peercert")
        self.extensions: Any = {"client_certificate": certificate(found)} if found else {}
        self.extensions["abort"] = transport.abort
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.deadline is not None:
            self.head += len(data)
            if self.head > LARGEST_HEAD:
                self.transport.write(TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self.extensions
        if self.deadline is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._has_head()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_head()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self.head = 0
        self.deadline: TimerHandle | None = self.loop.call_later(HEAD_BY, self.transport.abort)

    def _has_head(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None


def certificate(peer: dict[str, Any]) -> Certificate:
    """What ``ssl.getpeercert`` found, in our words."""
    fields = [pair for part in peer.get("subject", ()) for pair in part]
    names = [value for key, value in fields if key == "commonName"]
    groups = tuple(value for key, value in fields if key == "organizationName")
    return Certificate(names[0] if names else "", groups)


def tls(server: Pair, authority: Pair) -> ssl.SSLContext:
    """TLS 1.2 and later. A client may show a certificate; if he does, our CA must have signed it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    show(context, server)
    context.load_verify_locations(cadata=authority.certificate.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["http/1.1"])
    return context


class Application(Interface):
    """What can be served."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    def close(self) -> None:
        """End everything that would go on for ever."""


class HttpsServer(uvicorn.Server):
    """Serves `app` on `listener`, a bound socket."""

    def __init__(self, app: Application, context: ssl.SSLContext, listener: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=120,
            timeout_graceful_shutdown=PARTING,
            ssl_context_factory=lambda *_: context,
        )
        super().__init__(config)
        self.app = app
        self.listener = listener

    async def run_here(self) -> None:
        """Serve until `should_exit`; signals are somebody else's business."""
        await self._serve([self.listener])

    def stop(self) -> None:
        """End; when told again, hang up on those who are still not done."""
        if self.should_exit:
            for connection in list(self.server_state.connections):
                connection.transport.abort()
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.app.close()
        parting = asyncio.create_task(self._hang_up())
        await super().shutdown(sockets)
        parting.cancel()

    async def _hang_up(self) -> None:
        """TLS ends when both sides say so; whoever has his answer and keeps silent is not waited for."""
        while True:
            await asyncio.sleep(CLOSING)
            for connection in list(self.server_state.connections):
                if connection.transport.is_closing():
                    connection.transport.abort()


class PortTaken(RuntimeError):
    """Somebody else listens there."""


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address; port 0 finds a free one. Raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Naming the protocol matters: asyncio turns Nagle's delay off only for sockets that say they are TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # finds out about clients that vanished
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortTaken(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another port with --port (0 finds a free one)"
        ) from None
    listener.set_inheritable(True)
    return listener
