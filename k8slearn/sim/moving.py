"""Making one move, and writing down what it turned out to be.

Most moves are a player's. Three are made from outside, and are steps of the history like all others: a
user writes, something goes wrong, time passes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from k8slearn.api.objects import edit, key_of
from k8slearn.machinery import Move
from k8slearn.machinery.manager import Outcome
from k8slearn.sim import faults, outsideworld
from k8slearn.sim.trace import Step
from k8slearn.sim.wire import Crashed

if TYPE_CHECKING:
    from k8slearn.sim.simulation import Simulation


def perform(sim: Simulation, move: Move, payload: Any) -> Step:
    """Make a move. An error in a component's own handlers is raised, with everything as it was before."""
    sim.clock.step += 1
    before = sim.store.revision
    try:
        outcome = OUTSIDE.get(move.player, _player_moves)(sim, move, payload)
    except Exception:
        sim.checkpoints.undo(sim.position - 1)
        raise
    wire = sim.wires.get(move.player)
    return Step(
        number=sim.clock.step,
        time=sim.clock.now,
        player=move.player,
        action=move.action,
        resource=move.resource,
        key=outcome.key,
        before=before,
        after=sim.store.revision,
        calls=tuple(wire.take_calls()) if wire else (),
        causes=tuple(c for c in outcome.causes if c > 0),
        result=outcome.result,
        move=move,
        payload=payload,
    )


def _player_moves(sim: Simulation, move: Move, due: float | None) -> Outcome:
    if move.action == "timer":
        assert due is not None
        outsideworld.pass_time(sim, due)
    queue = sim.manager.players[move.player].queue
    key, causes = queue.peek() if move.action == "reconcile" else ("", [])
    try:
        outcome = sim.manager.make(move)
    except Crashed as crash:
        sim.restart(move.player)
        return Outcome(key, tuple(causes), str(crash))
    return _heard(sim, move, outcome) if move.action == "deliver" else outcome


def _heard(sim: Simulation, move: Move, outcome: Outcome) -> Outcome:
    """Name what an informer heard; its cause is the step that wrote it."""
    if outcome.result:  # it was refused
        return outcome
    informer = sim.manager.players[move.player].informers[move.resource]
    writer = sim.trace.writer.get(informer.revision)
    causes = (writer,) if writer is not None else ()
    if len(outcome.changes) != 1:
        return Outcome("", causes, f"listed, {len(outcome.changes)} changes, @{informer.revision}")
    change = outcome.changes[0]
    return Outcome(key_of(change.object), causes, f"{change.type} @{informer.revision}")


def _user_writes(sim: Simulation, move: Move, request: Any) -> Outcome:
    wire = sim.wires["client"]
    try:
        sim.answer = wire.handle(replace(request, body=edit(request.body)))
    except Exception as error:
        sim.answer = error
    call = wire.calls[-1]
    return Outcome(call.key, (), call.verb if call.ok else f"refused: {call.note}")


def _goes_wrong(sim: Simulation, move: Move, arguments: Any) -> Outcome:
    return Outcome(" ".join(map(str, arguments)), (), faults.FAULTS[move.action](sim, *arguments))


def _outside(sim: Simulation, move: Move, call: Any) -> Outcome:
    return Outcome(str(call[1][0]) if call[1] else "", (), outsideworld.meddle(sim, move.resource, call))


def _time_passes(sim: Simulation, move: Move, until: Any) -> Outcome:
    outsideworld.pass_time(sim, until)
    return Outcome(result=f"until t={until:g} s")


OUTSIDE: dict[str, Callable[[Simulation, Move, Any], Outcome]] = {
    "client": _user_writes,
    "fault": _goes_wrong,
    "clock": _time_passes,
    "world": _outside,
}
