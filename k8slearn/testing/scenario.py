"""What the author of an operator gives: the operator, what people do, what must hold in the end.

    Scenario(MyController, given=[an_object, scale_it_up], then=as_many_as_asked)

`given` are the things that people do, one after the other: objects to create, or functions of the simulation.
`then` looks at the simulation in the end, and asserts; or returns False, or a sentence that says what is wrong.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from k8slearn.api.errors import ApiError
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, key_of
from k8slearn.cluster import Cluster, Component
from k8slearn.controllers import GarbageCollector
from k8slearn.machinery import Controller
from k8slearn.sim import Simulation
from k8slearn.sim.play import Play
from k8slearn.sim.schedule import Schedule
from k8slearn.sim.trial import Act, Invariant, Trial
from k8slearn.testing.patience import watched
from k8slearn.testing.promises import asked

PATIENCE = 600  # steps of one history; a right operator needs some dozens for each object

Given = Object | Act | Callable[[Simulation], object]


class Misuse(Exception):
    """The test itself cannot be run: the message says what is wrong with it."""


@dataclass
class Scenario:
    """operators: classes of controllers under test, or functions without arguments that make one.

    always: must hold after every single step. kinds, objects: served, and there, from the beginning (definitions of
    custom resources among them). controllers: who else is at work. world: systems outside of the cluster, see
    `k8slearn.sim.outsideworld`. patience: steps after which a cluster should have come to rest.
    """

    operators: Component | Sequence[Component]
    given: Given | Sequence[Given] = ()
    then: Callable[[Simulation], object] | None = None
    always: Callable[[Simulation], object] | None = None
    kinds: Sequence[Resource] = ()
    objects: Sequence[Object] = ()
    controllers: Sequence[Component] = (GarbageCollector,)
    nodes: int = 0
    world: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    patience: int = PATIENCE

    def __post_init__(self) -> None:
        for operator in self.makers:
            _check(operator)

    @property
    def makers(self) -> list[Component]:
        """What makes each operator."""
        return _several(self.operators)

    @property
    def acts(self) -> list[Act]:
        """What people do."""
        return [_act(given) for given in _several(self.given)]

    @property
    def players(self) -> tuple[str, ...]:
        """The names under which the operators are found in a trace."""
        return tuple(operator().full_name for operator in self.makers)

    @property
    def title(self) -> str:
        return " and ".join(type(operator()).__name__ for operator in self.makers)

    def simulation(self) -> Simulation:
        """A fresh cluster, in which nothing has been given yet. Raises Misuse."""
        under_test = [watched(operator) for operator in self.makers]
        try:
            cluster = Cluster(
                self.nodes,
                components=self.controllers,
                adding=under_test,
                kinds=self.kinds,
                objects=self.objects,
            )
            return Simulation(cluster, seed=self.seed, world=self.world)
        except ApiError as error:
            raise Misuse(f"the cluster of this test cannot be made: {error}{self._unknown(error)}") from error

    def _unknown(self, error: ApiError) -> str:
        if "doesn't have a resource type" not in str(error):
            return ""
        wants = {r for operator in self.makers for r in operator().resources()}
        return (
            f". {self.title} watches {', '.join(sorted(wants))}: give the definitions of custom resources in "
            "objects=[...]"
        )

    def trial(self, promises: Iterable[Invariant], more: Iterable[Act] = ()) -> Trial:
        """What is put to the test. `then` is not among the promises unless you name it."""
        always = [asked("it always holds", self.always, "always")] if self.always else []
        return Trial(self.simulation, [*self.acts, *more], (*always, *promises), self.players, self.patience)

    def rehearse(self) -> None:
        """Does the server accept the objects that are given? Raises Misuse.

        Functions may build on what the operator has done by then: see `refused`.
        """
        sim = self.simulation()
        found: list[str] = []
        for given in _several(self.given):
            if isinstance(given, dict):
                _hear(_act(given), found, sim)
        if found:
            raise Misuse(found[0])

    def refused(self) -> str:
        """What the server refuses of all this on a calm day; "" if nothing. On other days it well may."""
        found: list[str] = []
        story = [replace(act, do=partial(_hear, act, found)) for act in self.acts]
        Play(Trial(self.simulation, story, (), self.players, self.patience), Schedule()).run()
        return "; ".join(found)


def _several(things: Any) -> list[Any]:
    """One thing stands for a list of one."""
    return list(things) if isinstance(things, (list, tuple)) else [things]


def _act(given: Given) -> Act:
    if isinstance(given, Act):
        return given
    if isinstance(given, Mapping):
        return Act(f"create the {given.get('kind')} {key_of(given)}", lambda sim: sim.create(dict(given)))
    if not callable(given):
        raise Misuse(f"given may be an object, an Act, or a function of the simulation, and not {given!r}")
    return Act(said(given), given)


def _hear(act: Act, refused: list[str], sim: Simulation) -> None:
    """Do it, and write down what the server says if it refuses."""
    try:
        act.do(sim)
    except ApiError as error:
        refused.append(f"given, when somebody {act.text}: {error}")


def said(function: Callable[..., Any]) -> str:
    """The first line of its docstring, or its name in words."""
    text = (inspect.getdoc(function) or "").partition("\n")[0].rstrip(".")
    return text or getattr(function, "__name__", type(function).__name__).strip("_").replace("_", " ")


# --- what cannot be tested ------------------------------------------------------------------------


def _check(operator: Any) -> None:
    """Raises Misuse that says what is missing."""
    name = getattr(operator, "__name__", repr(operator))
    if isinstance(operator, Controller):
        raise Misuse(f"give the class itself, without parentheses: {type(operator).__name__}")
    if not callable(operator):
        raise Misuse(f"an operator is a class that inherits from Controller, and not {operator!r}")
    if inspect.isclass(operator) and not issubclass(operator, Controller):
        raise Misuse(f"{name} does not inherit from k8slearn.machinery.Controller")
    made = operator()
    if not isinstance(made, Controller):
        raise Misuse(f"{name} makes {made!r}, and not a Controller")
    if not made.resources():
        raise Misuse(f"{name} does not say what it looks after: primary = ...")
    if type(made).reconcile is Controller.reconcile and type(made).on_change is Controller.on_change:
        raise Misuse(f"{name} has no reconcile(self, key)")
