"""Exercise 06.1: a work queue. Many histories are tried against the rules, all the short ones first.

Read first: `queuerules`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.lab.drill import A_CLASS, Broken, Case, Drill, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.exercises.histories import Deed, told_short
from k8slearn.lab.exercises.queuerules import FAIR, KEYS, LOOKS, MERGES, ONCE, PUNCTUAL, Rules

WORDS = words_of("lesson06")

#: What can happen; a number is a worker (the one who has held his key longest is 0), or seconds.
DEEDS: tuple[Deed, ...] = (
    ("get",),
    ("add", "a"),
    ("add", "b"),
    ("done", 0),
    ("done", 1),
    ("add_after", "a", 2),
    ("add_after", "a", 5),
    ("wait", 3),
)
SHORT, LONG, WILD = 5, 16, 200
METHODS = ("add", "get", "done")


class Clock:
    """What the queue is given: `now`, in seconds."""

    now = 0


class Bench:
    """One queue, the rules beside it, and a story of what happens to both."""

    def __init__(self, scene: Scene, make: Any) -> None:
        self.scene, self.rules, self.clock = scene, Rules(), Clock()
        self.queue = make(self.clock)

    def do(self, deed: Deed) -> None:
        verb, *rest = deed
        getattr(self, f"_{verb}")(*rest)

    def _add(self, key: str) -> None:
        self._tell(f"add({key})", "luck" if key in self.rules.working else "")
        self.rules.add(key)
        self.queue.add(key)

    def _add_after(self, key: str, delay: int) -> None:
        self._tell(f"add_after({key}, {delay})")
        self.rules.add_after(key, self.clock.now + delay)
        if not hasattr(self.queue, "add_after"):
            raise Unsolved
        self.queue.add_after(key, delay)

    def _get(self) -> None:
        key = self.queue.get()
        self._tell(f"get() returns {key}")
        try:
            self.rules.hand_out(key)
        except Broken:
            self._probe(key)
            raise

    def _probe(self, answer: Any) -> None:
        """It will not hand out a key. Would it, if that were added now?"""
        wanted = [*self.rules.line, *self.rules.due]
        if answer is None and not self.rules.alarms:
            self.queue.add(wanted[0])
            if self.queue.get() is None:
                self.scene.facts.add("never again")

    def _done(self, worker: int) -> None:
        if worker < len(self.rules.working):
            key = self.rules.working[worker]
            self._tell(f"done({key})")
            self.rules.done(key)
            self.queue.done(key)

    def _wait(self, seconds: int) -> None:
        self.clock.now += seconds
        self.rules.pass_time(self.clock.now)
        self._tell(f"{seconds} seconds pass")

    def finish(self) -> None:
        """All work is finished, all delays are over: is anything left, or anything missing?"""
        while self.rules.working:
            self._done(0)
        self._get()
        self._wait(9)
        while self.rules.working or self.rules.line or self.rules.due:
            self._done(0)
            self._get()

    def _tell(self, words: str, mark: str = "") -> None:
        self.scene.tell(f"t={self.clock.now}: {words}", mark)


def _history(deeds: Sequence[Deed], scene: Scene, make: Any) -> None:
    if not any(hasattr(make, method) for method in METHODS):
        raise Unsolved
    bench = Bench(scene, make)
    for deed in deeds:
        bench.do(deed)
    bench.finish()


def _histories() -> Iterator[Case]:
    without_delays = [deed for deed in DEEDS if deed[0] not in ("add_after", "wait")]
    for alphabet in (without_delays, DEEDS):
        for length in range(1, SHORT + 1):
            for deeds in product(alphabet, repeat=length):
                if _makes_sense(deeds):
                    yield Case(f"histories of up to {SHORT} deeds", partial(_history, deeds))
    for seed in range(WILD):
        dice = Dice(seed)
        drawn = [DEEDS[dice.below(len(DEEDS), "deed", i)] for i in range(LONG)]
        yield Case("long ones", partial(told_short, _history, tuple(drawn)))


def _makes_sense(deeds: Sequence[Deed]) -> bool:
    """The first key is a, the last deed matters, and nobody finishes what nobody took."""
    taken = 0
    for deed in deeds:
        taken += (deed[0] == "get") - (deed[0] == "done")
        if taken < (deed == ("done", 1)):
            return False
    return deeds[0][0] != "wait" and deeds[0][1:2] in (("a",), ()) and deeds[-1][0] not in ("done", "wait")


QUEUE = Drill(
    id="06.1",
    words=WORDS["06.1"],
    cases=_histories,
    promises=[KEYS, ONCE, LOOKS, MERGES, FAIR, PUNCTUAL],
    diagnoses=[
        WORDS["06.1"].diagnosis("keeps a list of events", ONCE.name, evidence=noted("a list of events")),
        WORDS["06.1"].diagnosis("gives one key to two workers", ONCE.name),
        WORDS["06.1"].diagnosis("never takes a key twice", LOOKS.name, evidence=noted("never again")),
        WORDS["06.1"].diagnosis("loses what comes during work", LOOKS.name, evidence=noted("during work")),
        WORDS["06.1"].diagnosis("lets a later delay win", LOOKS.name, evidence=noted("two delays")),
        WORDS["06.1"].diagnosis("forgets what was delayed", LOOKS.name, evidence=noted("by time")),
        WORDS["06.1"].diagnosis("serves the last one first", FAIR.name),
        WORDS["06.1"].diagnosis("does not wait", PUNCTUAL.name),
        WORDS["06.1"].diagnosis("keeps a list of events", MERGES.name),
    ],
    wanted=A_CLASS,
)
