"""The API server over TLS: `k8slearn up` in a process of its own, asked by one client with eight connections.

The client shares the machine with it. So beside each rate stands how long the server itself worked on one request
(processor time), which is what remains when clients come from elsewhere.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import yaml

from tools.bench.figure import Figure

COMMAND = str(Path(sys.executable).with_name("k8slearn"))
CONNECTIONS = 8
OBJECTS, READS, UPDATES, LISTS, WATCHERS = 2000, 6000, 2000, 10, 20
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
MIB = 1 << 20
#: What the real API server does on such a machine, a second; and what it occupies, in MiB.
REAL = {"create": 1150, "get": 3100, "update": 960, "events": 17_000, "memory": 290}


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        server = subprocess.Popen(
            [COMMAND, "up", "--nodes", "0", "--port", "0", "--kubeconfig", f"{folder}/config"],
            env={"K8SLEARN_HOME": folder, "PYTHONHASHSEED": "0"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert server.stdout is not None
            server.stdout.readline()
            yield from _of(Bench(Path(folder), server.pid), began)
        finally:
            server.terminate()
            server.wait()


def _of(bench: Bench, began: float) -> Iterator[Figure]:
    bench.once("GET", "/version")
    took = time.perf_counter() - began
    yield Figure("start to first answer", f"{took:.2f} s", "1 s (real: 3-4 s)", took < 1)
    yield bench.memory("memory of an idle server")
    yield asyncio.run(bench.rate("create", OBJECTS, bench.create))
    yield asyncio.run(bench.rate("get", READS, bench.get))
    yield asyncio.run(bench.rate("update", UPDATES, bench.update))
    yield asyncio.run(bench.rate(f"list of {OBJECTS:,}", LISTS, bench.list_all))
    yield from asyncio.run(bench.watched())
    yield bench.memory("memory after all that")


Ask = Callable[[aiohttp.ClientSession, int], Awaitable[Any]]


class Bench:
    """A running server, by the folder with its files and its process number."""

    def __init__(self, folder: Path, pid: int) -> None:
        config = yaml.safe_load((folder / "config").read_text())
        self.url: str = config["clusters"][0]["cluster"]["server"]
        self.token: str = config["users"][0]["user"]["token"]
        self.trust = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        self.process = psutil.Process(pid)
        self.rounds = 0

    def session(self, connections: int = CONNECTIONS) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=self.trust, limit=connections)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return aiohttp.ClientSession(self.url, connector=connector, headers=headers)

    def once(self, method: str, path: str) -> Any:
        async def ask() -> Any:
            async with self.session() as http:
                return await _json(http, method, path)

        return asyncio.run(ask())

    # --- requests ---

    async def create(self, http: aiohttp.ClientSession, n: int) -> None:
        await _json(http, "POST", CONFIGMAPS, _configmap(n, "0"))

    async def get(self, http: aiohttp.ClientSession, n: int) -> None:
        await _json(http, "GET", f"{CONFIGMAPS}/bench-{n % OBJECTS}")

    async def update(self, http: aiohttp.ClientSession, n: int) -> None:
        await _json(
            http, "PUT", f"{CONFIGMAPS}/bench-{n % OBJECTS}", _configmap(n % OBJECTS, f"{self.rounds}/{n}")
        )

    async def list_all(self, http: aiohttp.ClientSession, n: int) -> None:
        found = await _json(http, "GET", f"{CONFIGMAPS}?labelSelector=bench")
        assert len(found["items"]) == OBJECTS

    # --- figures ---

    def memory(self, what: str) -> Figure:
        used = self.process.memory_info().rss / MIB
        return Figure(what, f"{used:.0f} MiB", f"real: {REAL['memory']} MiB", used < REAL["memory"])

    async def rate(self, what: str, count: int, ask: Ask) -> Figure:
        per_second, own = await self._measure(count, ask)
        value = f"{per_second:,.0f}/s  ({own * 1000:.2f} ms each)"
        real = REAL.get(what)
        return Figure(
            f"{what}, over TLS",
            value,
            f"real: {real:,}/s" if real else "-",
            per_second > real if real else None,
        )

    async def _measure(self, count: int, ask: Ask) -> tuple[float, float]:
        """(requests per second, seconds of the server's processor for each)"""
        self.rounds += 1
        numbers = iter(range(count))

        async def work() -> None:
            for n in numbers:
                await ask(http, n)

        async with self.session() as http:
            before, began = sum(self.process.cpu_times()[:2]), time.perf_counter()
            await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
            spent = time.perf_counter() - began
            return count / spent, (sum(self.process.cpu_times()[:2]) - before) / count

    async def watched(self) -> list[Figure]:
        """Updates while twenty watch. Every watcher must hear of every update."""
        async with self.session(WATCHERS) as http:
            version = (await _json(http, "GET", f"{CONFIGMAPS}?limit=1"))["metadata"]["resourceVersion"]
            began = time.perf_counter()
            watchers = [asyncio.create_task(self._listen(http, version)) for _ in range(WATCHERS)]
            per_second, _ = await self._measure(UPDATES, self.update)
            heard = await asyncio.gather(*watchers)
            spent = time.perf_counter() - began
        expected, lost = UPDATES * WATCHERS, UPDATES * WATCHERS - sum(heard)
        rate, real = expected / spent, REAL["events"]
        events = f"{rate:,.0f}/s, {lost} of {expected:,} lost"
        return [
            Figure(f"update while {WATCHERS} watch", f"{per_second:,.0f}/s", "-"),
            Figure("events delivered", events, f"real: {real:,}/s", not lost and rate > real),
        ]

    async def _listen(self, http: aiohttp.ClientSession, version: str) -> int:
        """Events heard until there are as many as updates, or nothing is said for ten seconds."""
        heard = 0
        async with http.get(f"{CONFIGMAPS}?watch=1&resourceVersion={version}") as stream:
            while heard < UPDATES:
                try:
                    chunk = await asyncio.wait_for(stream.content.readany(), 10)
                except TimeoutError:
                    break
                heard += chunk.count(b"\n")
        return heard


async def _json(http: aiohttp.ClientSession, method: str, path: str, body: Any = None) -> Any:
    async with http.request(method, path, data=None if body is None else json.dumps(body)) as answer:
        said = await answer.read()
        assert answer.status < 300, said
    return json.loads(said)


def _configmap(n: int, text: str) -> dict[str, Any]:
    metadata = {"name": f"bench-{n}", "labels": {"bench": "yes", "part": str(n % 10)}}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {"text": text, "more": "x" * 200},
    }
