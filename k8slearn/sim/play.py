"""Playing a schedule: the same history, to the byte, each time; up to the first broken promise.

A turn is what the schedule says, or else the prompt move. When nobody can move, time passes; when there is
nothing to wait for, the user goes on with the story. When that is over, too, every held watch is released and
every cut healed: nature may delay, but not for ever.
"""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from typing import Any, Protocol

from k8slearn.api.errors import ApiError
from k8slearn.machinery import Move
from k8slearn.sim.guard import Endless
from k8slearn.sim.schedule import Deviation, Schedule
from k8slearn.sim.simulation import Simulation
from k8slearn.sim.trial import ENDS, RAISES, RECOVERS, SETTLES, Failure, Trial

#: What code raises by mistake. Anything else (an ApiError, a RuntimeError) may be a way to say "not yet".
MISTAKES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)
HEARTBEATS = "leases"  # are renewed for ever, and mean that nothing has changed
QUIET = 60.0  # virtual seconds without a write after which a cluster is at rest, whatever timers run
CHANCES = 3  # tries that are waited for in the end, however long that takes


class Chooser(Protocol):
    """Makes a schedule up while it is played (see `schedules.Luck`)."""

    def fault(self, turn: int) -> tuple[Any, ...] | None:
        """Something to go wrong before this turn: a fault's name and arguments."""

    def pick(self, turn: int, moves: list[Move], acts_left: int) -> Move | None:
        """One of the moves; None to let the user act already (if there are acts left)."""


class Broken(Exception):
    """A promise was broken."""

    def __init__(self, invariant: str, message: str, error: BaseException | None = None) -> None:
        super().__init__(message)
        self.invariant, self.message, self.error = invariant, message, error


SAVED = ("turn", "to_do", "recorded", "came_true", "acts", "_asked", "_judged", "_changed", "_chances")


