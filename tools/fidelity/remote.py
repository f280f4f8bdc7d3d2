"""Any server with a URL, in real time."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

import httpx

from tools.fidelity.answers import Answer, bare, parsed
from tools.fidelity.worlds import MOMENT, Watching


class Remote:
    """Implements `worlds.World`. Certificates are not verified."""

    is_private = False

    def __init__(self, url: str, token: str) -> None:
        self.token = token
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        self.http = httpx.Client(base_url=url, verify=trusting, timeout=60, trust_env=False)
        self.http.headers.clear()

    def request(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        response = self.http.request(method, target, content=body or None, headers=dict(headers))
        return heard(response)

    def watch(self, target: str, headers: Mapping[str, str]) -> Watching:
        request = self.http.build_request("GET", target, headers=dict(headers))
        return RemoteWatch(self.http.send(request, stream=True))

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.http.close()


class RemoteWatch:
    """Its events wait in the socket until they are collected."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.opened = time.monotonic()

    def collect(self, most: int, seconds: float) -> Answer:
        if self.response.status_code != 200:
            self.response.read()
            return heard(self.response)
        events = list(self._events(most, self.opened + seconds))
        self.response.close()
        return Answer(200, bare(self.response.headers.get("content-type", "")), events=events)

    def _events(self, most: int, end: float) -> Iterator[dict[str, Any]]:
        lines = self.response.iter_lines()
        for _ in range(most):
            self.response.request.extensions["timeout"]["read"] = max(end - time.monotonic(), MOMENT)
            try:
                yield json.loads(next(lines))
            except (httpx.ReadTimeout, StopIteration):
                return


def heard(response: httpx.Response) -> Answer:
    """An answer that came over the wire."""
    media_type = bare(response.headers.get("content-type", ""))
    return Answer(
        response.status_code, media_type, response.headers.get_list("warning"), parsed(response.text)
    )
