"""``python -m k8slearn.live.weather``: the weather server of `k8slearn.extension` as a process, behind HTTPS.

It reads in the cluster who may speak for users, tells the cluster of itself (a Service and APIServices), and
serves until Ctrl-C. It prints its address when it does.

Kubernetes: sample-apiserver/pkg/cmd/server/start.go; apiserver/pkg/server/options/authentication.go
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from pathlib import Path
from urllib.parse import quote

import click

from k8slearn.apiserver.http import HttpRequest
from k8slearn.apiserver.http.requestinfo import request_info
from k8slearn.apiserver.outside import Call, Reply
from k8slearn.client import Client
from k8slearn.client.apply import apply_all
from k8slearn.extension import WeatherServer, apiservices, service
from k8slearn.live import frontproxy
from k8slearn.live.asgi import Disconnected, Receive, Scope, Send, read_request, response_start
from k8slearn.live.certificates import Authority, Pair
from k8slearn.live.clock import WallClock
from k8slearn.live.https import HttpsServer, listen, tls
from k8slearn.live.remote import NoConfig, connect

WATCHED = 60.0  # seconds that a watch lasts: whoever wants more begins where it ended


class WeatherApp:
    """An ASGI application. `speakers`: the names in certificates of those who may say for whom they ask."""

    def __init__(self, weather: WeatherServer, speakers: frozenset[str]) -> None:
        self.weather = weather
        self.speakers = speakers
        self.news = asyncio.Event()  # replaced by another one whenever it has been set

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        with contextlib.suppress(Disconnected, OSError):
            http = await read_request(scope, receive)
            reply = self.weather(self.call(http))
            if http.method not in ("GET", "HEAD"):
                self.close()
            if reply.code == 200 and request_info(http).verb == "watch":
                await self._watch(http, send)
                return
            await send(_start(reply))
            await send({"type": "http.response.body", "body": reply.body})

    def call(self, http: HttpRequest) -> Call:
        """What came over the wire. TLS has checked that the certificate, if there is one, is by the right CA."""
        target = quote(http.path) + (f"?{http.query_string}" if http.query_string else "")
        headers = tuple((name, value) for name, values in http.repeated.items() for value in values)
        is_proxy = http.certificate is not None and http.certificate.common_name in self.speakers
        return Call("", target, http.body, http.method, headers, as_proxy=is_proxy)

    async def _watch(self, http: HttpRequest, send: Send) -> None:
        loop = asyncio.get_running_loop()
        end, since = loop.time() + float(http.query.get("timeoutSeconds") or WATCHED), None
        await send(response_start(200, "application/json"))
        while (left := end - loop.time()) > 0:
            news, last = self.news, self.weather.stations.revision
            for _, line in self.weather.events(http, since):
                await send({"type": "http.response.body", "body": line, "more_body": True})
            since = last
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), left)
        await send({"type": "http.response.body", "body": b""})

    def close(self) -> None:
        """Wake everybody who waits for news."""
        self.news.set()
        self.news = asyncio.Event()


def _start(reply: Reply) -> dict[str, object]:
    headers = {name.lower(): value for name, value in reply.headers}
    length = ("content-length", str(len(reply.body)))
    return response_start(reply.code, headers.get("content-type", ""), [length])


@click.command()
@click.option("--kubeconfig", type=click.Path(dir_okay=False, path_type=Path), help="Of the cluster.")
@click.option("--port", default=0, show_default=True, help="0 finds a free one.")
@click.option("--store", default=":memory:", show_default=True, help="The file of the stations.")
@click.option(
    "--home", type=click.Path(file_okay=False, path_type=Path), default=Path(".weather"), show_default=True
)
def main(kubeconfig: Path | None, port: int, store: str, home: Path) -> None:
    """Serve weather.example.com behind the API server of a cluster."""
    try:
        client = Client(connect(kubeconfig))
    except NoConfig as error:
        raise click.UsageError(str(error)) from None
    listener = listen("127.0.0.1", port)
    port = listener.getsockname()[1]
    trusted = client.get("configmaps", "/".join(frontproxy.WHERE))["data"]
    authority = Authority(home)
    speakers = frozenset(json.loads(trusted["requestheader-allowed-names"]))
    app = WeatherApp(WeatherServer(WallClock(), store), speakers)
    proxies = Pair(trusted["requestheader-client-ca-file"].encode(), b"")
    context = tls(authority.server({"weather.default.svc", "localhost"}), proxies)
    apply_all(client, [service(), *apiservices(port=port, authority=authority.pair.certificate)], "default")
    click.echo(f"https://localhost:{port}")
    asyncio.run(_serve(HttpsServer(app, context, listener)))


async def _serve(https: HttpsServer) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, https.stop)
    await https.run_here()


if __name__ == "__main__":
    main()