class Play:
    """One playing of a schedule; or, with a `chooser`, the making of one, which is then in `recorded`."""

    def __init__(self, trial: Trial, schedule: Schedule, chooser: Chooser | None = None) -> None:
        self.trial, self.schedule, self.chooser = trial, schedule, chooser
        self.sim = trial.make_sim()
        self.turn = 1  # the turn to come
        self.to_do = list(schedule.acts if schedule.acts is not None else range(len(trial.story)))
        self.plan: dict[int, list[Deviation]] = defaultdict(list)
        for deviation in schedule.deviations:
            self.plan[deviation.turn].append(deviation)
        self.recorded: list[Deviation] = []
        self.came_true: dict[Deviation, int] = {}
        self.acts: dict[int, int] = {}
        self._asked = 0  # the last turn for which the chooser was asked for a fault
        self._judged = -1  # the revision at which the promises were last looked at
        self._changed = 0.0  # when something was last written
        self._chances = CHANCES

    def run(self) -> Failure | None:
        """To the end, or to the first broken promise."""
        try:
            self._until_rest()
            self.judge_end()
            if any(i.when == "again" for i in self.trial.invariants):
                for player in self.trial.players:
                    self._fault("resync", player)
                self._until_rest()
                self._judge("again")
        except Broken as broken:
            return self.failure(broken)
        return None

    @property
    def made(self) -> Schedule:
        """The schedule as it was really played."""
        if self.chooser is None:
            return self.schedule
        return Schedule(self.schedule.name, tuple(self.recorded), self.schedule.acts)

    def failure(self, broken: Broken) -> Failure:
        """The broken promise together with the history so far."""
        sim, last = self.sim, len(self.sim.trace)
        for wire in sim.wires.values():
            wire.take_calls()
        if sim.position != last:  # a step broke off in the middle: it is not in the trace
            sim.goto(last)
        return Failure(
            broken.invariant, broken.message, self.made, last, sim, self.came_true, self.acts, broken.error
        )

    # --- going back (the simulation apart) ---

    def save(self) -> dict[str, Any]:
        """Where this play stands, besides its simulation."""
        return {name: copy(getattr(self, name)) for name in SAVED}

    def load(self, saved: dict[str, Any]) -> None:
        for name, value in saved.items():
            setattr(self, name, copy(value))

    # --- turns ---

    def _until_rest(self) -> None:
        while self.advance():
            pass

    def advance(self) -> bool:
        """One turn, and a look at the promises. False when nothing is left to do. Raises Broken."""
        more = self._turn()
        if self.sim.store.revision != self._judged or self.sim.world:  # what lies outside has no revision
            if any(e.resource != HEARTBEATS for e in self.sim.store.log[max(self._judged, 0) :]):
                self._changed = self.sim.now
            self._judged = self.sim.store.revision
            self._judge("always")
        if len(self.sim.trace) > self.trial.patience:
            raise Broken(SETTLES, _still_busy(self.sim))
        return more

    def _turn(self) -> bool:
        """What the schedule says; else the prompt move; else time, the user, the end of all trouble."""
        self._faults()
        return (
            self._move()
            or self._pass_time(background=False)
            or self._rest()
            or self._act()
            or self._heal()
            or self._another_chance()
            or self._pass_time(background=True)
        )

    def _rest(self) -> bool:
        """Nobody can move. Unless news is held back, or somebody is trying again, promises are due now."""
        players = [self.sim.manager.players[p] for p in self.trial.players]
        trying = any(p.errors or any(i.resting for i in p.informers.values()) for p in players)
        if not self._held() and not trying:
            self._judge("at rest")
        return False

    def _faults(self) -> None:
        """Everything that goes wrong before this turn."""
        planned = [d for d in self.plan[self.turn] if d.kind == "fault"]
        struck = self.chooser.fault(self.turn) if self.chooser and self._asked < self.turn else None
        self._asked = self.turn
        for deviation in [*planned, *([Deviation(self.turn, "fault", struck)] if struck else [])]:
            if deviation not in self.came_true:
                self.strike(deviation)

    def strike(self, fault: Deviation) -> None:
        """Something goes wrong now."""
        self._note(fault)
        self._fault(*fault.what)

    def _fault(self, name: str, player: str, *args: Any) -> None:
        with _BlameOn(player):
            self.sim.fault(name, player, *args)

    def _move(self) -> bool:
        """A player's move, or the user acting when others could still move."""
        prompt = self.sim.manager.first()
        if prompt is None:
            return False
        move = self._chosen(prompt)
        if move is None:
            return self._act()
        self._step(move)
        return True

    def _chosen(self, prompt: Move) -> Move | None:
        """The move to make now; None: the user acts."""
        if self.chooser is not None:
            move = self.chooser.pick(self.turn, self.sim.moves(), len(self.to_do))
            if move != prompt:
                different = ("move", tuple(move)) if move is not None else ("act", (self.to_do[0],))
                self._note(Deviation(self.turn, *different))
            return move
        for deviation in self.plan[self.turn]:
            if deviation.kind == "act" and deviation.what[0] in self.to_do[:1]:
                self._note(deviation)
                return None
            if deviation.kind == "move" and self.sim.manager.is_possible(Move(*deviation.what)):
                self._note(deviation)
                return Move(*deviation.what)
        return prompt

    def _note(self, deviation: Deviation) -> None:
        self.recorded.append(deviation)
        self.came_true[deviation] = self.sim.position + 1

    def _step(self, move: Move) -> None:
        self.turn += 1
        with _BlameOn(move.player):
            step = self.sim.step(move)
        if step is not None and step.player in self.trial.players and step.action == "reconcile":
            error = self.sim.manager.players[step.player].errors.get(step.key)
            if isinstance(error, MISTAKES):
                raise Broken(RAISES, f"{step.player}, asked to reconcile {step.key}: {_words(error)}", error)

    def _pass_time(self, *, background: bool) -> bool:
        """Let the next timer fire, unless nothing has been written for so long that this is rest."""
        fired = self.sim.next_timer(background=background, deadline=self._changed + QUIET)
        self.turn += fired is not None
        return fired is not None

    def _act(self) -> bool:
        if not self.to_do:
            return False
        number = self.to_do.pop(0)
        try:
            self.trial.story[number].do(self.sim)
        except ApiError:  # the user is told, shrugs, and goes on
            pass
        except Endless as error:  # he has let time pass, and somebody moved meanwhile
            raise Broken(ENDS, f"{' or '.join(self.trial.players)}: {error}", error) from None
        self.acts[number] = self.sim.position
        self._changed = self.sim.now
        return True

    def _heal(self) -> bool:
        """The end of all trouble. False when there was none."""
        held = self._held()
        for player in held:
            self._fault("heal", player)
        return bool(held)

    def _another_chance(self) -> bool:
        """Who has failed often, as long as there was trouble, comes back late: he is waited for."""
        failing = any(self.sim.manager.players[p].errors for p in self.trial.players)
        if not failing or not self._chances:
            return False
        self._chances -= 1
        fired = self.sim.next_timer(background=False)
        self.turn += fired is not None
        return fired is not None

    def _held(self) -> list[str]:
        """Players whose news does not arrive."""
        players = self.sim.manager.players.values()
        return [p.name for p in players if any(i.held for i in p.informers.values())]

    # --- judging ---

    def _judge(self, when: str) -> None:
        for invariant in self.trial.invariants:
            message = invariant.check(self.sim) if invariant.when == when else None
            if message:
                raise Broken(invariant.name, message)

    def judge_end(self) -> None:
        """At rest, and no error that nobody has got over."""
        for player in self.trial.players:
            for key, error in self.sim.manager.players[player].errors.items():
                raise Broken(RECOVERS, f"{player} still fails to reconcile {key}: {_words(error)}", error)
        self._judge("at rest")
        self._judge("at the end")


class _BlameOn:
    """What comes out of the code of `player` here would be caught by nobody in a real process either."""

    def __init__(self, player: str) -> None:
        self.player = player

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Endless):
            raise Broken(ENDS, f"{self.player}: {error}", error) from None
        if isinstance(error, Exception):
            raise Broken(RAISES, f"{self.player}, hearing an event: {_words(error)}", error) from error


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _still_busy(sim: Simulation) -> str:
    steps = sim.trace.steps
    who = [(s.player, s.key) for s in steps if s.action == "reconcile"] or [(steps[-1].player, steps[-1].key)]
    player, key = max(dict.fromkeys(who), key=who.count)
    writes = sum(len(s.writes) for s in steps if s.player == player)
    return (
        f"after {len(steps)} steps the cluster is still busy: {player} has reconciled {key} "
        f"{who.count((player, key))} times and written {writes} times"
    )
