"""How an operator fares: a line for people, now and then, and an answer for whoever asks over HTTP.

Kubernetes: controller-runtime/pkg/healthz
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from k8slearn.live.driver import Driver

ASKED_BY = 5.0  # seconds in which the question must have been put


class Health:
    """Of the process. It has no driver yet while it waits for a server or a kind."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.errors = 0  # reconciles that failed, in all
        self.driver: Driver | None = None

    def line(self) -> str:
        """``up 2 min, 14 reconciles, 0 errors, queue 0, lag 0``"""
        minutes = (time.monotonic() - self.began) / 60
        players = self.driver.manager.players.values() if self.driver else ()
        queue = sum(len(p.queue.ready) for p in players)
        lag = sum(i.lag for p in players for i in p.informers.values())
        reconciles = self.driver.reconciles if self.driver else 0
        return (
            f"up {minutes:.0f} min, {reconciles} reconciles, {self.errors} errors, queue {queue}, lag {lag}"
        )

    def not_listed(self) -> list[str]:
        """What has not been listed once: nobody who needs it works yet."""
        if self.driver is None:
            return ["anything"]
        players = self.driver.manager.players.values()
        return [f"{p.name}: {r}" for p in players for r, i in p.informers.items() if not i.synced]

    def answer(self, path: str) -> tuple[int, str]:
        """``/healthz``: the process lives. ``/readyz``: it works, too."""
        if path == "/healthz":
            return 200, "ok"
        if path == "/readyz":
            missing = self.not_listed()
            return (500, f"not listed yet: {', '.join(missing)}") if missing else (200, "ok")
        return 404, "404 page not found"

    async def serve(self, port: int) -> asyncio.Server:
        """On every address, so that a kubelet can ask. Raises OSError."""
        return await asyncio.start_server(self._asked, port=port)

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(TimeoutError, OSError, ValueError, asyncio.IncompleteReadError):
            async with asyncio.timeout(ASKED_BY):
                head = await reader.readuntil(b"\r\n\r\n")
            code, said = self.answer(head.split()[1].decode("latin-1").partition("?")[0])
            start = (
                f"HTTP/1.1 {code} {'OK' if code == 200 else 'No'}\r\nContent-Type: text/plain; charset=utf-8"
            )
            writer.write(
                f"{start}\r\nContent-Length: {len(said)}\r\nConnection: close\r\n\r\n{said}".encode()
            )
            await writer.drain()
        writer.close()
