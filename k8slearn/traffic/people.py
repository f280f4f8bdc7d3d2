"""The people outside: crowds of clients whose requests are worked out while virtual time passes.

Between two steps of a simulation the cluster stands still. So there is no step for a request: all those of an interval
are worked out when it is over, one after the other, against the routes and the programs as they were. Chance decides
which client asks and which endpoint a router takes, by the number of the request.

``Simulation(cluster, world={"traffic": Traffic()})``, then
``sim.meddle("traffic", "start", "shoppers", "http://web/", rate=500)``. Pods that send requests themselves (`askers`)
are among the people, too.

Kubernetes: nothing; they are why there is a cluster
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush, merge
from math import inf
from typing import Any, NamedTuple

from k8slearn.api.objects import Key
from k8slearn.machinery import Around
from k8slearn.traffic import askers
from k8slearn.traffic.crowd import Crowd
from k8slearn.traffic.listening import Instance, Listener
from k8slearn.traffic.roads import Place, Roads, Way
from k8slearn.traffic.tally import OK, REFUSED, TIMED_OUT, Point, Second, point, words
from k8slearn.traffic.trips import UNDER_WAY, Trip, Trips

WINDOW = 15  # seconds over which a load is measured


class Flying(NamedTuple):
    """A request whose end is not there yet. `done`: when it will be, if its container lives so long."""

    done: float
    crowd: str
    second: int
    how: str
    latency: float
    trip: Trip


class Traffic:
    """`keeps`: for how many seconds it is remembered what came back; who runs for days must forget."""

    def __init__(self, *crowds: Crowd, keeps: float = inf) -> None:
        self.now = 0.0
        self.keeps = keeps
        self.asking: dict[str, Crowd] = {}  # containers that send requests
        self.crowds: dict[str, Crowd] = {crowd.name: crowd for crowd in crowds}
        self.seconds: dict[str, dict[int, Second]] = {crowd.name: {} for crowd in crowds}
        self.flying: dict[Instance, list[Flying]] = {}  # heaps
        self.busy: dict[Instance, float] = {}  # until when its CPU is taken by requests that came before
        #: (service, node, client) -> (address, when it was last asked)
        self.kept: dict[tuple[str, str, int], tuple[str, float]] = {}
        self.trips = Trips()

    # --- what one does to it ---

    def start(self, name: str, url: str, *, rate: float | Sequence[tuple[float, float]], **how: Any) -> None:
        """A crowd begins now, and asks for so many seconds if told how long it `lasts`; see `Crowd` for the rest.

        `rate`: requests per second, or (seconds from now, rate) one after the other.
        """
        if name in self.crowds:
            raise ValueError(f"there is a crowd called {name} already: stop it first, or find another name")
        rates = rate if isinstance(rate, Sequence) else ((0.0, rate),)
        later = {"ends": self.now + how.pop("lasts")} if "lasts" in how else {}
        self.crowds[name] = Crowd(
            name, url, tuple((self.now + at, each) for at, each in rates), **how, **later
        )
        self.seconds.setdefault(name, {})

    def stop(self, name: str) -> None:
        """Nobody of them asks any more. What they have met is kept."""
        if name not in self.crowds:
            raise ValueError(f"there is no crowd called {name}: there are {', '.join(self.crowds) or 'none'}")
        del self.crowds[name]

    # --- what there is to see ---

    def series(self, name: str, every: int = 1) -> list[Point]:
        """Second by second, or by `every` so many, from the first request to the last."""
        seconds = self._of(name)
        if not seconds:
            return []
        starts = range(min(seconds) // every * every, max(seconds) + 1, every)
        return [point(s, (seconds[i] for i in range(s, s + every) if i in seconds)) for s in starts]

    def total(self, name: str) -> Point:
        return point(0, self._of(name).values())

    def _of(self, name: str) -> dict[int, Second]:
        if name not in self.seconds:
            raise LookupError(
                f"nobody called {name} has asked: there are {', '.join(self.seconds) or 'none'}"
            )
        return self.seconds[name]

    def get(self, pod: Key) -> float:
        """Requests per second that were sent to a pod of late."""
        last = range(int(self.now) - WINDOW, int(self.now))
        found = [by[s].pods[pod] for by in self.seconds.values() for s in last if s in by]
        return sum(found) / WINDOW

    def __str__(self) -> str:
        return "\n".join(f"{name}: {words(self.total(name))}" for name in self.seconds)

    # --- time passes ---

    def pass_time(self, around: Around, until: float) -> None:
        roads = Roads(around)
        self.asking = {c.name: self.asking.get(c.name, c) for c in askers.crowds(around, self.now)}
        self._bury(roads)
        everybody = self.crowds | self.asking
        for at, name, number in merge(*(_requests(c, until) for c in everybody.values())):
            self._send(roads, everybody[name], number, at)
        self._settle(until)
        self.now = until
        self._forget()
        self.trips.forget(until)

    def _send(self, roads: Roads, crowd: Crowd, number: int, at: float) -> None:
        chance = roads.around.dice.bits("request", crowd.name, number)
        client, luck = chance % crowd.clients, chance >> 20
        seconds = self.seconds.setdefault(crowd.name, {})
        second = seconds.get(int(at))
        if second is None:
            second = seconds[int(at)] = Second()
        second.sent += 1
        entries = roads.entries(crowd)
        node = entries[client % len(entries)]
        way = roads.way(crowd, node)
        if way.ends:
            return self._refused(second, Trip(crowd.name, node), at, way.ends)
        for turn in range(way.tries):
            place = self._choose(way, node, client, luck + turn, at)
            second.pods[place.pod] += 1
            trip = Trip(crowd.name, node, place.address, place.name)
            problem = self._ask(place, crowd, at, trip)
            if not problem:
                return self.trips.went(int(at), trip, UNDER_WAY)
            if problem == TIMED_OUT:
                break
        return self._refused(second, trip, at, way.failure if way.failure and problem == REFUSED else problem)

    def _refused(self, second: Second, trip: Trip, at: float, how: str) -> None:
        """Known at once: it ends before it has begun."""
        second.ended(how)
        self.trips.went(int(at), trip, how)

    def _choose(self, way: Way, node: str, client: int, luck: int, at: float) -> Place:
        """Any endpoint; or the one that this client was sent to before, as long as it is there."""
        place = way.places[luck % len(way.places)]
        if not way.sticky:
            return place
        address, when = self.kept.get((way.service, node, client), ("", -inf))
        if at - when < way.sticky:
            place = next((p for p in way.places if p.address == address), place)
        self.kept[way.service, node, client] = place.address, at
        return place

    def _ask(self, place: Place, crowd: Crowd, at: float, trip: Trip) -> str:
        """Whether the request is taken; otherwise what is wrong at once."""
        if place.dead:
            return TIMED_OUT
        there = place.listener
        if there is None or not there.opens <= at < there.closes:
            return REFUSED
        finish = inf if at >= there.hangs else self._queue(there, at)
        how = OK if finish - at <= crowd.patience else TIMED_OUT
        end = Flying(min(finish, at + crowd.patience), crowd.name, int(at), how, finish - at, trip)
        heappush(self.flying.setdefault(there.instance, []), end)
        return ""

    def _queue(self, there: Listener, at: float) -> float:
        """When its answer is there: a container whose CPU has a limit works off one request after the other."""
        if not there.takes:
            return at + there.works
        free = max(self.busy.get(there.instance, 0.0), at) + there.takes
        self.busy[there.instance] = free
        return free + there.works

    def _settle(self, until: float) -> None:
        for waiting in self.flying.values():
            while waiting and waiting[0].done <= until:
                self._end(heappop(waiting))

    def _end(self, request: Flying, how: str = "") -> None:
        self.seconds[request.crowd][request.second].ended(how or request.how, request.latency)
        self.trips.ended(request.second, request.trip, how or request.how)

    def _forget(self) -> None:
        if self.keeps == inf:
            return
        oldest = self.now - self.keeps
        for name, seconds in list(self.seconds.items()):
            while seconds and (first := next(iter(seconds))) < oldest:
                del seconds[first]
            if not seconds and name not in self.crowds and name not in self.asking:
                del self.seconds[name]

    def _bury(self, roads: Roads) -> None:
        """Containers that have ended since: whatever they had not finished is lost."""
        for instance in list(self.flying):
            fate = roads.fate(instance)
            if fate:
                for request in self.flying.pop(instance):
                    self._end(request, fate)
                self.busy.pop(instance, None)


def _requests(crowd: Crowd, until: float) -> Iterator[tuple[float, str, int]]:
    for at in crowd.arrivals(until):
        yield at, crowd.name, crowd.number
