"""Exercise 08.3: one move of a StatefulSet. Who goes next, while pods come up slowly, fall ill, and are taken away."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from k8slearn.api.clock import Dice
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of

WORDS = words_of("lesson08")["08.3"]

UPWARDS = Promise("a pod is made when all before it are ready, and in the version that its number is to have")
DOWNWARDS = Promise("what is too much goes, the highest number first, when all others are ready")
IN_TURN = Promise("an old pod makes room for a new one, the highest number first, when all are ready")
ARRIVES = Promise("in the end everybody is there, and in the right version")
AN_ANSWER = Promise("it answers with one move that is possible, or with None")

MOST = 4  # replicas
TURNS = 120
SEEDS = 25  # of each kind and size
TROUBLES = 3  # in one story


class Pod(NamedTuple):
    """One pod of the set: its version ("old" or "new"), whether it is ready, and whether it is on its way out."""

    version: str
    ready: bool = True
    leaving: bool = False


Pods = dict[int, Pod]  # by number
FRESH, CALM, LESS, TAKEN, ILL = (
    "a set that begins",
    "an update in peace",
    "an update while fewer are wanted",
    "somebody deletes a pod",
    "a pod is not ready for a while",
)


def _cases() -> Iterator[Case]:
    for kind in (FRESH, CALM, LESS, TAKEN, ILL):
        for replicas in range(1, MOST + 1):
            for low in range(replicas + 1):
                for seed in range(1 if kind == FRESH else SEEDS):
                    yield Case(kind, partial(_play, kind, replicas, low, seed))


def _play(kind: str, replicas: int, low: int, seed: int, scene: Scene, next_move: Any) -> None:
    """One story: moves and accidents in turns, until there is nothing left to do."""
    dice = Dice(seed)
    there = 0 if kind == FRESH else replicas + 2 * (kind == LESS)
    pods: Pods = {number: Pod("old") for number in range(there)}
    scene.tell(f"replicas {replicas}, partition {low}")
    moved = False
    for turn in range(TURNS):
        move = next_move(replicas, low, dict(pods))
        moved = moved or move is not None
        if move is not None:
            scene.tell(f"{_told(pods)}. Your function: {move!r}", "you")
            _judge(move, pods, replicas, low, scene)
            _do(move, pods)
        if not _time_passes(pods, dice, turn, scene) and move is None:
            break
        if kind in (TAKEN, ILL) and turn < 3 * TROUBLES and turn % 3 == 0:
            _accident(kind, pods, dice, turn, scene)
    scene.tell(f"at the end: {_told(pods)}")
    found = {number: pod.version for number, pod in pods.items()}
    wanted = {number: "old" if number < low else "new" for number in range(replicas)}
    if not moved and found != wanted:
        raise Unsolved
    _judge_end(found, wanted, scene)


def _judge_end(found: dict[int, str], wanted: dict[int, str], scene: Scene) -> None:
    extra, missing = sorted(found.keys() - wanted.keys()), sorted(wanted.keys() - found.keys())
    scene.demand(not extra, ARRIVES, f"{_numbers(extra)} are still there, and not wanted", "too many")
    scene.demand(
        not missing, ARRIVES, f"{_numbers(missing)} are missing, and nothing moves any more", "too few"
    )
    wrong = [number for number in wanted if found[number] != wanted[number]]
    scene.demand(not wrong, ARRIVES, f"{_numbers(wrong)} are not in the version that is wanted", "versions")


# --- one move --------------------------------------------------------------------------------


def _judge(move: Any, pods: Pods, replicas: int, low: int, scene: Scene) -> None:
    verb, number, *version = move if isinstance(move, tuple) and len(move) > 1 else ("", -1)
    message = f"{move!r} is no move: delete one that is there, or create one that is not, in a version"
    known = number in pods and not pods[number].leaving if verb == "delete" else number not in pods
    shaped = (verb, len(version)) in (("create", 1), ("delete", 0))
    scene.demand(shaped and type(number) is int and known, AN_ANSWER, message)
    unready = [each for each in range(replicas) if not _is_well(pods.get(each))]
    if verb == "create":
        _judge_creation(number, version[0], unready, replicas, low, scene)
    elif number >= replicas:
        _judge_shrinking(number, unready, pods, scene)
    else:
        _judge_update(number, unready, pods, replicas, low, scene)


def _is_well(pod: Pod | None) -> bool:
    return pod is not None and pod.ready and not pod.leaving


def _judge_creation(
    number: int, version: Any, unready: list[int], replicas: int, low: int, scene: Scene
) -> None:
    scene.demand(0 <= number < replicas, UPWARDS, f"{number} is made, and there is no such number", "beyond")
    before = [each for each in unready if each < number]
    scene.demand(not before, UPWARDS, f"{number} is made, and {_numbers(before)} are not ready", "hurry")
    right = "old" if number < low else "new"
    message = (
        f"{number} is made in the version {version!r}, the partition is {low}, so it should be {right!r}"
    )
    scene.demand(version == right, UPWARDS, message, "version")


def _judge_shrinking(number: int, unready: list[int], pods: Pods, scene: Scene) -> None:
    higher = [each for each in pods if each > number]
    message = f"{number} is deleted, and {_numbers(higher)} are still there"
    scene.demand(not higher, DOWNWARDS, message, "wrong end")
    message = f"{number} is deleted, and {_numbers(unready)} are not ready"
    scene.demand(not unready, DOWNWARDS, message, "impatient")


def _judge_update(number: int, unready: list[int], pods: Pods, replicas: int, low: int, scene: Scene) -> None:
    stale = pods[number].version == "old"
    scene.demand(stale, IN_TURN, f"{number} is deleted, though it is new", "needless")
    scene.demand(number >= low, IN_TURN, f"{number} is deleted, below the partition {low}", "partition")
    higher = [each for each in range(number + 1, replicas) if each in pods and pods[each].version == "old"]
    message = f"{number} is deleted, and {_numbers(higher)} are still old"
    scene.demand(not higher, IN_TURN, message, "wrong end")
    surplus = [each for each in pods if each >= replicas]
    staying = [each for each in surplus if not pods[each].leaving]
    message = f"{number} is deleted, and {_numbers(surplus)} are there that are too many"
    scene.demand(not surplus, IN_TURN, message, "too many" if staying else "impatient")
    message = f"{number} is deleted, and {_numbers(unready)} are not ready"
    scene.demand(not unready, IN_TURN, message, "impatient")


def _do(move: Any, pods: Pods) -> None:
    verb, number, *version = move
    pods[number] = Pod(version[0], ready=False) if verb == "create" else pods[number]._replace(leaving=True)


# --- what happens meanwhile ------------------------------------------------------------------


def _time_passes(pods: Pods, dice: Dice, turn: int, scene: Scene) -> bool:
    """One of those that something is to become of moves on, or takes its time. Returns whether there was any."""
    pending = [number for number, pod in pods.items() if pod.leaving or not pod.ready]
    if not pending:
        return False
    if not dice.below(3, "slow", turn):
        return True
    number = pending[dice.below(len(pending), "who", turn)]
    if pods[number].leaving:
        del pods[number]
        scene.tell(f"{number} is gone")
    else:
        pods[number] = pods[number]._replace(ready=True)
        scene.tell(f"{number} is ready")
    return True


def _accident(kind: str, pods: Pods, dice: Dice, turn: int, scene: Scene) -> None:
    there = [number for number, pod in pods.items() if _is_well(pod)]
    if not there:
        return
    number = there[dice.below(len(there), "accident", turn)]
    taken = kind == TAKEN
    pods[number] = pods[number]._replace(leaving=taken, ready=taken)
    scene.tell(f"somebody deletes {number}" if taken else f"{number} is not ready any more", "luck")


def _numbers(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def _told(pods: Pods) -> str:
    return "; ".join(f"{number} {_state(pod)}" for number, pod in sorted(pods.items())) or "no pods"


def _state(pod: Pod) -> str:
    return pod.version + (", leaving" if pod.leaving else "" if pod.ready else ", not ready")


WHOS_NEXT = Drill(
    id="08.3",
    words=WORDS,
    cases=_cases,
    promises=[UPWARDS, DOWNWARDS, IN_TURN, ARRIVES, AN_ANSWER],
    diagnoses=[
        WORDS.diagnosis("makes them all at once", UPWARDS.name, evidence=noted("hurry")),
        WORDS.diagnosis("makes new ones below the partition", UPWARDS.name, evidence=noted("version")),
        WORDS.diagnosis("takes the lowest first", evidence=noted("wrong end")),
        WORDS.diagnosis("goes below the partition", IN_TURN.name, evidence=noted("partition")),
        WORDS.diagnosis("takes one while another is missing", evidence=noted("impatient")),
        WORDS.diagnosis("leaves what is too much", evidence=noted("too many")),
        WORDS.diagnosis("is never finished", ARRIVES.name),
        WORDS.diagnosis("asks for what cannot be", AN_ANSWER.name),
    ],
)
