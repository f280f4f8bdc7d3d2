"""The HTTPS server: uvicorn, told about client certificates and how to part from its watches.

Kubernetes: apiserver/pkg/server/secure_serving.go
"""

from __future__ import annotations

import socket
import ssl
import tempfile
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from k8slearn.live.asgi import App, Certificate
from k8slearn.live.certificates import Pair

PARTING = 5  # seconds that requests have to finish when the server goes


class Protocol(HttpToolsProtocol):
    """One connection. Tells the application who the client's certificate says he is."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        found = transport.get_extra_info("peercert")
        self.extensions: Any = {"client_certificate": certificate(found)} if found else {}

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self.extensions


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
    with tempfile.TemporaryDirectory() as folder:  # the ssl module reads keys from files only
        files = Path(folder, "crt"), Path(folder, "key")
        for file, data in zip(files, server, strict=True):
            file.touch(mode=0o600)
            file.write_bytes(data)
        context.load_cert_chain(*files)
    context.load_verify_locations(cadata=authority.certificate.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["http/1.1"])
    return context


class HttpsServer(uvicorn.Server):
    """Serves `app` on `listener`, a bound socket."""

    def __init__(self, app: App, context: ssl.SSLContext, listener: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
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

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.app.close()
        await super().shutdown(sockets)


class PortTaken(RuntimeError):
    """Somebody else listens there."""


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address; port 0 finds a free one. Raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Naming the protocol matters: asyncio turns Nagle's delay off only for sockets that say they are TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortTaken(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another port with --port (0 finds a free one)"
        ) from None
    listener.set_inheritable(True)
    return listener
