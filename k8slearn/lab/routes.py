"""Where a Service's requests go: the truth about each endpoint, what its EndpointSlices say, what each router believes.

    routes(sim, "default/web")

Nothing here is worked out: each column is read off the one who knows it.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import NamedTuple

from k8slearn.api.objects import Key, Object, dig, is_deleting, labels_of, name_of, namespace_of
from k8slearn.lab.show import Shown
from k8slearn.sim import Simulation
from k8slearn.traffic import ServiceRouter
from k8slearn.traffic.choice import Endpoint, endpoints_of
from k8slearn.traffic.router import SERVICE_NAME, has_address

READY, NOT_READY, TERMINATING, GONE = "ready", "not ready", "terminating", "gone"


class Row(NamedTuple):
    """One address. `truth` is the pod as the store has it; `listed` what the slices say ("" if nothing)."""

    address: str
    pod: Key  # "default/web-x"; "": nobody remembers whose it was
    truth: str
    listed: str
    routers: tuple[str, ...]  # the nodes on which requests are still sent there


def rows(sim: Simulation, service: Key) -> list[Row]:
    """All addresses that stand anywhere, the oldest pod first. Raises NotFound."""
    found = sim.client.get("services", service)
    namespace = namespace_of(found)
    listed = {e.address: e for e in endpoints_of(_slices(sim, found), _port(found))}
    sent = {router.node: _rule(router, found) for router in routers(sim)}
    known = listed | {e.address: e for rule in reversed(sent.values()) for e in rule} | listed
    made = [
        _row(sim, f"{namespace}/{endpoint.name}", endpoint, listed.get(endpoint.address), sent)
        for endpoint in known.values()
    ]
    first = {e.key: -e.revision for e in reversed(sim.store.log) if e.resource == "pods"}
    return sorted(made, key=lambda row: (-first.get(row.pod, 0), row.address))


def routers(sim: Simulation) -> list[ServiceRouter]:
    return [player for player in sim.manager.players.values() if isinstance(player, ServiceRouter)]


def _slices(sim: Simulation, service: Object) -> list[Object]:
    everything = sim.state().get("endpointslices", {}).values()
    mine = [s for s in everything if namespace_of(s) == namespace_of(service)]
    return [s for s in mine if labels_of(s).get(SERVICE_NAME) == name_of(service)]


def _port(service: Object) -> str:
    return str(dig(service, "spec", "ports", default=[{}])[0].get("name") or "")


def _rule(router: ServiceRouter, service: Object) -> tuple[Endpoint, ...]:
    """What it does with packets to the Service's cluster IP."""
    if not has_address(service):
        return ()
    rule = router.rule(service["spec"]["clusterIP"], service["spec"]["ports"][0]["port"])
    return rule.endpoints if rule is not None else ()


def _row(
    sim: Simulation,
    pod: Key,
    known: Endpoint,
    listed: Endpoint | None,
    sent: dict[str, tuple[Endpoint, ...]],
) -> Row:
    there = sim.store.get("pods", pod)
    if there is not None and dig(there, "status", "podIP") != known.address:
        there = None  # another of the same name
    nodes = tuple(node for node, rule in sent.items() if any(e.address == known.address for e in rule))
    return Row(known.address, pod, truth(there), _said(listed), nodes)


def truth(pod: Object | None) -> str:
    """One of READY, NOT_READY, TERMINATING, GONE: what the store says of a pod now."""
    if pod is None:
        return GONE
    if is_deleting(pod):
        return TERMINATING
    conditions = dig(pod, "status", "conditions", default=())
    return READY if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions) else NOT_READY


def _said(listed: Endpoint | None) -> str:
    if listed is None:
        return ""
    return TERMINATING if listed.terminating else READY if listed.ready else NOT_READY


# --- shown -----------------------------------------------------------------------------------


def routes(sim: Simulation, service: Key) -> Shown:
    """A line for each address, a column for each router."""
    nodes = [router.node for router in routers(sim)]
    found = rows(sim, service)
    head = ("address", "pod", "the pod is", "EndpointSlice says", *nodes)
    cells = [list(_cells(row, nodes)) for row in found]
    spec = sim.client.get("services", service)["spec"]
    title = f"Service {service}, {spec.get('clusterIP', 'no cluster IP')}"
    lines = [f"{row.address} {key_name(row.pod)}: {_words(row, len(nodes))}" for row in found]
    return Shown("\n".join([title, *(lines or ["no endpoints"])]), _table(title, head, cells))


def key_name(key: Key) -> str:
    return key.split("/")[-1]


def _words(row: Row, routers: int) -> str:
    """``gone; listed as ready; 2 of 3 routers send there``"""
    said = f"listed as {row.listed}" if row.listed else "not listed"
    return f"{row.truth}; {said}; {len(row.routers)} of {routers} routers send there"


def _cells(row: Row, nodes: list[str]) -> Iterator[str]:
    yield from (row.address, key_name(row.pod), row.truth, row.listed or "not listed")
    yield from ("sends" if node in row.routers else "·" for node in nodes)


def _table(title: str, head: tuple[str, ...], cells: list[list[str]]) -> str:
    top = "".join(f"<th style='text-align:left'>{html.escape(words)}</th>" for words in head)
    body = "".join(f"<tr>{''.join(_cell(words, row) for words in row)}</tr>" for row in cells)
    return f"<small>{html.escape(title)}</small><table class='k8s-routes'><tr>{top}</tr>{body}</table>"


def _cell(words: str, row: list[str]) -> str:
    """Who is sent requests and cannot answer them stands out."""
    wrong = words == "sends" and row[2] not in (READY, TERMINATING)
    style = "text-align:left" + (";font-weight:700;border-bottom:3px solid #D55E00" if wrong else "")
    return f"<td style='{style}'>{html.escape(words + ' !' * wrong)}</td>"


__all__ = ["GONE", "NOT_READY", "READY", "TERMINATING", "Row", "routes", "rows", "truth"]
