"""People who send requests: how many in a second, from where, to whom, and how patiently. Pure data.

Kubernetes: nothing; what a load generator such as hey or k6 is told
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf, sqrt
from urllib.parse import urlsplit

Points = tuple[tuple[float, float], ...]  # (virtual second, requests per second from then on), rising


class Crowd:
    """One group of clients who all ask for the same.

    url: ``http://HOST[:PORT]/PATH``. HOST is a name as pods of `namespace` may write it, an address, or ``node``: the
    machine by which a client comes in. `by`: names of these machines, one client after the other; () is all of them.
    ingress: they come from outside, and know of the cluster only its ingress.
    """

    def __init__(
        self,
        name: str,
        url: str,
        rates: Points,
        *,
        ramps: bool = False,
        clients: int = 100,
        by: Sequence[str] = (),
        namespace: str = "default",
        ingress: bool = False,
        patience: float = 5.0,
        ends: float = inf,
    ) -> None:
        self.name, self.url, self.rates, self.ramps = name, url, rates, ramps
        self.clients, self.by, self.namespace, self.ingress = clients, tuple(by), namespace, ingress
        self.patience = patience  # seconds until a client gives up
        self.ends = ends
        self.host, self.port, self.path = _parts(url)
        self.number = 0  # of the next request
        self._leg, self._step = (
            0,
            0,
        )  # between which two points, and how many requests after the first of them
        if problem := self._problem():
            raise ValueError(f"requests of {name} to {url}: {problem}")

    def _problem(self) -> str:
        if not self.host:
            return "write where they go as http://HOST:PORT/PATH"
        if not self.rates or any(rate < 0 or rate == inf for _, rate in self.rates):
            return "a rate is a number of requests per second, and not below 0"
        if [at for at, _ in self.rates] != sorted({at for at, _ in self.rates}):
            return "rates must stand in the order of their seconds, each second once"
        return "" if self.clients > 0 and self.patience > 0 else "clients and patience must be above 0"

    def arrivals(self, until: float) -> Iterator[float]:
        """The moments of the requests that were not sent before, up to `until` (that moment excluded)."""
        while self._leg < len(self.rates):
            begin, rate = self.rates[self._leg]
            end, then = self.rates[self._leg + 1] if self._leg + 1 < len(self.rates) else (inf, rate)
            at = begin + _offset(self._step, rate, then if self.ramps else rate, end - begin)
            if at >= min(until, end, self.ends):
                if end > until or at < end:
                    return
                self._leg, self._step = self._leg + 1, 0
                continue
            self._step += 1
            self.number += 1
            yield at


def _offset(n: int, rate: float, then: float, length: float) -> float:
    """Seconds until request n (0: the first), where the rate changes evenly from one value to another."""
    if rate == then:
        return n / rate if rate else inf
    root = rate * rate + 2 * n * (then - rate) / length
    return 2 * n / (rate + sqrt(root)) if root >= 0 and n else 0.0 if not n else inf


def _parts(url: str) -> tuple[str, int, str]:
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), parts.path or "/"
    except ValueError:
        return "", 0, ""
