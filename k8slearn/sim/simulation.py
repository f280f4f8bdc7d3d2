"""A cluster whose every move you can see, repeat and take back.

There is no background: nothing happens between two calls of `step`. A step lets one player make one
move, and writes down who, what, when and why. When nobody can move, the clock goes to the next timer.
History is a list of moves; going back means restoring the last checkpoint before the wanted step and
making the same moves again from there, which works because nothing in the house is left to chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, freeze
from k8slearn.api.requests import Request
from k8slearn.client import Client
from k8slearn.client.apply import apply_all, create_all
from k8slearn.cluster import Cluster, Component
from k8slearn.machinery import Controller, Manager, Move
from k8slearn.machinery.state import clone
from k8slearn.sim import faults, outsideworld, policies
from k8slearn.sim.checkpoints import Checkpoints
from k8slearn.sim.hand import Hand
from k8slearn.sim.host import Host
from k8slearn.sim.moving import perform
from k8slearn.sim.policies import Policy
from k8slearn.sim.reviewer import Answer, Reviewer
from k8slearn.sim.serving import Places
from k8slearn.sim.trace import Step, Trace
from k8slearn.sim.wire import Wire

PATIENCE = 200_000  # steps after which `run` says that the cluster does not settle


@dataclass(slots=True)
class VirtualClock:
    """Implements k8slearn.api.clock.Clock."""

    now: float = 0.0
    step: int = 0


class DidNotSettle(RuntimeError):
    """The cluster was still busy after as many steps as it was given."""


class Simulation:
    """One cluster, one history. `seed` decides every name, uid and (with "shuffled") every order.

    `policy`: "prompt", "fair", "shuffled", or an object with `choose`. With `boot` (the default) everybody
    has listed what they watch and every machine has joined before history begins. `world`: systems beside the
    cluster, by name (see `k8slearn.sim.outsideworld`).
    """

    def __init__(
        self,
        cluster: Cluster | None = None,
        *,
        nodes: int = 3,
        policy: str | Policy = "prompt",
        seed: int = 0,
        boot: bool = True,
        world: Mapping[str, Any] | None = None,
    ) -> None:
        self.recipe = cluster or Cluster(nodes)
        self.seed = seed
        self.clock, self.dice = VirtualClock(), Dice(seed)
        self.server = self.recipe.server(self.clock, self.dice)
        self.server.outside = self.programs = Places(self)  # what the API server can ask; wiring, no state
        self.store = self.server.store
        self.manager = Manager(self.clock)
        self.world: dict[str, Any] = clone(dict(world or {}))  # what lies outside of the cluster
        self.trace = Trace()
        self.checkpoints = Checkpoints(self)
        self.wires: dict[str, Wire] = {"client": Wire("client", self.server, self.store)}
        self.makers: dict[str, Component] = {}
        for component in self.recipe.components:
            self.let_in(component)
        self.client = Client(Hand(self), "kubernetes-admin")
        self.answer: Any = None  # to the user's last write
        self.policy: Policy = policies.Prompt()
        if boot:
            self._boot()
        self.policy = policies.policy(policy, seed)
        self.checkpoints.begin()

    def enter(self, component: Component | str) -> None:
        """A player begins to take part, now: one of your making, or, by name, one who has left. It knows nothing yet.

        In the past, history is written anew from here; so it is when somebody leaves.
        """
        self._forget_the_rest()
        self.let_in(self.makers[component] if isinstance(component, str) else component)
        self.checkpoints.take()

    def leave(self, player: str) -> None:
        """A player stops taking part, without a goodbye. Whatever it only remembered is lost."""
        if player not in self.manager.players:
            raise ValueError(f'no player "{player}": there are {", ".join(self.manager.players)}')
        self._forget_the_rest()
        Host(self).stop(player)
        self.checkpoints.take()

    def let_in(self, component: Component) -> None:
        """The same, in the middle of a step or before history begins: no checkpoint is taken."""
        player = component()
        name = player.full_name
        self.makers[name] = component
        self.wires[name] = Wire(name, self.server, self.store)
        self._admit(player)

    def _admit(self, player: Controller) -> None:
        wire = self.wires[player.full_name]
        outsideworld.connect(self, player, wire)
        if player.starts_others:
            player.host = Host(self)
        self.manager.add(player, wire, self.dice)

    def _boot(self) -> None:
        """What happens before history begins is nobody's cause: its steps have numbers below 1."""
        self.clock.step = -PATIENCE
        while (todo := self._next_move() or self._due(background=False)) is not None:
            if self.clock.step == 0:
                raise DidNotSettle(self._still_busy(PATIENCE))
            perform(self, *todo)
        self.clock.step = 0

    def _next_move(self) -> tuple[Move, None] | None:
        move = self.policy.choose(self.manager, self.position)
        return (move, None) if move is not None else None

    # --- forward ---

    @property
    def position(self) -> int:
        """How many steps have been made (0: the beginning)."""
        return self.clock.step

    @property
    def now(self) -> float:
        """Virtual seconds since the beginning."""
        return self.clock.now

    def moves(self) -> list[Move]:
        """What could happen next."""
        return self.manager.moves()

    def step(self, move: Move | None = None) -> Step | None:
        """One move: `move`, or the policy's choice, or the timer that is due next.

        In the past, history is repeated (unless another `move` is given: then it is written anew).
        Returns None when everybody is waiting and no timer is running but housekeeping.
        """
        if move is None and self.position < len(self.trace):
            return self.repeat(self.trace[self.position + 1])
        move = move or self.policy.choose(self.manager, self.position)
        return self._record(move) if move is not None else self.next_timer(background=False)

    def run(
        self,
        until: Callable[[Simulation], Any] | None = None,
        *,
        steps: int = PATIENCE,
        seconds: float = 3600,
    ) -> bool:
        """Step until nothing is left to do; or, with `until`, until it holds (housekeeping goes on).

        Returns whether `until` holds (without one: True). Gives up after `seconds` of virtual time.
        Raises DidNotSettle after `steps`.
        """
        deadline = self.now + seconds
        for _ in range(steps):
            if until is not None and until(self):
                return True
            if self.step() is None:
                if until is None:
                    return True
                if self.next_timer(background=True, deadline=deadline) is None:
                    return False
            if self.now > deadline:
                return False
        raise DidNotSettle(self._still_busy(steps))

    def advance(self, seconds: float) -> None:
        """Let that much virtual time pass, with everything that happens in it.

        Raises DidNotSettle when so much happens at one moment that time does not pass.
        """
        deadline = round(self.now + seconds, 6)
        self.goto(len(self.trace))
        moment, began = self.now, self.position
        while True:
            if self.now > moment:
                moment, began = self.now, self.position
            if self.position - began > PATIENCE:
                raise DidNotSettle(self._still_busy(PATIENCE))
            move = self.policy.choose(self.manager, self.position)
            if move is not None:
                self._record(move)
            elif self.next_timer(background=True, deadline=deadline) is None:
                break
        if self.now < deadline:
            self._record(Move("clock", "wait"), payload=deadline)

    def next_timer(self, *, background: bool, deadline: float = float("inf")) -> Step | None:
        """Let the clock go to the next timer and fire it, unless that is later than `deadline`."""
        due = self._due(background=background)
        return self._record(*due) if due is not None and due[1] <= deadline else None

    def _due(self, *, background: bool) -> tuple[Move, float] | None:
        """The timer that is due next, and when."""
        alarm = self.manager.next_alarm(background=background)
        return (Move(alarm.player, "timer"), max(alarm.due, self.now)) if alarm is not None else None

    def _still_busy(self, steps: int) -> str:
        last = [s.player for s in self.trace.steps[-1000:]]
        busiest = sorted(set(last), key=lambda p: (-last.count(p), p))[:3]
        counts = ", ".join(f"{p} ({last.count(p)})" for p in busiest)
        return (
            f"still busy after {steps} steps, at t={self.now:g} s; of the last {len(last)} steps most were "
            f"by: {counts}. Does a reconcile write something new each time it runs?"
        )

    # --- what you do to it ---

    def create(self, objects: Object | Iterable[Object], namespace: str = "default") -> list[Object]:
        """Like ``kubectl create``, but all or nothing. Each object is a step."""
        return create_all(self.client, objects, namespace)

    def apply(self, objects: Object | Iterable[Object], namespace: str = "default") -> list[Object]:
        """Like ``kubectl apply``, but all or nothing. Each object is a step."""
        return apply_all(self.client, objects, namespace)

    def request(self, request: Request) -> Any:
        """A user's write, as a step. Raises what the server answers, if that is an error."""
        frozen = replace(request, body=freeze(request.body))
        self._record(Move("client", "request", str(request.resource)), frozen)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def serve(self, place: str, answer: Answer) -> None:
        """Let a function answer the reviews that the API server sends to a place (see `k8slearn.sim.reviewer`).

        `place`: ``service/NAMESPACE/NAME:PORT``, or ``https://host`` as a webhook's url has it.
        Programs that speak more of HTTP go into `programs`, by place.
        """
        self.programs[place] = Reviewer(answer)

    def fault(self, name: str, *args: Any) -> Step:
        """Make something go wrong, or right again: see `k8slearn.sim.faults`."""
        faults.check(self, name, *args)
        return self._record(Move("fault", name, ""), args)

    def meddle(self, system: str, method: str, *args: Any, **more: Any) -> Step:
        """Somebody changes a system outside of the cluster, and tells nobody."""
        return self._record(Move("world", "meddle", system), (method, args, more))

    def crash(self, player: str) -> Step:
        """The player dies and starts again, remembering nothing."""
        return self.fault("crash", player)

    def restart(self, name: str) -> None:
        """A new process in the place of the old one; its connection keeps its faults."""
        self._admit(self.makers[name]())
        if self.wires[name].faults.cut:
            faults.hold(self, name)

    # --- making a step ---

    def _record(self, move: Move, payload: Any = None) -> Step:
        """Make a move that was not made before, at the end of history or instead of its rest."""
        self._forget_the_rest()
        step = perform(self, move, payload)
        self.trace.add(step)
        if self.checkpoints.is_due:
            self.checkpoints.take()
        return step

    def _forget_the_rest(self) -> None:
        if self.position < len(self.trace):
            self.trace.cut(self.position)
            self.checkpoints.cut(self.position)

    def repeat(self, step: Step) -> Step:
        """Make a move of the past once more."""
        self.checkpoints.welcome()
        outsideworld.pass_time(self, step.time)
        return perform(self, step.move, step.payload)

    # --- back ---

    def back(self, steps: int = 1) -> None:
        """Undo the last `steps` steps (they can be repeated with `step` or `goto`)."""
        self.goto(max(self.position - steps, 0))

    def goto(self, number: int) -> None:
        """Be as right after step `number` (0: the beginning)."""
        if not 0 <= number <= len(self.trace):
            raise IndexError(f"there are {len(self.trace)} steps: cannot go to step {number}")
        self.checkpoints.goto(number)

    def fork(self, *, policy: str | Policy | None = None, seed: int | None = None) -> Simulation:
        """Another simulation with the same past. What happens there does not happen here.

        It goes on by the same policy, unless another is named; a `seed` alone means "shuffled" by it.
        """
        other = Simulation(self.recipe, policy=self.policy, seed=self.seed, boot=False, world=self.world)
        other.makers.update(self.makers)  # of those, too, who have come later
        other.programs.by_place.update(self.programs.by_place)
        for step in self.trace.steps[: self.position]:
            other.trace.add(step)
        other.checkpoints.adopt(self.checkpoints, self.position)
        if policy is not None or seed is not None:
            other.policy = policies.policy(policy or "shuffled", self.seed if seed is None else seed)
        return other

    # --- looking ---

    def errors(self) -> dict[str, dict[str, Exception]]:
        """Reconciles that failed and have not succeeded since, by player and key."""
        return {n: dict(p.errors) for n, p in self.manager.players.items() if p.errors}

    def state(self) -> dict[str, dict[str, Object]]:
        """Every object in the store, by resource and key."""
        return self.store.state()
