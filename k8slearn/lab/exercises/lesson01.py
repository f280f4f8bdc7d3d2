"""Lesson 01, the store: compare-and-swap on a log (01.1), and a reader's place in it (01.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any, NamedTuple

from k8slearn.api.clock import Dice
from k8slearn.api.errors import Expired
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.sim.trial import RAISES

WORDS = words_of("lesson01")
PEOPLE = ("ada", "grace")


class Entry(NamedTuple):
    """One write in a log."""

    revision: int
    key: str
    value: str


class Mismatch(Exception):
    """Somebody else has written this key since you read it."""


Log = list[Entry]

# --- 01.1: compare and swap ------------------------------------------------------------------

WRITES = Promise("whoever wrote on top of what he has read gets the next revision of the whole log")
REFUSES = Promise("whoever did not read the newest is refused, and nothing is written")

EXPECTING: dict[str, Callable[[int], int | None]] = {
    "anyhow": lambda at: None,
    "on top of the newest": lambda at: at,
    "only if it is new": lambda at: 0,
    "on top of something older": lambda at: at - 1 if at > 1 else at + 7,
}
Move = tuple[str, str]  # key, how
MOVES: list[Move] = list(product(("tea", "milk"), EXPECTING))
SMALL, WILD = 3, 40  # moves in a small story; number of wild ones


def _stories() -> Iterator[Case]:
    for length in range(1, SMALL + 1):
        for moves in product(MOVES, repeat=length):
            yield Case(f"stories of up to {SMALL} writes", partial(_write_all, list(moves)))
    for seed in range(WILD):
        dice = Dice(seed)
        moves_ = [MOVES[dice.below(len(MOVES), "move", i)] for i in range(12)]
        yield Case("long ones", partial(_write_all, moves_))


def _write_all(moves: list[Move], scene: Scene, put: Any) -> None:
    log: Log = []
    for number, move in enumerate(moves):
        _write(scene, put, log, PEOPLE[number % 2], move, f"{number + 1} spoons")


def _write(scene: Scene, put: Any, log: Log, who: str, move: Move, value: str) -> None:
    key, how = move
    at = max((entry.revision for entry in log if entry.key == key), default=0)
    expect, before = EXPECTING[how](at), list(log)
    scene.tell(f"{who} writes {key} {how}: put(log, {key!r}, {value!r}, expect={expect})")
    try:
        answer = put(log, key, value, expect)
    except Mismatch:
        _was_refused(scene, before, log, key, expect in (None, at))
        return
    if answer is None and log == before and not before:
        raise Unsolved
    _was_written(scene, before, log, Entry(len(before) + 1, key, value), answer, expect in (None, at), expect)


def _was_refused(scene: Scene, before: Log, log: Log, key: str, should_pass: bool) -> None:
    newest = before[-1].revision if before else 0
    fact = "minds others" if newest and before[-1].key != key else "refused"
    scene.demand(not should_pass, WRITES, f"{key} was refused, though nobody else had written it", fact)
    scene.demand(
        log == before,
        REFUSES,
        f"{key} was refused, but the log has grown by {len(log) - len(before)}",
        "half",
    )


def _was_written(
    scene: Scene, before: Log, log: Log, wanted: Entry, answer: Any, should_pass: bool, expect: int | None
) -> None:
    fact = "zero" if expect == 0 else "lost update"
    scene.demand(should_pass, REFUSES, f"{wanted.key} was overwritten: somebody's write is lost", fact)
    of_key = sum(entry.key == wanted.key for entry in before) + 1
    late = isinstance(answer, (int, float)) and answer > 10_000
    fact = "clock" if late else "per key" if answer == of_key != wanted.revision else "other"
    said = f"it is write number {wanted.revision} of the whole log, and put says @{answer}"
    scene.demand(answer == wanted.revision, WRITES, said, fact)
    scene.demand(
        log == [*before, wanted], WRITES, f"the log should end with {wanted}, and is {log[-2:]}", "log"
    )


COMPARE_AND_SWAP = Drill(
    id="01.1",
    words=WORDS["01.1"],
    cases=_stories,
    promises=[WRITES, REFUSES],
    diagnoses=[
        WORDS["01.1"].diagnosis("writes before it looks", REFUSES.name, evidence=noted("half")),
        WORDS["01.1"].diagnosis("takes zero for nothing", REFUSES.name, evidence=noted("zero")),
        WORDS["01.1"].diagnosis("lets the last one win", REFUSES.name, evidence=noted("lost update")),
        WORDS["01.1"].diagnosis("minds other people's writes", WRITES.name, evidence=noted("minds others")),
        WORDS["01.1"].diagnosis("takes a revision for the time", WRITES.name, evidence=noted("clock")),
        WORDS["01.1"].diagnosis("counts for each object", WRITES.name, evidence=noted("per key")),
    ],
)

# --- 01.2: a reader's place ------------------------------------------------------------------

TOLD = Promise("a reader hears of every write of his key, once and in order")
EXPIRES = Promise("a reader is told that he has expired exactly when something behind his place is forgotten")

DEEDS = ("write tea", "write milk", "read", "forget all", "forget some")


def _days() -> Iterator[Case]:
    for length in range(1, 5):
        for deeds in product(DEEDS, repeat=length):
            if deeds[-1] == "read":
                yield Case("days of up to 4 deeds", partial(_a_day, deeds))
    for seed in range(WILD):
        dice = Dice(seed)
        yield Case(
            "long ones", partial(_a_day, tuple(DEEDS[dice.below(len(DEEDS), "deed", i)] for i in range(20)))
        )


def _a_day(deeds: tuple[str, ...], scene: Scene, read_on: Any) -> None:
    """Ada reads tea. `place` is what her last reading returned; `sure` is how far she has really heard."""
    world = _World()
    for deed in deeds:
        if deed.startswith("write"):
            world.write(scene, deed.split()[1])
        elif deed.startswith("forget"):
            world.forget(scene, len(world.log) // (1 if deed == "forget all" else 2))
        elif not world.read(scene, read_on):
            return


class _World:
    """A log that somebody compacts, and Ada."""

    def __init__(self) -> None:
        self.log: Log = []
        self.revision = self.compacted = 0
        self.place: Any = 0  # where her last reading said that she is
        self.sure = 0  # where she is

    def write(self, scene: Scene, key: str) -> None:
        self.revision += 1
        self.log.append(Entry(self.revision, key, f"{self.revision} spoons"))
        scene.tell(f"{key} is written: @{self.revision}")

    def forget(self, scene: Scene, count: int) -> None:
        if count:
            self.compacted = self.log[count - 1].revision
            del self.log[:count]
            scene.tell(f"the log is compacted: all up to @{self.compacted} is forgotten", "luck")

    def read(self, scene: Scene, read_on: Any) -> bool:
        """Returns whether Ada goes on (she does not when she has to list again)."""
        log, before = list(self.log), self.place
        scene.tell(f"ada reads on: read_on(log, 'tea', place={before}, compacted={self.compacted})")
        missed = self.sure < self.compacted
        try:
            answer = read_on(log, "tea", before, self.compacted)
        except Expired:
            fact = "stood still" if before != self.sure else "too early"
            scene.demand(
                missed, EXPIRES, f"she had heard of everything up to @{self.sure}, and is expired", fact
            )
            return False
        if answer is None:
            raise Unsolved
        news, self.place = answer
        told = [entry.revision for entry in news]
        gone = (
            f"what was written up to @{self.compacted} is forgotten, and she is not told that she missed it"
        )
        scene.demand(not missed, EXPIRES, gone, "silent")
        due = [entry.revision for entry in log if entry.key == "tea" and entry.revision > self.sure]
        twice = bool(set(told) - set(due))
        said = f"she should hear of {_list(due)}, and hears of {_list(told)}"
        scene.demand(told == due, TOLD, said, "twice" if twice else "missed")
        self.sure = self.revision
        return True


def _list(revisions: list[int]) -> str:
    return ", ".join(f"@{revision}" for revision in revisions) or "nothing"


A_PLACE = Drill(
    id="01.2",
    words=WORDS["01.2"],
    cases=_days,
    promises=[TOLD, EXPIRES],
    diagnoses=[
        WORDS["01.2"].diagnosis("tells it again", TOLD.name, evidence=noted("twice")),
        WORDS["01.2"].diagnosis("stands still in quiet times", EXPIRES.name, evidence=noted("stood still")),
        WORDS["01.2"].diagnosis("gives up too early", EXPIRES.name, evidence=noted("too early")),
        WORDS["01.2"].diagnosis("forgets in silence", EXPIRES.name, evidence=noted("silent")),
        WORDS["01.2"].diagnosis("lets the error out of nowhere", RAISES, evidence=noted("IndexError")),
    ],
)

EXERCISES = (COMPARE_AND_SWAP, A_PLACE)
