"""Calls to webhooks and other servers, over HTTPS; and why they fail, in the words of Go's HTTP client.

Kubernetes: apiserver/pkg/util/webhook/client.go; Go's net/http, crypto/tls and crypto/x509
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from k8slearn.apiserver.admission.calling import address
from k8slearn.apiserver.outside import Call, CallFailed, Reply
from k8slearn.live.certificates import Pair, show
from k8slearn.live.resolver import resolve
from k8slearn.store import Store

if TYPE_CHECKING:
    import httpx2

EXPIRED, WRONG_NAME, WRONG_ADDRESS = 10, 62, 64  # OpenSSL's X509_V_ERR_*


class Calls:
    """Makes calls. One pool of connections for each authority that is trusted."""

    def __init__(self, store: Store, proxy: Pair | None = None) -> None:
        self.store = store
        self.proxy = proxy  # who we are to other API servers
        self.clients: dict[tuple[str, bool, bool], httpx2.AsyncClient] = {}

    async def __call__(self, call: Call) -> Reply:
        """Raises CallFailed."""
        answer = await self.open(call, stream=False)
        return Reply(answer.status_code, answer.content, tuple(answer.headers.multi_items()))

    async def open(self, call: Call, *, stream: bool = True) -> httpx2.Response:
        """The answer. `stream`: only its head has come so far, and somebody has to close it. Raises CallFailed."""
        import httpx2  # 100 ms of a start that most never need

        host, port, name = self.whither(call.place)
        request = self._client(call).build_request(
            call.method,
            f"https://{_bracketed(host)}:{port}{call.target}",
            content=call.body or None,
            headers=[("Host", urlsplit(address(call.place)).netloc), *call.headers],
            extensions={"sni_hostname": name},
        )
        try:
            async with asyncio.timeout(call.timeout):
                return await self._client(call).send(request, stream=stream)
        except TimeoutError:
            raise CallFailed("context deadline exceeded") from None
        except httpx2.HTTPError as error:
            raise CallFailed(await self._why(error, host, port, name)) from None

    def whither(self, place: str) -> tuple[str, int, str]:
        """(host, port, name): where to connect, and the name that must stand in the certificate."""
        if place.startswith("service/"):
            _, namespace, rest = place.split("/")
            return *resolve(self.store, place), f"{rest.partition(':')[0]}.{namespace}.svc"
        url = urlsplit(place)
        host = url.hostname or ""
        return host, url.port or 443, host

    def _client(self, call: Call) -> httpx2.AsyncClient:
        import httpx2

        key = (call.authority, call.insecure, call.as_proxy)
        if key not in self.clients:
            trust = trusting(call.authority, insecure=call.insecure)
            if call.as_proxy and self.proxy is not None:
                show(trust, self.proxy)
            self.clients[key] = httpx2.AsyncClient(
                verify=trust, timeout=None, trust_env=False, limits=httpx2.Limits()
            )
        return self.clients[key]

    async def _why(self, error: BaseException, host: str, port: int, name: str) -> str:
        for cause in causes(error):
            if isinstance(cause, ssl.SSLCertVerificationError):
                return await _distrust(cause, host, port, name)
            if isinstance(cause, ssl.SSLError):
                return _no_tls(cause)
            if isinstance(cause, socket.gaierror):
                return f"dial tcp: lookup {host}: no such host"
            if isinstance(cause, ConnectionResetError):
                return "read: connection reset by peer"
        if type(error).__name__ == "ConnectError":
            dialled = "127.0.0.1" if host == "localhost" else _bracketed(host)
            return f"dial tcp {dialled}:{port}: connect: connection refused"
        return "EOF"

    async def close(self) -> None:
        for client in self.clients.values():
            await client.aclose()


def trusting(authority: str, *, insecure: bool = False) -> ssl.SSLContext:
    """Trusts these certificates (PEM), or, without any, those that the machine trusts. Raises CallFailed."""
    try:
        context = ssl.create_default_context(cadata=authority or None)
    except (ssl.SSLError, ValueError):
        raise CallFailed("unable to load root certificates: unable to parse bytes as PEM block") from None
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # Go trusts whatever is in the bundle, ...
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # ... and asks for less than OpenSSL would
    if insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what led to it, down to the socket's."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [cause for cause in (one.__cause__, one.__context__) if cause is not None]
        waiting += getattr(one, "exceptions", ())


# --- why ------------------------------------------------------------------------------------------

UNVERIFIED = "tls: failed to verify certificate: x509: "


async def _distrust(error: ssl.SSLCertVerificationError, host: str, port: int, name: str) -> str:
    if error.verify_code in (WRONG_NAME, WRONG_ADDRESS):
        names = await asyncio.to_thread(names_of, host, port)
        if not names:
            return f"{UNVERIFIED}certificate is not valid for any names, but wanted to match {name}"
        return f"{UNVERIFIED}certificate is valid for {', '.join(names)}, not {name}"
    if error.verify_code == EXPIRED:
        return f"{UNVERIFIED}certificate has expired or is not yet valid"
    return f"{UNVERIFIED}certificate signed by unknown authority"


def names_of(host: str, port: int) -> list[str]:
    """The names for which a server's certificate is valid; [] if it has none, or is gone."""
    from cryptography import x509

    try:
        pem = ssl.get_server_certificate((host, port), timeout=2.0)
        found = x509.load_pem_x509_certificate(pem.encode()).extensions
        general = found.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return []
    return [*general.get_values_for_type(x509.DNSName)]


def _no_tls(error: ssl.SSLError) -> str:
    if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
        return "http: server gave HTTP response to HTTPS client"
    return f"remote error: tls: {(error.reason or 'handshake failure').lower().replace('_', ' ')}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
