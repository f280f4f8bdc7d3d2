"""A real webhook for tests: an HTTPS server in a thread, which answers reviews with functions, one for each path."""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from k8slearn.apiserver.outside import Call
from k8slearn.live.certificates import Authority
from k8slearn.sim.reviewer import Reviewer

NAME = "hook.default.svc"


class Webhook:
    """`answers`: path -> function from a request to a response, or bytes to send as they are.

    names: for which its certificate is valid; None: it speaks no TLS at all.
    """

    def __init__(self, names: set[str] | None = frozenset([NAME])) -> None:  # type: ignore[assignment]
        self.answers: dict[str, Any] = {}
        self.over = threading.Event()  # who waits for it has waited long enough
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.authority = b""
        if names is not None:
            self._speak_tls(names)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def _speak_tls(self, names: set[str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            authority = Authority(Path(folder))
            pair, both = authority.server(names), Path(folder) / "both.pem"
            both.write_bytes(pair.key + pair.certificate)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(both)
        self.authority = authority.pair.certificate
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def client_config(self, path: str) -> dict[str, Any]:
        service = {"namespace": "default", "name": "hook", "path": path, "port": self.port}
        bundle = {"caBundle": base64.b64encode(self.authority).decode()} if self.authority else {}
        return {"service": service, **bundle}

    def stop(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def _handler(webhook: Webhook) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer: bytes | Callable[[Any], Any] = webhook.answers[self.path.partition("?")[0]]
            if not isinstance(answer, bytes):
                answer = Reviewer(answer)(Call("", "", body)).body
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    return Handler


def configuration(kind: str, webhook: Webhook, path: str, **rest: Any) -> dict[str, Any]:
    """A MutatingWebhookConfiguration or ValidatingWebhookConfiguration about the creation of ConfigMaps."""
    rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
    hook = {
        "name": "check.example.com",
        "clientConfig": webhook.client_config(path),
        "rules": [rule],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        **rest,
    }
    named = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": path.strip("/")},
    }
    return {**json.loads(json.dumps(named)), "webhooks": [hook]}
