"""What an exercise is: a cluster, a story, promises; hints; and the wrong ideas that people really have.

A wrong idea is a small change to the solution. The author's check (`author.py`) proves that each is caught, and
answered with its own diagnosis: passing by luck with a wrong idea in the head is worse than failing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object
from k8slearn.cluster import Cluster
from k8slearn.machinery import Controller
from k8slearn.sim import Simulation
from k8slearn.sim.schedule import Schedule
from k8slearn.sim.trial import Act, Failure, Invariant, Trial

PATIENCE = 400  # steps; a right solution needs some fifty

Evidence = Callable[[Failure], bool]


def anything(failure: Failure) -> bool:
    """No further evidence is needed."""
    return True


def remembers(failure: Failure) -> bool:
    """Does the controller keep something in self?"""
    return any(player.soft_state() for player in failure.sim.manager.players.values())


@dataclass(frozen=True)
class Diagnosis:
    """What somebody whose code fails like this seems to believe, why it is not so, and what to try next.

    It fits a failure that broke `promise` ("" for any), under a schedule with troubles among `under`
    (None: whatever; empty: on a calm day), and for which `evidence` speaks. The first that fits is told.
    """

    id: str
    text: str
    promise: str = ""
    under: frozenset[str] | None = None
    evidence: Evidence = anything

    def fits(self, failure: Failure) -> bool:
        if self.promise not in ("", failure.invariant):
            return False
        if self.under is not None and not self._under(troubles(failure.schedule)):
            return False
        return self.evidence(failure)

    def _under(self, found: frozenset[str]) -> bool:
        assert self.under is not None
        return found <= self.under and bool(found) == bool(self.under)


@dataclass(frozen=True)
class WrongIdea:
    """`edits` turn the solution into it: (old text, new text), each old text found exactly once.

    misconception: its row in the list of what people get wrong (see CONTRIBUTING.md); 0 if it has none.
    """

    name: str
    edits: Sequence[tuple[str, str]]
    diagnosis: str
    misconception: int = 0


@dataclass(frozen=True)
class Exercise:
    """One hole in one notebook. `id` is lesson.number: "04.1"."""

    id: str
    title: str
    notebook: str  # its name, without folder and suffix
    kinds: Sequence[Resource]
    story: Sequence[Act]
    promises: Sequence[Invariant]
    hints: tuple[str, str, str]
    diagnoses: Sequence[Diagnosis]
    wrong_ideas: Sequence[WrongIdea]
    objects: Sequence[Object] = ()
    idempotent: bool = field(
        default=True
    )  # must a controller at rest stay silent when shown its cache again?

    def cluster(self, controller: type[Controller]) -> Cluster:
        """No machines and nobody else: whatever happens, the controller did it."""
        return Cluster(0, components=(), adding=[controller], kinds=self.kinds, objects=self.objects)

    def trial(self, controller: type[Controller], promises: Iterable[Invariant] = ()) -> Trial:
        """The trial that this controller has to pass; `promises` are asked besides the exercise's own."""
        return Trial(
            _MakeSim(self.cluster(controller)),
            self.story,
            (*self.promises, *promises),
            (controller().full_name,),
            PATIENCE,
        )


@dataclass(frozen=True)
class _MakeSim:
    cluster: Cluster

    def __call__(self) -> Simulation:
        return Simulation(self.cluster)


def troubles(schedule: Schedule) -> frozenset[str]:
    """The kinds of trouble in a schedule: names of faults; "order" for moves out of turn, "hurry" for acts."""
    names = {"move": "order", "act": "hurry"}
    return frozenset(d.what[0] if d.kind == "fault" else names[d.kind] for d in schedule.deviations)
