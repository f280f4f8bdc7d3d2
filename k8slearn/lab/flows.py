"""Traffic at one step: who asked, through which router, which endpoint, in the second that was over then.

Requests are worked out when time passes (`k8slearn.traffic.people`); here is only what was counted there, beside what
each endpoint is in truth and in the routers' tables (`k8slearn.lab.routes`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from k8slearn.api.objects import Key, key_of
from k8slearn.lab.routes import GONE, Row, routers, rows
from k8slearn.sim import Simulation
from k8slearn.traffic import Traffic
from k8slearn.traffic.tally import OK, point
from k8slearn.traffic.trips import UNDER_WAY, Trip

ENDPOINTS = 32
POINTS = 120  # of the sparkline
INGRESS = "ingress"

Data = dict[str, Any]


def flows(sim: Simulation) -> Data | None:
    """None: in this world nobody asks anything."""
    people = sim.world.get("traffic")
    if not isinstance(people, Traffic):
        return None
    second = int(people.now) - 1
    went = people.trips.of(second)
    found = _endpoints(sim, went)
    asking = {trip.crowd for trip, _ in went} | {
        c.name for c in people.crowds.values() if c.ends > people.now
    }
    crowds = [name for name in people.seconds if name in asking] or list(people.seconds)[-1:]
    nodes = [router.node for router in routers(sim)]
    by_ingress = any(not trip.node for trip, _ in went)
    return {
        "second": second,
        "crowds": [{"name": name, **_ends(_count(went, crowd=name))} for name in crowds[-4:]],
        "routers": [_router(name, went) for name in [*nodes, *([INGRESS] if by_ingress else [])]],
        "endpoints": found[:ENDPOINTS],
        "more": max(len(found) - ENDPOINTS, 0),
        "streams": _streams(went),
        "total": _total(people, second),
        "history": _history(people, second),
    }


def _router(name: str, went: dict[tuple[Trip, str], int]) -> Data:
    node = "" if name == INGRESS else name
    return {"name": name, "player": _player(name), **_ends(_count(went, node=node))}


def _player(name: str) -> str:
    return "ingress-controller" if name == INGRESS else f"service-router/{name}"


def _count(went: dict[tuple[Trip, str], int], **wanted: str) -> Counter[str]:
    """How the requests of all trips ended that are as `wanted`."""
    ends = Counter[str]()
    for (trip, how), count in went.items():
        if all(getattr(trip, field) == value for field, value in wanted.items()):
            ends[how] += count
    return ends


def _ends(ends: Counter[str]) -> Data:
    """`why`: of those that were lost, how many in which way."""
    why = {how: count for how, count in sorted(ends.items()) if how not in (OK, UNDER_WAY)}
    return {"ok": ends[OK], "waiting": ends[UNDER_WAY], "lost": sum(why.values()), "why": why}


def _streams(went: dict[tuple[Trip, str], int]) -> list[Data]:
    trips = sorted({trip for trip, _ in went})
    return [
        {
            "from": trip.crowd,
            "via": trip.node or INGRESS,
            "to": _id(trip.address, trip.pod),
            **_ends(_count(went, **trip._asdict())),
        }
        for trip in trips
    ]


def _id(address: str, pod: str) -> str:
    """An address alone is not enough: it is soon given to another pod."""
    return f"{address} {pod}".strip()


# --- endpoints -------------------------------------------------------------------------------


def _endpoints(sim: Simulation, went: dict[tuple[Trip, str], int]) -> list[Data]:
    """Each endpoint of all Services once; and those where somebody went, though nobody knows them any more."""
    known: dict[str, Row] = {}
    for service in sim.state().get("services", {}).values():
        if service["spec"].get("selector"):
            for row in rows(sim, key_of(service)):
                each = _id(row.address, _name(row.pod))
                known[each] = row if row.routers else known.get(each, row)  # a name alone has no routers
    asked = {_id(trip.address, trip.pod): (trip.address, trip.pod) for trip, _ in went}
    found = [
        _endpoint(sim, row, _count(went, address=row.address, pod=_name(row.pod))) for row in known.values()
    ]
    strangers = [asked[each] for each in sorted(set(asked) - set(known))]
    return found + [
        _endpoint(sim, _stranger(*each), _count(went, address=each[0], pod=each[1])) for each in strangers
    ]


def _name(pod: Key) -> str:
    return pod.rpartition("/")[2]


def _stranger(address: str, pod: str) -> Row:
    """Asked in that second, and in nobody's list any more; without an address nobody was asked at all."""
    return Row(address, pod, GONE if address else "nobody", "", ())


def _endpoint(sim: Simulation, row: Row, ends: Counter[str]) -> Data:
    said = {
        "id": _id(row.address, _name(row.pod)),
        "key": row.pod,
        "address": row.address,
        "truth": row.truth,
    }
    beliefs = {"listed": row.listed, "sent_by": len(row.routers), "routers": len(routers(sim))}
    return {**said, **beliefs, **_ends(ends)}


# --- figures ---------------------------------------------------------------------------------


def _total(people: Traffic, second: int) -> Data:
    """Of all crowds together, in that second."""
    found = point(second, (by[second] for by in people.seconds.values() if second in by))
    return {"sent": found.sent, "ok": found.ok, "lost": found.lost, "p50": found.p50, "p99": found.p99}


def _history(people: Traffic, second: int) -> list[list[int]]:
    """[second, sent, lost] since the first request; of a long time several seconds in one."""
    seconds: Iterable[int] = [s for by in people.seconds.values() for s in by if s <= second]
    first = min(seconds, default=second + 1)
    every = -(-(second + 1 - first) // POINTS) or 1
    found = []
    for start in range(first, second + 1, every):
        among = range(start, start + every)
        one = point(start, (by[s] for by in people.seconds.values() for s in among if s in by))
        found.append([start, one.sent, one.lost])
    return found
