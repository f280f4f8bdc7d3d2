"""A cluster whose every move you can see, repeat and take back.

There is no background: nothing happens between two calls of `step`. A step lets one player make one
move, and writes down who, what, when and why. When nobody can move, the clock goes to the next timer.
History is a list of moves; going back means restoring the last checkpoint before the wanted step and
making the same moves again from there, which works because nothing in the house is left to chance.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Object, edit, freeze, key_of, name_of, namespace_of
from k8slearn.api.requests import Request, Watch
from k8slearn.client import Client
from k8slearn.cluster import Cluster, Component
from k8slearn.machinery import Manager, Move
from k8slearn.machinery.manager import Outcome
from k8slearn.sim import faults
from k8slearn.sim.policies import Policy, policy
from k8slearn.sim.trace import Step, Trace
from k8slearn.sim.wire import Crashed, Wire

CHECKPOINT_EVERY = 100  # steps; what `goto` has to replay at most
PATIENCE = 200_000  # steps after which `run` says that the cluster does not settle


@dataclass(slots=True)
class VirtualClock:
    """Implements k8slearn.api.clock.Clock."""

    now: float = 0.0
    step: int = 0


class DidNotSettle(RuntimeError):
    """The cluster was still busy after as many steps as it was given."""


class Simulation:
    """One cluster, one history. `seed` decides every name, uid and (with "shuffled") every order."""

    def __init__(
        self,
        cluster: Cluster | None = None,
        *,
        nodes: int = 3,
        policy: str | Policy = "prompt",
        seed: int = 0,
        boot: bool = True,
    ) -> None:
        self.recipe = cluster or Cluster(nodes)
        self.seed = seed
        self.policy = _policy(policy, seed)
        self.clock = VirtualClock()
        self.dice = Dice(seed)
        self.server = self.recipe.server(self.clock, self.dice)
        self.store = self.server.store
        self.manager = Manager(self.clock)
        self.wires: dict[str, Wire] = {}
        self.makers: dict[str, Component] = {}
        self.trace = Trace()
        for component in self.recipe.components:
            self._enter(component)
        self.client = Client(_Hand(self), "kubernetes-admin")
        if boot:
            self._boot()
        self._checkpoints: dict[int, dict[str, Any]] = {0: self._save()}

    def _enter(self, component: Component) -> None:
        player = component()
        name = player.full_name
        self.makers[name] = component
        self.wires[name] = Wire(name, self.server, self.store)
        self.manager.add(player, self.wires[name], self.dice)

    def _boot(self) -> None:
        """Let everybody list what they watch and every machine join; history begins after that."""
        chosen, self.policy = self.policy, _policy("prompt", self.seed)
        self._checkpoints = {}
        self.run()
        self.policy, self.trace, self.clock.step = chosen, Trace(), 0

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
            return self._repeat(self.trace[self.position + 1])
        move = move or self.policy.choose(self.manager, self.position)
        return self._record(move) if move is not None else self._next_timer(background=False)

    def run(
        self, until: Callable[[Simulation], Any] | None = None, *, steps: int = PATIENCE, seconds: float = 3600
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
                if self._next_timer(background=True, deadline=deadline) is None:
                    return False
            if self.now > deadline:
                return False
        raise DidNotSettle(self._still_busy(steps))

    def advance(self, seconds: float) -> None:
        """Let that much virtual time pass, with everything that happens in it."""
        deadline = round(self.now + seconds, 6)
        self.goto(len(self.trace))
        while True:
            move = self.policy.choose(self.manager, self.position)
            if move is not None:
                self._record(move)
            elif self._next_timer(background=True, deadline=deadline) is None:
                break
        if self.now < deadline:
            self._record(Move("clock", "wait"), payload=deadline)

    def _next_timer(self, *, background: bool, deadline: float = float("inf")) -> Step | None:
        """Let the clock go to the next timer and fire it, unless that is later than `deadline`."""
        alarm = self.manager.next_alarm(background=background)
        if alarm is None or alarm.due > deadline:
            return None
        return self._record(Move(alarm.player, "timer"), payload=max(alarm.due, self.now))

    def _still_busy(self, steps: int) -> str:
        last = [s.player for s in self.trace.steps[-1000:]]
        busiest = sorted(set(last), key=lambda p: (-last.count(p), p))[:3]
        counts = ", ".join(f"{p} ({last.count(p)})" for p in busiest)
        return (
            f"still busy after {steps} steps, at t={self.now:g} s; of the last {len(last)} steps most were by: "
            f"{counts}. Does a reconcile write something new each time it runs?"
        )

    # --- making a step ---

    def _record(self, move: Move, payload: Any = None) -> Step:
        """Make a move that was not made before, at the end of history or instead of its rest."""
        self._forget_future()
        step = self._perform(move, payload)
        self.trace.add(step)
        if step.number % CHECKPOINT_EVERY == 0:
            self._checkpoints[step.number] = self._save()
        return step

    def _repeat(self, step: Step) -> Step:
        self.clock.now = step.time
        return self._perform(step.move, step.payload)

    def _perform(self, move: Move, payload: Any) -> Step:
        self.clock.step += 1
        before = self.store.revision
        outcome = self._outcome(move, payload)
        calls = tuple(c for wire in self._wires_of(move) for c in wire.take_calls())
        return Step(
            self.clock.step,
            self.clock.now,
            move.player,
            move.action,
            move.resource,
            outcome.key,
            before,
            self.store.revision,
            calls,
            outcome.causes,
            outcome.result,
            move,
            payload,
        )

    def _wires_of(self, move: Move) -> list[Wire]:
        return [self.wires[move.player]] if move.player in self.wires else []

    def _outcome(self, move: Move, payload: Any) -> Outcome:
        if move.action == "wait":
            self.clock.now = payload
            return Outcome(result=f"until t={payload:g} s")
        if move.action == "request":
            return self._request(payload)
        if move.action == "fault":
            return Outcome(key=move.resource, result=faults.FAULTS[payload[0]](self, *payload[1:]))
        if move.action == "timer":
            self.clock.now = payload
        return self._player_moves(move)

    def _player_moves(self, move: Move) -> Outcome:
        try:
            outcome = self.manager.make(move)
        except Crashed as crash:
            self.restart(move.player)
            return Outcome(result=str(crash))
        if move.action == "deliver":
            return self._heard(move, outcome)
        return outcome

    def _heard(self, move: Move, outcome: Outcome) -> Outcome:
        """Name what an informer heard; its cause is the step that wrote it."""
        informer = self.manager.players[move.player].informers[move.resource]
        causes = (self.trace.writer[informer.revision],) if informer.revision in self.trace.writer else ()
        if len(outcome.changes) != 1:
            return Outcome("", causes, f"listed, {len(outcome.changes)} changes, @{informer.revision}")
        change = outcome.changes[0]
        return Outcome(key_of(change.object), causes, f"{change.type} @{informer.revision}")

    # --- a user's hand ---

    def request(self, request: Request) -> Any:
        """A user's request. Reads are free; a write is a step of its own, even if it is refused."""
        if not request.writes or request.options.get("dryRun"):
            return edit(self.server.handle(request))
        self.answer: Any = None
        what = Move("client", "request", request.resource)
        self._record(what, replace(request, body=freeze(request.body)))
        if isinstance(self.answer, Exception):
            raise self.answer
        return edit(self.answer)

    def _request(self, request: Request) -> Outcome:
        wire = self.wires.setdefault("client", Wire("client", self.server, self.store))
        try:
            self.answer = wire.handle(replace(request, body=edit(request.body)))
        except Exception as error:
            self.answer = error
        call = wire.calls[-1]
        return Outcome(call.key, (), f"{call.verb}" if call.ok else f"refused: {call.note}")

    def create(self, objects: Object | Iterable[Object], namespace: str = "default") -> list[Object]:
        """Like ``kubectl create``, but all or nothing: first every object is tried without being stored."""
        wanted = self._placed(objects, namespace)
        self._rehearse(wanted, lambda obj: self.client.create(obj, dryRun="All"))
        return [self.client.create(obj) for obj in wanted]

    def apply(self, objects: Object | Iterable[Object], namespace: str = "default") -> list[Object]:
        """Like ``kubectl apply``, but all or nothing: create what is not there, merge into what is."""
        wanted = self._placed(objects, namespace)
        self._rehearse(wanted, lambda obj: self._apply(obj, dryRun="All"))
        return [self._apply(obj) for obj in wanted]

    def _apply(self, obj: Object, **options: Any) -> Object:
        if name_of(obj) and self.store.get(self.client.kinds.of(obj).name, key_of(obj)) is not None:
            return self.client.patch(obj, patch=obj, **options)
        return self.client.create(obj, **options)

    def _placed(self, objects: Object | Iterable[Object], namespace: str) -> list[Object]:
        """The objects as a list, each in its namespace."""
        wanted = [objects] if isinstance(objects, dict) else list(objects)
        for i, obj in enumerate(wanted):
            if self.client.kinds.of(obj).namespaced and not namespace_of(obj):
                wanted[i] = {**obj, "metadata": {**(obj.get("metadata") or {}), "namespace": namespace}}
        return wanted

    def _rehearse(self, wanted: list[Object], attempt: Callable[[Object], Any]) -> None:
        """Raise what would go wrong, before anything is stored."""
        coming = {name_of(o) for o in wanted if o["kind"] == "Namespace"}
        for obj in wanted:
            try:
                attempt(obj)
            except NotFound:
                if namespace_of(obj) not in coming:
                    raise

    # --- faults ---

    def fault(self, name: str, *args: Any) -> Step:
        """Make something go wrong, or right again: see `k8slearn.sim.faults`."""
        faults.check(self, name, *args)
        return self._record(Move("fault", "fault", " ".join(map(str, args))), (name, *args))

    def crash(self, player: str) -> Step:
        """The player dies and starts again, remembering nothing."""
        return self.fault("crash", player)

    def restart(self, name: str) -> None:
        """A new process in the place of the old one; its connection keeps its faults."""
        self.manager.remove(name)
        player = self.makers[name]()
        self.manager.add(player, self.wires[name], self.dice)

    # --- back ---

    def back(self, steps: int = 1) -> None:
        """Undo the last `steps` steps (they can be repeated with `step` or `goto`)."""
        self.goto(max(self.position - steps, 0))

    def goto(self, number: int) -> None:
        """Be as right after step `number` (0: the beginning)."""
        if not 0 <= number <= len(self.trace):
            raise IndexError(f"there are {len(self.trace)} steps: cannot go to step {number}")
        nearest = max(n for n in self._checkpoints if n <= number)
        if not nearest <= self.position <= number:
            self._load(self._checkpoints[nearest])
        while self.position < number:
            self._repeat(self.trace[self.position + 1])

    def _forget_future(self) -> None:
        if self.position < len(self.trace):
            self.trace.cut(self.position)
            self._checkpoints = {n: c for n, c in self._checkpoints.items() if n <= self.position}

    def fork(self, *, policy: str | Policy | None = None, seed: int | None = None) -> Simulation:
        """Another simulation with the same past. What happens there does not happen here."""
        other = Simulation(self.recipe, policy=self.policy, seed=self.seed, boot=False)
        other._checkpoints = {n: c for n, c in self._checkpoints.items() if n <= self.position}
        for step in self.trace.steps[: self.position]:
            other.trace.add(step)
        other._load(other._checkpoints[max(other._checkpoints)])
        other.goto(self.position)
        if policy is not None or seed is not None:
            other.policy = _policy(policy or self.policy, self.seed if seed is None else seed)
        return other

    def _save(self) -> dict[str, Any]:
        return {
            "clock": (self.clock.now, self.clock.step),
            "store": self.store.mark(),
            "manager": self.manager.save(),
            "wires": {n: w.save() for n, w in self.wires.items()},
        }

    def _load(self, saved: dict[str, Any]) -> None:
        self.clock.now, self.clock.step = saved["clock"]
        self.store.rewind(saved["store"])
        for name, state in saved["wires"].items():
            self.wires[name].load(state)
        self.manager.load(saved["manager"])

    # --- looking ---

    def errors(self) -> dict[str, dict[str, Exception]]:
        """Reconciles that failed and have not succeeded since, by player and key."""
        return {n: dict(p.errors) for n, p in self.manager.players.items() if p.errors}

    def state(self) -> dict[str, dict[str, Object]]:
        """Every object in the store, by resource and key."""
        return self.store.state()

    def last_step_at(self, seconds: float) -> int:
        """The number of the last step not later than `seconds`."""
        return bisect_right(self.trace.steps, seconds, key=lambda s: s.time)


class _Hand:
    """The transport of the person at the keyboard: whatever they write becomes a step."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.kinds = sim.server.kinds

    def handle(self, request: Request) -> Any:
        return self.sim.request(request)

    def watch(self, request: Request, bell: Callable[[], None] | None = None) -> Watch:
        return self.sim.server.watch(request, bell)


_policy = policy
