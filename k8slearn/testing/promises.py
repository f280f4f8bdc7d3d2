"""What a right operator promises, besides what its author asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from k8slearn.api.errors import ApiError
from k8slearn.api.objects import dig, owners_of, uid_of
from k8slearn.sim import Simulation
from k8slearn.sim.guard import line_of
from k8slearn.sim.trial import Act, Invariant, When
from k8slearn.store import Entry

NOBODYS = (
    "events",
    "events.events.k8s.io",
    "leases.coordination.k8s.io",
)  # notes and heartbeats: they expire
WINDOW = 10.0  # virtual seconds

HOLDS = "what was asked for holds in the end"
COOL = "it does not run hot"
CLEAN = "nothing is left behind"


def asked(name: str, then: Callable[[Simulation], object], when: When = "at the end") -> Invariant:
    """The author's own promise."""
    return Invariant(name, _Asked(then), when)


@dataclass(frozen=True)
class _Asked:
    then: Callable[[Simulation], object]

    def __call__(self, sim: Simulation) -> str | None:
        name = getattr(self.then, "__name__", "then")
        try:
            answer = self.then(sim)
        except AssertionError as error:
            return f"{name}: {str(error) or 'an assertion does not hold'} ({line_of(error)})"
        except ApiError as error:
            return f"{name}: {error} ({line_of(error)})"
        except Exception as error:
            return f"{name} itself raised {type(error).__name__}: {error} ({line_of(error)})"
        if isinstance(answer, str):
            return answer or None
        return f"{name} does not hold" if answer is False else None


def no_hot_loop(players: tuple[str, ...], most: int) -> list[Invariant]:
    """No key is reconciled more than `most` times in ten seconds."""
    check = _Cool(players, most)
    return [Invariant(COOL, check, "always"), Invariant(COOL, check, "at the end")]


@dataclass(frozen=True)
class _Cool:
    players: tuple[str, ...]
    most: int

    def __call__(self, sim: Simulation) -> str | None:
        """The last seconds before each reconcile; in the end, of the whole history."""
        times: dict[tuple[str, str], list[float]] = {}
        for step in sim.trace.steps:
            if step.action == "reconcile" and step.player in self.players:
                at = times.setdefault((step.player, step.key), [])
                at.append(step.time)
                if len(at) > self.most and step.time - at[-self.most - 1] <= WINDOW:
                    return (
                        f"{step.player} has reconciled {step.key} {self.most + 1} times within "
                        f"{step.time - at[-self.most - 1]:g} seconds{_why(sim, step.player)}"
                    )
        return None


def _why(sim: Simulation, player: str) -> str:
    """What it has written most, which is what wakes it."""
    writes = Counter(c.what for s in sim.trace.of(player) for c in s.writes)
    return f"; it has written {writes.most_common(1)[0][0]} {max(writes.values())} times" if writes else ""


# --- orphans --------------------------------------------------------------------------------------


def no_orphans(players: tuple[str, ...], primaries: tuple[str, ...], world: Mapping[str, Any]) -> Invariant:
    """When people have taken back what they asked for, nothing is left of what came of it."""
    before = {name: _things(system) for name, system in world.items()}
    return Invariant(CLEAN, _Clean(players, primaries, before), "at the end")


def take_back(primaries: tuple[str, ...]) -> Act:
    """People delete what they have asked for."""

    def delete(sim: Simulation) -> None:
        for resource in primaries:
            for obj in sim.store.list(resource):
                sim.client.delete(obj)

    return Act("delete everything that you have asked for", delete)


@dataclass(frozen=True)
class _Clean:
    players: tuple[str, ...]
    primaries: tuple[str, ...]
    before: dict[str, list[Any]]

    def __call__(self, sim: Simulation) -> str | None:
        return next((text for text in self._left(sim)), None)

    def _left(self, sim: Simulation) -> Iterator[str]:
        for resource in self.primaries:
            for obj in sim.store.list(resource):
                yield f"{_named(sim, obj)} does not go: it waits for {_holders(obj)}"
        for entry in _made(sim, self.players):
            now = sim.state().get(entry.resource, {}).get(entry.key)
            if now is not None and uid_of(now) == uid_of(entry.object):
                yield f"{entry.resource} {entry.key} is left behind: {_orphaned(now)}"
        for name, things in self.before.items():
            if left := [t for t in _things(sim.world[name]) if t not in things]:
                yield f"the {name} still has {left[0]!r}, which nobody asks for any more"


def _named(sim: Simulation, obj: Any) -> str:
    meta = obj["metadata"]
    return f"{obj['kind']} {meta.get('namespace', '')}/{meta['name']}"


def _holders(obj: Any) -> str:
    return (
        ", ".join(f"the finalizer {f}" for f in dig(obj, "metadata", "finalizers", default=[])) or "nothing"
    )


def _made(sim: Simulation, players: tuple[str, ...]) -> Iterator[Entry]:
    """Everything that the operators have created."""
    for step in sim.trace.steps:
        if step.player in players:
            for entry in sim.store.log[step.before : step.after]:
                if entry.type == "ADDED" and entry.resource not in NOBODYS:
                    yield entry


def _orphaned(obj: Any) -> str:
    owners = [f"{o['kind']} {o['name']}" for o in owners_of(obj)]
    return (
        f"it belongs to {', '.join(owners)}" if owners else "it has no ownerReference, so nobody collects it"
    )


def _things(system: Any) -> list[Any]:
    """What a system outside of the cluster shows when it is asked; nothing, if one cannot ask."""
    return list(system.list()) if callable(getattr(system, "list", None)) else []
