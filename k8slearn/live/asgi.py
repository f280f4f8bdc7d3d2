"""Between a socket and the front: a request is gathered, answered at once, and its answer sent.

Only a watch takes longer: its pump sends what there is, then sleeps until the bell rings, a bookmark is due, or
the watch's time is over. A client that stops reading holds up only its own pump, and is let go after a while.

Kubernetes: apiserver/pkg/server (filters), endpoints/handlers/watch.go (WatchServer.HandleHTTP)
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from k8slearn.api.errors import InternalError, RequestEntityTooLarge, ServerTimeout
from k8slearn.api.requests import NotYet
from k8slearn.apiserver.aggregation.proxy import Endless, returned, unreachable
from k8slearn.apiserver.http import Front, HttpRequest, HttpResponse, Stream, answers
from k8slearn.apiserver.http.messages import Certificate
from k8slearn.apiserver.outside import CallFailed
from k8slearn.live.calls import Calls
from k8slearn.live.outside import Switchboard

if TYPE_CHECKING:
    import httpx2

log = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

LARGEST_BODY = 3 * 1024 * 1024  # bytes; etcd's limit of 1.5 MiB per object is the store's business
LONGEST_WATCH = (1800.0, 3600.0)  # seconds, between which one is drawn: --min-request-timeout
SENT_BY = 60.0  # seconds in which a client must have sent its request: --request-timeout
ANSWERED_BY = 60.0  # seconds that a client waits for others whom the server has to ask
READ_BY = 30.0  # seconds in which a client must take what it was sent


class Disconnected(Exception):
    """The client has gone."""


class App:
    """An ASGI application. `wake` is called when something may have been written; `board` asks others.

    `calls` opens the answers of others that have no end.
    """

    def __init__(self, front: Front, wake: Callable[[], None], board: Switchboard, calls: Calls) -> None:
        self.front = front
        self.wake = wake
        self.board = board
        self.calls = calls
        self.watches: dict[Stream | Endless, asyncio.Event] = {}
        self.closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            async with asyncio.timeout(SENT_BY):
                http = await read_request(scope, receive)
            answer = await self.answer(http)
        except Disconnected:
            return
        except RequestEntityTooLarge as error:
            answer = answers.failure(error)
        except TimeoutError:
            answer = answers.failure(
                ServerTimeout("Timeout: request did not complete within the allotted timeout")
            )
        if isinstance(answer, Endless):
            await self._pass_on(answer, scope, receive, send)
        elif isinstance(answer, Stream):
            await self._stream(answer, scope, receive, send)
        else:
            await send_response(answer, send, with_body=scope["method"] != "HEAD")

    async def answer(self, http: HttpRequest) -> HttpResponse | Stream | Endless:
        """The front's answer, when everybody has been heard whom it needs."""
        writes = http.method not in ("GET", "HEAD")
        turn = self.board.turn(frozen=writes)
        try:
            async with asyncio.timeout(ANSWERED_BY):
                return await self.board.answered(turn, partial(self._answer, http))
        except Endless as elsewhere:
            return elsewhere
        except TimeoutError:
            why = "request did not complete within requested timeout - context deadline exceeded"
            return answers.failure(ServerTimeout(f"Timeout: {why}"))
        finally:
            if writes:
                self.wake()

    def _answer(self, http: HttpRequest) -> HttpResponse | Stream:
        """Of a mistake of our own, the client hears only that it happened. Raises NotYet."""
        try:
            return self.front.answer(http)
        except NotYet:
            raise
        except Exception:
            log.exception("%s %s failed", http.method, http.path)
            return answers.failure(
                InternalError("an error on the server has prevented the request from succeeding")
            )

    def close(self) -> None:
        """End every watch, as a server that goes away in peace does."""
        self.closing = True
        for bell in self.watches.values():
            bell.set()

    # --- watches ---

    async def _stream(self, stream: Stream, scope: Scope, receive: Receive, send: Send) -> None:
        bell = asyncio.Event()
        self.watches[stream] = bell
        stream.listen(bell.set)
        gone = asyncio.ensure_future(_until_disconnected(receive, bell))
        try:
            await send(response_start(200, stream.media_type))
            await self._pump(stream, bell, gone, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:  # the client does not read; what we hold for him will do nobody good
            scope.get("extensions", {}).get("abort", gone.cancel)()
            await asyncio.wait([gone])
        except OSError:
            pass  # the client has gone
        finally:
            gone.cancel()
            stream.close()
            del self.watches[stream]

    async def _pump(
        self, stream: Stream, bell: asyncio.Event, gone: asyncio.Future[None], send: Send
    ) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + (stream.seconds or random.uniform(*LONGEST_WATCH))
        while not (gone.done() or self.closing):
            bell.clear()
            chunk = await self.board.answered(self.board.turn(frozen=False), stream.take)
            if not chunk:
                left = end - loop.time()
                if stream.finished or left <= 0:
                    return
                if await _rings(bell, min(left, stream.quiet)):
                    continue
                chunk = stream.bookmark()
            if chunk:
                body = {"type": "http.response.body", "body": chunk, "more_body": True}
                await asyncio.wait_for(send(body), READ_BY)

    # --- answers of others ---

    async def _pass_on(self, elsewhere: Endless, scope: Scope, receive: Receive, send: Send) -> None:
        """Another server's watch: what comes is passed on as it comes. If it breaks off, so do we."""
        try:
            answer = await self.calls.open(elsewhere.call)
        except CallFailed as error:
            return await send_response(unreachable(error), send)
        bell = self.watches[elsewhere] = asyncio.Event()
        copying = asyncio.ensure_future(_copied(answer, send))
        copying.add_done_callback(lambda _: bell.set())
        gone = asyncio.ensure_future(_until_disconnected(receive, bell))
        try:
            await bell.wait()
            if copying.done() and copying.exception() is not None:
                scope.get("extensions", {}).get("abort", gone.cancel)()
            elif self.closing and copying.cancel():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            copying.cancel()
            gone.cancel()
            await answer.aclose()
            del self.watches[elsewhere]


async def _copied(answer: httpx2.Response, send: Send) -> None:
    media_type = answer.headers.get("content-type", "")
    await send(response_start(answer.status_code, media_type, returned(answer.headers.multi_items())))
    async for chunk in answer.aiter_raw():
        body = {"type": "http.response.body", "body": chunk, "more_body": True}
        await asyncio.wait_for(send(body), READ_BY)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _rings(bell: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(bell.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _until_disconnected(receive: Receive, bell: asyncio.Event) -> None:
    with contextlib.suppress(Exception):
        while (await receive())["type"] != "http.disconnect":
            pass
    bell.set()


async def read_request(scope: Scope, receive: Receive) -> HttpRequest:
    """Raises Disconnected, RequestEntityTooLarge."""
    body = bytearray()
    more = scope["method"] not in ("GET", "HEAD")
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            raise RequestEntityTooLarge(f"Request entity too large: limit is {LARGEST_BODY}")
    headers: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers.setdefault(key, text)
        repeated.setdefault(key, []).append(text)
    return HttpRequest(
        scope["method"],
        scope["path"],
        scope["query_string"].decode("latin-1"),
        headers,
        bytes(body),
        scope.get("extensions", {}).get("client_certificate"),
        repeated,
    )


def response_start(
    code: int, media_type: str, headers: list[tuple[str, str]] | None = None
) -> dict[str, Any]:
    typed = [("content-type", media_type)] if media_type else []
    listed = [*typed, ("cache-control", "no-cache, private"), *(headers or [])]
    raw = [(k.lower().encode(), v.encode("utf-8", "replace")) for k, v in listed]
    return {"type": "http.response.start", "status": code, "headers": raw}


async def send_response(answer: HttpResponse, send: Send, *, with_body: bool = True) -> None:
    length = ("content-length", str(len(answer.body)))
    await send(response_start(answer.code, answer.media_type, [length, *answer.headers]))
    await send({"type": "http.response.body", "body": answer.body if with_body else b""})


__all__ = ["App", "Certificate"]
