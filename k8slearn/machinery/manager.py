"""Runs many controllers by one rule: whoever has something to do says so, and is let do one move.

The manager keeps no clock and makes no choice. It knows which moves are possible, makes the one it is
told to, and knows when the next timer is due. A driver decides: a simulation picks the next move by its
policy, a live process takes the first and sleeps when there is none.

A *move* is one watch event delivered to one informer, one key reconciled, or one timer fired.

Kubernetes: sigs.k8s.io/controller-runtime/pkg/manager
"""

from __future__ import annotations

from functools import partial
from heapq import heappop, heappush
from typing import Any, NamedTuple

from k8slearn.api.clock import Clock, Dice
from k8slearn.api.objects import Key
from k8slearn.api.requests import Transport
from k8slearn.machinery.controller import Controller
from k8slearn.machinery.informer import Change
from k8slearn.machinery.workqueue import Timer


class Move(NamedTuple):
    """Something that can be done next. `action` is deliver, reconcile or timer."""

    player: str
    action: str
    resource: str = ""


class Outcome(NamedTuple):
    """What a move turned out to be."""

    key: Key = ""
    causes: tuple[int, ...] = ()
    result: str = ""
    changes: tuple[Change, ...] = ()


class Alarm(NamedTuple):
    due: float
    order: int
    player: str
    timer: Timer


