"""What lies outside of the cluster: a cloud, a machine room, a mail server; with a past that can be undone, too.

``Simulation(cluster, world={"cloud": Cloud()})`` puts a system beside the cluster. A controller that says
``outside = ("cloud",)`` is handed a line to it as ``self.cloud`` and calls its methods. A controller may bring one
along (``cloud = Cloud()``, on the class or on itself): that one is taken, or rather a copy of it, where `world` has
nothing of the name. If it has a method `simulated`, it is a real system, and what that returns stands in for it.

A system is an object that holds only data (see `k8slearn.machinery.state`) and leaves nothing to chance: what it
answers follows from what it was asked before. Methods called `get` or `list` only look; every other one counts as a
write of the player who calls it, is seen in the trace like a request to the API server, and goes wrong by the same
faults:

    crash_after      carried out, and the player dies before it hears the answer
    refuse           not carried out: ConnectionError
    lose             carried out, but the answer is lost: TimeoutError
    cut_off, heal    nothing gets through: ConnectionError

Whoever else touches a system does so as a step of the history: ``sim.meddle("cloud", "delete", "bucket-1")``.

A system that does something all the time has a method ``pass_time(around, until)``. It is called before the clock moves
on; until then nothing in the cluster changes. It may look at everything and change nothing but itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from k8slearn.machinery import Around, Controller
from k8slearn.machinery.state import clone
from k8slearn.sim.wire import DONE, Call, Wire

if TYPE_CHECKING:
    from k8slearn.sim.simulation import Simulation

LOOKS = ("get", "list")  # methods that change nothing


class Line:
    """One player's connection to one system. Any method of the system can be called on it."""

    def __init__(self, wire: Wire, world: dict[str, Any], system: str) -> None:
        self._wire, self._world, self._system = wire, world, system

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_"):
            raise AttributeError(method)
        return partial(self._call, method)

    def _call(self, method: str, *args: Any, **more: Any) -> Any:
        try:
            answer = self._answer(method, args, more)
        except Exception as error:
            self._note(method, args, 503, type(error).__name__)
            raise
        self._note(method, args, 200, DONE)
        if method not in LOOKS:
            self._wire.die_if_told()
        return answer

    def _answer(self, method: str, args: tuple[Any, ...], more: dict[str, Any]) -> Any:
        wire = self._wire
        if wire.faults.cut:
            raise ConnectionError(f"the {self._system} does not answer (the connection is cut)")
        wire.writes += method not in LOOKS
        if method not in LOOKS and wire.writes in wire.faults.refuse:
            raise ConnectionError(f"the {self._system} has refused the connection")
        answer = clone(
            getattr(self._world[self._system], method)(*args, **more)
        )  # not to be edited by accident
        if method not in LOOKS and wire.writes in wire.faults.lose:
            raise TimeoutError(f"no answer from the {self._system}: perhaps it is done, perhaps not")
        return answer

    def _note(self, method: str, args: tuple[Any, ...], code: int, note: str) -> None:
        about = str(args[0]) if args else ""
        self._wire.calls.append(Call(method, self._system, about, code=code, note=note))


def connect(sim: Simulation, player: Controller, wire: Wire) -> None:
    """Hand a player lines to everything that it works with. Raises ValueError that says what is missing."""
    for system in player.outside:
        if system not in sim.world:
            sim.world[system] = clone(_brought_along(player, system))
        setattr(player, system, Line(wire, sim.world, system))


def _brought_along(player: Controller, system: str) -> Any:
    found = getattr(player, system, None)
    if found is None:
        missing = f'Simulation(..., world={{"{system}": ...}})'
        raise ValueError(f"{player.full_name} works with something outside of the cluster: {missing}")
    stand_in = getattr(found, "simulated", None)
    return found if stand_in is None else stand_in()


def around(sim: Simulation) -> Around:
    cut = frozenset(name for name, wire in sim.wires.items() if wire.faults.cut)
    return Around(sim.now, sim.dice, sim.manager.players, sim.store.get, cut)


def pass_time(sim: Simulation, until: float) -> None:
    """The clock moves on, and with it whatever outside of the cluster does not stand still."""
    if until > sim.now:
        busy = [system for system in sim.world.values() if hasattr(system, "pass_time")]
        seen = around(sim) if busy else None
        for system in busy:
            system.pass_time(seen, until)
    sim.clock.now = until


def meddle(sim: Simulation, system: str, call: tuple[str, tuple[Any, ...], Mapping[str, Any]]) -> str:
    """Somebody calls a method of a system, and it is none of the players."""
    method, args, more = call
    getattr(sim.world[system], method)(*clone(args), **clone(dict(more)))
    return f"somebody calls {method}"
