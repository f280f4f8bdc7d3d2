"""A watch over a socket of one's own, for tests that want to read slowly, or not at all."""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

from tests.up import PATIENCE, Up


def connect(up: Up, *, buffer: int = 0, trust: ssl.SSLContext | None = None) -> ssl.SSLSocket:
    """TLS to the server; `buffer` bytes are all that the kernel takes in for us."""
    at = urlsplit(up.url)
    plain = socket.socket()
    if buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    plain.settimeout(PATIENCE)
    plain.connect((at.hostname, at.port))
    return (trust or up.trust).wrap_socket(plain, server_hostname=at.hostname)


def ask(up: Up, path: str, *, method: str = "GET", headers: str = "", buffer: int = 0) -> ssl.SSLSocket:
    """Send a request without a body, and read nothing yet."""
    sock = connect(up, buffer=buffer)
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {up.token}\r\n{headers}\r\n"
    sock.sendall(head.encode())
    return sock


class Watching:
    """Events, one after the other, until the server ends it (None)."""

    def __init__(self, up: Up, path: str) -> None:
        self.socket = ask(up, path + ("&" if "?" in path else "?") + "watch=1")
        self._file = self.socket.makefile("rb")
        self.code = int(self._file.readline().split()[1])
        while self._file.readline().strip():
            pass
        self._rest = b""

    def event(self) -> dict[str, Any] | None:
        """The next one; None: there will be no more."""
        while b"\n" not in self._rest:
            size = int(self._file.readline() or b"-1", 16)
            if size <= 0:
                self.ended_well = size == 0  # the last chunk is empty; anything else is a broken line
                return None
            self._rest += self._file.read(size)
            self._file.readline()
        line, _, self._rest = self._rest.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found

    def names(self, count: int) -> list[tuple[str, str]]:
        events = [self.event() or {} for _ in range(count)]
        return [(e["type"], e["object"]["metadata"]["name"]) for e in events]

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
