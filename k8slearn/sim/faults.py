"""What can go wrong, as a table. Everything here happens in real clusters; a right controller survives it.

No fault changes an object. It kills a process, loses or delays news, or refuses a request, and that is
all that nature can do to a controller.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from k8slearn.api import errors
from k8slearn.machinery import Controller, Informer
from k8slearn.sim.ondemand import Rule
from k8slearn.sim.wire import Crashed, Wire

if TYPE_CHECKING:
    from k8slearn.sim.simulation import Simulation

REFUSALS: dict[str, errors.ApiError] = {
    "Conflict": errors.Conflict(
        "the object has been modified; please apply your changes to the latest version"
    ),
    "TooManyRequests": errors.TooManyRequests(
        "the server has received too many requests, please try again later"
    ),
    "InternalError": errors.InternalError("the server has asked you to try again: etcd is electing a leader"),
    "Timeout": errors.ServerTimeout("the request did not complete in time"),
    "Expired": errors.Expired("The provided continue parameter is too old"),
}
LOST = "Lost"  # carried out, and the answer is lost


def crash(sim: Simulation, player: str) -> str:
    """The process dies and another starts in its place. Everything it only remembered is lost."""
    sim.restart(player)
    return "crashed and started again"


def hold(sim: Simulation, player: str, resource: str = "") -> str:
    """News stops arriving (of one resource, or of all), but is not lost."""
    for informer in _informers(sim, player, resource):
        informer.held = True
    sim.manager.touch(player)
    return "hears nothing"


def release(sim: Simulation, player: str, resource: str = "") -> str:
    """The end of `hold`: what has waited arrives now. (Nothing arrives at a machine that is cut off.)"""
    if sim.wires[player].faults.cut:
        return "is cut off, and still hears nothing"
    for informer in _informers(sim, player, resource):
        informer.held = False
    sim.manager.touch(player)
    return "hears again"


def drop(sim: Simulation, player: str, resource: str = "") -> str:
    """The watch is lost for good (as after 410): list again. What came and went is never heard of."""
    for informer in _informers(sim, player, resource):
        informer.disconnect()
    sim.manager.touch(player)
    return "lost its watch, will list again"


def reconnect(sim: Simulation, player: str, resource: str = "") -> str:
    """The connection breaks and is made again from the same place. Nothing is lost."""
    for informer in _informers(sim, player, resource):
        informer.reconnect()
    sim.manager.touch(player)
    return "reconnected from where it was"


def resync(sim: Simulation, player: str, resource: str = "") -> str:
    """Everything in the cache is shown again, changed or not: every event is doubled."""
    controller = sim.manager.players[player]
    for informer in _informers(sim, player, resource):
        for change in informer.resync():
            controller.on_change(change)
    sim.manager.touch(player)
    return "was shown its whole cache again"


def cut_off(sim: Simulation, player: str) -> str:
    """The machine loses its network: no news, and no request gets through. It does not know why."""
    _change(sim.wires[player], cut=True)
    return hold(sim, player).replace("hears nothing", "is cut off")


def heal(sim: Simulation, player: str) -> str:
    """The end of `cut_off`. What could not be done meanwhile is tried again now."""
    _change(sim.wires[player], cut=False)
    queue = sim.manager.players[player].queue
    for timer in queue.timers:
        queue.add(timer.key)
    for informer in _informers(sim, player, ""):
        informer.resting = None
    return release(sim, player).replace("hears again", "is connected again")


def crash_after(sim: Simulation, player: str, write: int) -> str:
    """The process will die right after its nth write (from now on) has gone through."""
    wire = sim.wires[player]
    _change(wire, crash_after=wire.faults.crash_after | {wire.writes + write})
    return f"will crash after {write} more writes"


def refuse(sim: Simulation, player: str, write: int, reason: str = "Conflict") -> str:
    """The nth write from now on is refused."""
    wire = sim.wires[player]
    _change(wire, refuse={**wire.faults.refuse, wire.writes + write: REFUSALS[reason]})
    return f"write {write} from now will be refused: {reason}"


def lose(sim: Simulation, player: str, write: int) -> str:
    """The nth write from now on goes through, but its answer is lost: the player hears of a time-out."""
    wire = sim.wires[player]
    _change(wire, lose=wire.faults.lose | {wire.writes + write})
    return f"will not hear the answer to write {write} from now"


def fail(
    sim: Simulation,
    player: str,
    nth: int,
    reason: str = "InternalError",
    verb: str = "",
    resource: str = "",
    times: int = 1,
) -> str:
    """The nth call from now on, reads included, goes wrong; or the nth of a verb, of a resource."""
    wire = sim.wires[player]
    rule = Rule(REFUSALS.get(reason), verb, resource, nth, times)
    _change(wire, rules=(*wire.faults.rules, rule))
    return f"{' '.join(filter(None, [verb, resource])) or 'call'} {nth} from now will go wrong: {reason}"


def stop(sim: Simulation, player: str) -> str:
    """The process is asked to end, says goodbye, and another starts in its place."""
    with suppress(Crashed):  # there are worse moments to die
        sim.manager.players[player].stop()
    said = "; ".join(map(str, sim.wires[player].take_calls()))
    sim.restart(player)
    return f"stopped and started again{', having said: ' * bool(said)}{said}"


def compact(sim: Simulation, revision: int = 0) -> str:
    """The store forgets history up to `revision` (default: now); watches behind that expire."""
    sim.store.compact(revision or sim.store.revision)
    return f"history up to @{sim.store.compacted} is gone"


FAULTS: dict[str, Callable[..., str]] = {
    f.__name__: f
    for f in (
        *(crash, hold, release, drop, reconnect, resync, cut_off, heal),
        *(crash_after, refuse, lose, fail, stop, compact),
    )
}


def check(sim: Simulation, name: str, *args: object) -> None:
    """Is there such a fault, player and resource? Raises ValueError that names what there is."""
    if name not in FAULTS:
        raise ValueError(f'no fault "{name}": choose one of {", ".join(FAULTS)}')
    if name == "compact":
        return
    if not args or args[0] not in sim.manager.players:
        whom = args[0] if args else ""
        raise ValueError(f'no player "{whom}": there are {", ".join(sim.manager.players)}')
    if name == "refuse" and args[2:] and args[2] not in REFUSALS:
        raise ValueError(f'no refusal "{args[2]}": choose one of {", ".join(REFUSALS)}')
    if name == "fail" and args[2:] and args[2] not in (*REFUSALS, LOST):
        raise ValueError(f'no failure "{args[2]}": choose one of {", ".join((*REFUSALS, LOST))}')
    player = sim.manager.players[str(args[0])]
    if len(args) > 1 and isinstance(args[1], str) and args[1] not in player.informers:
        raise ValueError(
            f'{player.name} does not watch "{args[1]}": it watches {", ".join(player.informers)}'
        )


def _informers(sim: Simulation, player: str, resource: str) -> list[Informer]:
    controller: Controller = sim.manager.players[player]
    return [controller.informers[resource]] if resource else list(controller.informers.values())


def _change(wire: Wire, **changes: object) -> None:
    wire.faults = replace(wire.faults, **changes)  # type: ignore[arg-type]
