"""What an exercise is: a cluster, a story, promises; hints; and the wrong ideas that people really have.

A wrong idea is a small change to the solution. The author's check (`author.py`) proves that each is caught,
and answered with its own diagnosis: passing by luck with a wrong idea in the head is worse than failing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object
from k8slearn.cluster import Cluster
from k8slearn.machinery import Controller
from k8slearn.sim import Simulation
from k8slearn.sim.schedule import Schedule
from k8slearn.sim.trial import Act, Failure, Invariant, Trial

EXERCISES = Path(__file__).parent / "exercises"
PATIENCE = 400  # steps; a right solution needs some fifty

Evidence = Callable[[Any], bool]  # asked of a Failure, or of the Slip of a drill


def anything(failure: Any) -> bool:
    """No further evidence is needed."""
    return True


def remembers(failure: Failure) -> bool:
    """Does the controller keep something in self?"""
    return any(player.soft_state() for player in failure.sim.manager.players.values())


@dataclass(frozen=True)
class Diagnosis:
    """What somebody whose code fails like this seems to believe, why it is not so, and what to try next.

    It fits a failure that broke `promise` ("" for any), under a schedule with no other troubles than those
    of `under` (None: whatever; empty: on a calm day), and for which `evidence` speaks. The first that fits
    is told.
    """

    id: str
    text: str
    promise: str = ""
    under: frozenset[str] | None = None
    evidence: Evidence = anything

    def fits(self, failure: Any) -> bool:
        if self.promise not in ("", failure.invariant):
            return False
        if self.under is not None and not self._explains(troubles(failure.schedule), self.under):
            return False
        return self.evidence(failure)

    def _explains(self, found: frozenset[str], under: frozenset[str]) -> bool:
        return found <= under and bool(found) == bool(under)


@dataclass(frozen=True)
class WrongIdea:
    """`edits` turn the solution into it: (old lines, new lines), without their indentation.

    misconception: its number in the project's list of what people get wrong; 0 if it is not in it.
    """

    name: str
    edits: tuple[tuple[str, str], ...]
    diagnosis: str
    misconception: int = 0


@dataclass(frozen=True)
class Words:
    """What is said in an exercise, and the wrong ideas to catch: read from the lesson's YAML file."""

    title: str
    notebook: str  # its name, without folder and suffix
    hints: tuple[str, ...]
    diagnoses: dict[str, str]
    wrong_ideas: tuple[WrongIdea, ...]

    def diagnosis(
        self, name: str, promise: str = "", under: Iterable[str] | None = None, evidence: Evidence = anything
    ) -> Diagnosis:
        """When to say what the file says under this name."""
        return Diagnosis(
            name, self.diagnoses[name], promise, frozenset(under) if under is not None else None, evidence
        )


def words_of(lesson: str) -> dict[str, Words]:
    """The words of each exercise of a lesson, by id."""
    text = (EXERCISES / f"{lesson}.yaml").read_text(encoding="utf-8")
    return {exercise_id: _words(said) for exercise_id, said in yaml.safe_load(text).items()}


def _words(said: dict[str, Any]) -> Words:
    ideas = [_wrong_idea(name, idea) for name, idea in said["wrong ideas"].items()]
    hints = tuple(hint.rstrip() for hint in said["hints"])
    return Words(said["title"], said["notebook"], hints, said["diagnoses"], tuple(ideas))


def _wrong_idea(name: str, idea: dict[str, Any]) -> WrongIdea:
    edits = tuple((edit["old"].rstrip("\n"), edit["new"].rstrip("\n")) for edit in idea["edits"])
    return WrongIdea(name, edits, idea["diagnosis"], idea.get("misconception", 0))


@dataclass(frozen=True)
class Exercise:
    """One hole in one notebook. `id` is lesson.number: "04.1"."""

    id: str
    words: Words
    kinds: Sequence[Resource]
    story: Sequence[Act]
    promises: Sequence[Invariant]
    diagnoses: Sequence[Diagnosis]
    objects: Sequence[Object] = ()  # there from the beginning
    idempotent: bool = True  # must a controller at rest stay silent when it is shown its cache again?
    world: Mapping[str, Any] = field(default_factory=dict)  # systems outside of the cluster, by name

    def cluster(self, controller: type[Controller]) -> Cluster:
        """No machines and nobody else: whatever happens, the controller did it."""
        return Cluster(0, components=(), adding=[controller], kinds=self.kinds, objects=self.objects)

    def trial(self, controller: type[Controller], promises: Iterable[Invariant] = ()) -> Trial:
        """The trial that this controller has to pass; `promises` are asked besides the exercise's own."""
        return Trial(
            _MakeSim(self.cluster(controller), self.world),
            self.story,
            (*self.promises, *promises),
            (controller().full_name,),
            PATIENCE,
        )


@dataclass(frozen=True)
class _MakeSim:
    cluster: Cluster
    world: Mapping[str, Any]

    def __call__(self) -> Simulation:
        return Simulation(self.cluster, world=self.world)


def troubles(schedule: Schedule) -> frozenset[str]:
    """The kinds of trouble in it: names of faults; "order" for moves out of turn, "hurry" for acts."""
    names = {"move": "order", "act": "hurry"}
    return frozenset(d.what[0] if d.kind == "fault" else names[d.kind] for d in schedule.deviations)
