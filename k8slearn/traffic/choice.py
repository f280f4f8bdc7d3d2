"""Which endpoints a Service's traffic may go to, seen from one node. Pure functions.

Ready endpoints come first. Where all that is left is terminating, those of them that still serve are better than
nothing. A policy of Local keeps traffic on the node where it arrived, even if nobody is there to answer it.

Kubernetes: pkg/proxy/topology.go (CategorizeEndpoints), pkg/proxy/endpointslicecache.go
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from k8slearn.api.objects import Object, dig


class Endpoint(NamedTuple):
    """One address that stands in an EndpointSlice, with one port."""

    address: str
    port: int
    node: str = ""
    name: str = ""  # of the pod
    ready: bool = True
    serving: bool = True
    terminating: bool = False


def endpoints_of(slices: Iterable[Object], port_name: str) -> list[Endpoint]:
    """Of all slices of a Service, for the port of this name; an address that stands there twice counts once."""
    found = {e.address: e for one in slices for e in _of_slice(one, port_name)}
    return [found[address] for address in sorted(found)]


def _of_slice(one: Object, port_name: str) -> Iterator[Endpoint]:
    for port in one.get("ports") or ():
        if (port.get("name") or "") == port_name and port.get("port"):
            for entry in one.get("endpoints") or ():
                yield endpoint(entry, port["port"])


def endpoint(entry: Object, port: int) -> Endpoint:
    """Conditions that nobody has written: ready and serving are taken for true, terminating for false."""
    said = {k: v for k, v in (entry.get("conditions") or {}).items() if v is not None}
    ready = said.get("ready", True)
    where = (entry["addresses"][0], port, entry.get("nodeName") or "", dig(entry, "targetRef", "name") or "")
    return Endpoint(*where, ready, said.get("serving", ready), said.get("terminating", False))


def usable(endpoints: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    """The ready ones; if there are none, those on their way out that still serve."""
    known = tuple(endpoints)
    ready = tuple(e for e in known if e.ready)
    return ready or tuple(e for e in known if e.serving and e.terminating)


def local(endpoints: Iterable[Endpoint], node: str) -> tuple[Endpoint, ...]:
    """The same for a policy of Local: only what is on this node."""
    return usable(e for e in endpoints if e.node == node)