class Manager:
    """The players of one cluster, and what each of them could do now."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.players: dict[str, Controller] = {}
        self.rank: dict[Move, int] = {}  # every delivery -> its place in the order of registration
        self.deliveries: dict[Move, int] = {}  # possible ones -> the step since which they are
        self.news: list[tuple[int, int, Move]] = []  # a heap of the same; out-of-date entries may linger
        self.reconciles: dict[Move, int] = {}  # -> the step since which its key has been waiting
        self.turns: list[tuple[int, Move]] = []  # a heap of the same, where out-of-date entries may linger
        self.alarms: list[Alarm] = []  # a heap: somebody is waiting for these
        self.background: list[Alarm] = []  # a heap: housekeeping
        self._order = 0
        self._saved: dict[str, Any] = {}  # state of the players that have not moved since

    # --- players ---

    def add(self, player: Controller, transport: Transport, dice: Dice | None = None) -> None:
        """Let a controller take part, in place of one of the same name if there is one.

        It knows nothing yet, and will begin by listing what it watches.
        """
        if player.full_name in self.players:
            self._dismiss(player.full_name)
        player.wire(transport, self.clock, dice)
        self.players[player.name] = player
        self._connect(player)
        self._settle(player)

    def _connect(self, player: Controller) -> None:
        """Give each informer its place in the order, and a bell."""
        for resource, informer in player.informers.items():
            if informer.bell is None:
                delivery = Move(player.name, "deliver", resource)
                self.rank.setdefault(delivery, len(self.rank))
                informer.bell = partial(self.announce, delivery)

    def remove(self, name: str) -> Controller:
        """Take a controller out, with everything it remembers."""
        self._dismiss(name)
        return self.players.pop(name)

    def _dismiss(self, name: str) -> None:
        self._saved.pop(name, None)
        self.reconciles.pop(Move(name, "reconcile"), None)
        for resource, informer in self.players[name].informers.items():
            self.deliveries.pop(Move(name, "deliver", resource), None)
            informer.disconnect()

    # --- moves ---

    def announce(self, delivery: Move) -> None:
        """This informer may have something to hear. Announcing it twice changes nothing.

        What is possible, and in which order, follows from the moves alone; not from who has looked.
        """
        if delivery not in self.deliveries and self.is_possible(delivery):
            self.deliveries[delivery] = self.clock.step
            heappush(self.news, (self.clock.step, self.rank[delivery], delivery))

    def is_possible(self, move: Move) -> bool:
        player = self.players.get(move.player)
        if player is None:
            return False
        if move.action == "deliver":
            return move.resource in player.informers and player.informers[move.resource].ready
        # Nobody works before everything has been listed once. Kubernetes: cache.WaitForCacheSync
        return bool(player.queue.ready) and all(i.synced for i in player.informers.values())

    def moves(self) -> list[Move]:
        """Every possible move, those that have waited longest first."""
        deliveries = [(since, 0, self.rank[move], move) for move, since in self.deliveries.items()]
        reconciles = [(since, 1, 0, move) for move, since in self.reconciles.items()]
        return [move for *_, move in sorted(deliveries + reconciles)]

    def first(self, *, prompt: bool = True) -> Move | None:
        """The move that has waited longest; with `prompt`, deliveries go before everything else."""
        delivery, reconcile = self._first_delivery(), self._first_reconcile()
        if delivery is None or reconcile is None:
            return delivery or reconcile
        if prompt or self.deliveries[delivery] <= self.reconciles[reconcile]:
            return delivery
        return reconcile

    def _first_delivery(self) -> Move | None:
        while self.news:
            since, _, move = self.news[0]
            if self.deliveries.get(move) == since:
                return move
            heappop(self.news)
        return None

    def _first_reconcile(self) -> Move | None:
        while self.turns:
            since, move = self.turns[0]
            if self.reconciles.get(move) == since:
                return move
            heappop(self.turns)
        return None

    def make(self, move: Move) -> Outcome:
        """Let a player make one move."""
        player = self.players[move.player]
        self._saved.pop(move.player, None)
        self.deliveries.pop(move, None)
        self.reconciles.pop(move, None)
        watched = [*player.informers]
        try:
            return MOVES[move.action](player, move)
        finally:
            if [*player.informers] != watched:
                for gone in set(watched) - player.informers.keys():
                    self.deliveries.pop(Move(player.name, "deliver", gone), None)
                self._connect(player)
                self._settle(player)
            elif move.action == "deliver":
                self._settle_informer(player, move.resource)
            elif move.action == "timer":
                self._settle(player)  # an informer may have rested enough
            self._settle_queue(player)

    def touch(self, name: str) -> None:
        """Somebody changed this player from outside: announce what it can do now."""
        self._saved.pop(name, None)
        self._settle(self.players[name])

    def _settle(self, player: Controller) -> None:
        """Announce everything the player could do now."""
        for resource in player.informers:
            self._settle_informer(player, resource)
        self._settle_queue(player)

    def _settle_informer(self, player: Controller, resource: str) -> None:
        delivery = Move(player.name, "deliver", resource)
        if delivery not in self.deliveries:
            self.announce(delivery)
        elif not self.is_possible(delivery):
            del self.deliveries[delivery]

    def _settle_queue(self, player: Controller) -> None:
        queue, move = player.queue, Move(player.name, "reconcile")
        since = queue.head if self.is_possible(move) else None
        if since is None:
            self.reconciles.pop(move, None)
        elif self.reconciles.get(move) != since:
            self.reconciles[move] = since
            heappush(self.turns, (since, move))
        for timer in queue.set:
            self._order += 1
            heap = self.background if timer.background else self.alarms
            heappush(heap, Alarm(timer.due, self._order, player.name, timer))
        queue.set.clear()

    # --- time ---

    def next_alarm(self, *, background: bool) -> Alarm | None:
        """The timer that is due next; without `background`, only if somebody is waiting for some timer.

        Housekeeping that is due on the way to an awaited timer comes first, as it would in real time.
        """
        for heap in (self.alarms, self.background):
            while heap and not self._is_set(heap[0]):
                heappop(heap)
        if not self.alarms and not background:
            return None
        heads = [heap[0] for heap in (self.alarms, self.background) if heap]
        return min(heads, default=None)

    def _is_set(self, alarm: Alarm) -> bool:
        """Is its timer still running? It may have been cancelled, or died with its process."""
        player, timer = self.players.get(alarm.player), alarm.timer
        if player is None:
            return False
        informer = player.informers.get(timer.key)
        if informer is not None and informer.resting == timer:
            return True
        return player.queue.running.get((timer.key, timer.background)) == timer

    # --- going back ---

    @property
    def size(self) -> int:
        """What there is to remember, in objects of the caches. A player's queue and the rest count for some ten."""
        caches = [known for p in self.players.values() for known in p.cache.objects.values()]
        return 10 * len(self.players) + sum(map(len, caches))

    def save(self) -> dict[str, Any]:
        """Everything, as data. Players that have not moved since the last time are shared, not copied."""
        for name, player in self.players.items():
            if name not in self._saved:
                self._saved[name] = save_player(player)
        return {
            "players": {name: self._saved[name] for name in self.players},
            "rank": dict(self.rank),
            "deliveries": dict(self.deliveries),
            "news": list(self.news),
            "reconciles": dict(self.reconciles),
            "turns": list(self.turns),
            "alarms": list(self.alarms),
            "background": list(self.background),
            "order": self._order,
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Be as `save` found it. The players must be the same ones, by name."""
        self.rank = dict(saved["rank"])
        for name, state in saved["players"].items():
            if name in self._saved and self._saved[name] is state:
                load_informers(self.players[name], state)  # one that has not moved may have looked ahead
            else:
                load_player(self.players[name], state)
        for player in self.players.values():
            self._connect(player)
        self._saved = dict(saved["players"])
        self.deliveries, self.news = dict(saved["deliveries"]), list(saved["news"])
        self.reconciles, self.turns = dict(saved["reconciles"]), list(saved["turns"])
        self.alarms, self.background = list(saved["alarms"]), list(saved["background"])
        self._order = saved["order"]


def _deliver(player: Controller, move: Move) -> Outcome:
    changes = player.deliver(move.resource)
    informer = player.informers.get(move.resource)  # it may have heard that its kind is gone
    return Outcome(changes=tuple(changes), result=informer.complaint if informer is not None else "")


def _reconcile(player: Controller, move: Move) -> Outcome:
    key, causes, result = player.work()
    return Outcome(key, tuple(causes), result)


def _timer(player: Controller, move: Move) -> Outcome:
    fired = player.fire()
    return Outcome(", ".join(t.key for t in fired), tuple(dict.fromkeys(t.cause for t in fired)))


MOVES = {"deliver": _deliver, "reconcile": _reconcile, "timer": _timer}


def save_player(player: Controller) -> dict[str, Any]:
    queue = {k: v.copy() if hasattr(v, "copy") else v for k, v in vars(player.queue).items() if k != "clock"}
    queue["causes"] = {k: list(v) for k, v in player.queue.causes.items()}
    return {
        "queue": queue,
        "cache": player.cache.save(),
        "informers": {r: i.save() for r, i in player.informers.items()},
        "seen": dict(player.events.seen),
        "errors": dict(player.errors),
        "soft": player.soft_state(),
    }


def load_player(player: Controller, saved: dict[str, Any]) -> None:
    for name, value in saved["queue"].items():
        setattr(player.queue, name, value.copy() if hasattr(value, "copy") else value)
    player.queue.causes = {k: list(v) for k, v in saved["queue"]["causes"].items()}
    player.cache.load(saved["cache"])
    load_informers(player, saved)
    player.events.seen, player.errors = dict(saved["seen"]), dict(saved["errors"])
    player.load_soft_state(saved["soft"])


def load_informers(player: Controller, saved: dict[str, Any]) -> None:
    for resource in player.informers.keys() - saved["informers"].keys():
        player.informers.pop(resource).disconnect()
    for resource in saved["informers"].keys() - player.informers.keys():
        player.watch_also(resource)
    for resource, state in saved["informers"].items():
        player.informers[resource].load(state)
