"""Exercise 16.2: the best of many nodes, while single ones change, and as few questions as can be.

Many histories are tried, all the short ones first. A long one that fails is told as short as it can be made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.lab.drill import A_CLASS, Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.exercises.histories import Deed, told_short
from k8slearn.sim.trial import RAISES

WORDS = words_of("lesson16")

BEST = Promise("best() is the best node now: of two equal ones the first by name, and None if none will do")
CHEAP = Promise("between one best() and the next, a node is asked once at most, and only if it has changed")

REFUSES = None  # the score of a node that will not do
#: What can happen: a node is there, or scores otherwise than before; it is gone; somebody asks for the best.
DEEDS: tuple[Deed, ...] = (
    ("set", "a", 5),
    ("set", "a", 2),
    ("set", "b", 5),
    ("set", "b", 3),
    ("set", "b", REFUSES),
    ("remove", "a"),
    ("best",),
)
SHORT, LONG, WILD, NAMES = 5, 30, 100, "abcdef"


class Bench:
    """A learner's ranking, the nodes as they really are, and what may be asked of them."""

    def __init__(self, scene: Scene, make: Any) -> None:
        self.scene = scene
        self.real: dict[str, int | None] = {}  # node -> its score now
        self.changed: set[str] = set()  # since they were asked
        self.asked: set[str] = set()  # since the last best()
        self.before: Any = None  # the last best
        self.ranking = make(self.score)

    def score(self, name: str) -> int | None:
        """What the learner may ask. Raises Broken for a question too many."""
        scene, there = self.scene, name in self.real
        scene.tell(f"    score({name}) = {self.real[name] if there else 'there is no such node'}")
        scene.demand(there, CHEAP, f"{name} was asked, and is not there", "who is gone")
        again = f"{name} was asked once more"
        scene.demand(name not in self.asked, CHEAP, f"{again}, for a single best()", "too early")
        scene.demand(name in self.changed, CHEAP, f"{again}, and has not changed", "all again")
        self.changed.discard(name)
        self.asked.add(name)
        return self.real[name]

    def do(self, deed: Deed) -> None:
        verb, *rest = deed
        getattr(self, f"_{verb}")(*rest)

    def _set(self, name: str, score: int | None) -> None:
        self.scene.tell(
            f"changed({name}): " + ("it will not do" if score is REFUSES else f"it scores {score}")
        )
        self.real[name] = score
        self.changed.add(name)
        self.ranking.changed(name)

    def _remove(self, name: str) -> None:
        if name in self.real:
            self.scene.tell(f"removed({name})")
            del self.real[name]
            self.changed.discard(name)
            self.ranking.removed(name)

    def _best(self) -> None:
        said, right = self.ranking.best(), self._right()
        self.scene.tell(f"best() = {said}")
        self.scene.demand(said == right, BEST, f"the best is {right}, of {self.real}", self._idea(said))
        self.before = said
        self.asked.clear()

    def _right(self) -> str | None:
        willing = {name: score for name, score in self.real.items() if score is not REFUSES}
        return min(willing, key=lambda name: (-willing[name], name), default=None)

    def _idea(self, said: Any) -> str:
        """What somebody seems to believe who says this, and is wrong."""
        right = self._right()
        if said is None or (said == self.before and said in self.real):
            return "only the best"
        if said not in self.real:
            return "forgets the gone"
        if self.real[said] is REFUSES:
            return "no is nought"
        return "tie" if right is not None and self.real[said] == self.real[right] else ""


def _history(deeds: Sequence[Deed], scene: Scene, make: Any) -> None:
    bench = Bench(scene, make)
    for deed in deeds:
        bench.do(deed)
    bench.do(("best",))


def _begun(scene: Scene, make: Any) -> None:
    """One node. Who asks nothing and answers nothing has not begun."""
    bench = Bench(scene, make)
    bench.do(("set", "a", 5))
    if bench.ranking.best() is None and not bench.asked:
        raise Unsolved


# --- the cases ----------------------------------------------------------------------------------


def _cases() -> Iterator[Case]:
    yield Case("one node", _begun)
    for length in range(SHORT):
        for deeds in product(DEEDS, repeat=length):
            if (
                deeds[:1] in ((), (("set", "a", 5),), (("set", "b", REFUSES),))
                and ("best",) not in deeds[-1:]
            ):
                yield Case(f"histories of up to {SHORT} deeds", partial(_history, deeds))
    for seed in range(WILD):
        yield Case("long ones", partial(told_short, _history, _drawn(Dice(seed))))


def _makes_sense(deeds: Sequence[Deed]) -> bool:
    """Somebody comes first, and nobody asks for the best twice in the end."""
    return deeds[:1] in ((), (("set", "a", 5),), (("set", "b", REFUSES),)) and deeds[-1:] != (("best",),)


def _drawn(dice: Dice) -> tuple[Deed, ...]:
    """A history of some nodes; the higher the seed, the rarer somebody asks for the best."""
    deeds: list[Deed] = []
    for place in range(LONG):
        name = NAMES[dice.below(len(NAMES), "name", place)]
        score = dice.below(6, "score", place) or REFUSES
        removed = dice.below(4, "removed", place) == 0
        deeds.append(("remove", name) if removed else ("set", name, score))
        if dice.below(1 + dice.seed % 4, "best", place) == 0:
            deeds.append(("best",))
    return tuple(deeds)


CHEAP_RANKING = Drill(
    id="16.2",
    words=WORDS["16.2"],
    cases=_cases,
    promises=[BEST, CHEAP],
    diagnoses=[
        WORDS["16.2"].diagnosis("asks all again", evidence=noted("all again")),
        WORDS["16.2"].diagnosis("asks before anybody wants to know", evidence=noted("too early")),
        WORDS["16.2"].diagnosis("asks who is gone", evidence=noted("who is gone")),
        WORDS["16.2"].diagnosis("forgets that nodes go", evidence=noted("forgets the gone")),
        WORDS["16.2"].diagnosis("takes no for nought", evidence=noted("no is nought")),
        WORDS["16.2"].diagnosis("knows only the best", evidence=noted("only the best")),
        WORDS["16.2"].diagnosis("lets the order of arrival decide", evidence=noted("tie")),
        WORDS["16.2"].diagnosis("has no answer when nobody will do", RAISES, evidence=noted("ValueError")),
    ],
    wanted=A_CLASS,
)
