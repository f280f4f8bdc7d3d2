"""Exercises 11.3 and 11.4: the autoscaler's arithmetic. How many should there be, and how many may there be now?

What is right is what the autoscaler of this cluster says (`k8slearn.controllers.replicacalculator`, `scalingbehavior`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import combinations_with_replacement
from math import ceil
from typing import Any, NamedTuple

from k8slearn.api.clock import Dice, timestamp
from k8slearn.api.objects import Object
from k8slearn.controllers.replicacalculator import Metric, NoCount, Target, replicas
from k8slearn.controllers.scalingbehavior import DOWN_WINDOW, History, normalized
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of

WORDS = words_of("lesson11")

HOW_MANY = Promise("it wishes for as many as the autoscaler does")
NOW = Promise("it goes as far as the autoscaler does")

TARGET = 100  # thousandths of a CPU for each pod
AT = 10_000.0  # virtual seconds: all pods have long been started


class Pod(NamedTuple):
    """used: thousandths of a CPU; None: it has not been measured."""

    used: int | None
    ready: bool = True


# --- how many should there be ----------------------------------------------------------------


def wished(pods: Sequence[Pod], target: int = TARGET) -> int:
    """What the real arithmetic says. As many pods as are there are asked for."""
    objects = [_object(i, pod) for i, pod in enumerate(pods)]
    metrics = {f"pod-{i}": Metric(p.used, AT, 15.0) for i, p in enumerate(pods) if p.used is not None}
    try:
        return replicas(len(pods), Target("cpu", each=target), objects, metrics, AT).replicas
    except NoCount:
        return len(pods)


def _object(number: int, pod: Pod) -> Object:
    """One that is not ready has just been started, and was never ready."""
    since = AT - 1000 if pod.ready else AT - 20
    ready = {"type": "Ready", "status": str(pod.ready), "lastTransitionTime": timestamp(since)}
    status = {"phase": "Running", "startTime": timestamp(since), "conditions": [ready]}
    return {"metadata": {"name": f"pod-{number}"}, "spec": {"containers": []}, "status": status}


USES = (Pod(310), Pod(160), Pod(100), Pod(104), Pod(20), Pod(None), Pod(250, False), Pod(5, False))
FINE = 1000  # a thousandth of the smallest unit


def _crowds() -> Iterator[Case]:
    small = [pods for n in (1, 2, 3) for pods in combinations_with_replacement(USES, n)]
    for pods in sorted(small, key=_is_mixed):
        if _is_clear(pods):
            yield Case("one to three pods", partial(_wish, pods))
    for seed in range(200):
        dice = Dice(seed)
        size = 4 + dice.below(12, "size")
        level = (20, 60, 95, 108, 180, 400)[dice.below(6, "level")]
        pods = tuple(_drawn(dice, i, level) for i in range(size))
        if _is_clear(pods):
            yield Case("larger ones", partial(_wish, pods))


def _is_mixed(pods: Sequence[Pod]) -> bool:
    """Two things at once are hard to explain."""
    return any(pod.used is None for pod in pods) and not all(pod.ready for pod in pods)


def _is_clear(pods: Sequence[Pod]) -> bool:
    """It does not hang on a last digit, so that nobody is judged by the order in which he divides."""
    near = [tuple(_nudged(pod, by) for pod in pods) for by in (-20, 20)]
    return {wished(pods)} == {wished(each, TARGET * FINE) for each in near}


def _nudged(pod: Pod, by: int) -> Pod:
    return pod if pod.used is None else pod._replace(used=pod.used * FINE + by)


def _drawn(dice: Dice, number: int, level: int) -> Pod:
    kind = dice.below(6, "kind", number)
    if kind == 0:
        return Pod(None)
    return Pod(level * (80 + dice.below(41, "use", number)) // 100, ready=kind != 1)


def _wish(pods: Sequence[Pod], scene: Scene, wanted: Any) -> None:
    scene.tell(f"target: {TARGET} for each pod")
    for pod in pods:
        known = "not measured" if pod.used is None else f"uses {pod.used}"
        scene.tell(f"a pod {known}{'' if pod.ready else ', not ready'}")
    found, truth = wanted(list(pods), TARGET), wished(pods)
    if found is None or found is Ellipsis:
        raise Unsolved
    fact = _belief(pods, found) if found != truth else ""
    scene.demand(found == truth, HOW_MANY, f"it says {found}, and there should be {truth}", fact)


def _belief(pods: Sequence[Pod], found: Any) -> str:
    """What somebody who says this seems to believe: the first of the wrong rules that gives the same number."""
    known = [p.used for p in pods if p.used is not None and p.ready]
    unready = sum(p.used is not None and not p.ready for p in pods)
    if unready and found == all_measured(pods):
        return "all count"
    if not known:
        return "nothing known"
    ratio = sum(known) / len(known) / TARGET
    missing = sum(p.used is None for p in pods)
    if type(found) is not int:
        return "no whole number"
    if not missing and not unready:
        near = abs(ratio - 1) <= 0.1
        return "tolerance" if near else "rounds" if found == int(len(pods) * ratio) else "formula"
    beliefs = {
        "turns round": (ratio > 1 and found < len(pods)) or (ratio < 1 and found > len(pods)),
        "only the measured": bool(missing) and ceil(ratio * len(known)) == found,
        "only the ready": not missing and ceil(ratio * len(known)) == found,
        "of all": ceil(ratio * len(pods)) == found,
    }
    return next((name for name, held in beliefs.items() if held), "missing" if missing else "unready")


def all_measured(pods: Sequence[Pod]) -> int:
    """As if readiness did not matter."""
    used = [p.used for p in pods if p.used is not None]
    return ceil(sum(used) / TARGET)


# --- how many may there be now ---------------------------------------------------------------

Past = list[tuple[float, int]]
BOUNDS = (2, 12)
SHOWN = 330.0  # seconds of the past that are told


def allowed(now: float, current: int, wish: int, past: Past, least: int, most: int) -> int:
    spec = {"minReplicas": least, "maxReplicas": most}
    return normalized(spec, current, wish, History(wishes=tuple(past)), now).replicas


def _moments() -> Iterator[Case]:
    for current, wish in ((3, 3), (2, 3), (5, 2), (2, 9), (1, 9), (3, 40), (4, 1), (6, 6)):
        yield Case("without a past", partial(_moment, 1000.0, current, wish, ()))
    for age in (10, 290, 310):
        for wish, before in ((2, 5), (5, 2), (4, 9), (8, 3)):
            yield Case(
                "with one wish in the past", partial(_moment, 1000.0, 5, wish, ((1000.0 - age, before),))
            )
    for seed in range(60):
        yield Case("histories of half an hour", partial(_history, seed))


def _moment(now: float, current: int, wish: int, past: tuple[Any, ...], scene: Scene, limited: Any) -> None:
    least, most = BOUNDS
    told = ", ".join(f"{n} {now - at:g} s ago" for at, n in past if at > now - SHOWN) or "none"
    scene.tell(f"there are {current}; the wish is {wish}; wishes before: {told}; from {least} to {most}")
    found = limited(now, current, wish, list(past), least, most)
    truth = allowed(now, current, wish, list(past), least, most)
    if found is None or found is Ellipsis:
        raise Unsolved
    fact = _hurry(now, current, wish, past, found) if found != truth else ""
    scene.demand(found == truth, NOW, f"it says {found}, and right is {truth}", fact)


def _hurry(now: float, current: int, wish: int, past: Sequence[Any], found: Any) -> str:
    """What somebody who says this seems to believe."""
    least, most = BOUNDS
    recent = [n for at, n in past if at > now - DOWN_WINDOW]
    highest, ever = max([wish, *recent]), max([wish, *(n for _, n in past)])
    limit = max(2 * current, 4)

    def within(n: int) -> int:
        return min(max(n, least), most, limit)

    beliefs = {
        "out of bounds": found > most or found < least,
        "too fast": found > limit,
        "four": highest > 2 * current and found == 2 * current and current == 1,
        "for ever": found == within(ever) != within(highest),
        "at once": found == within(wish) != within(highest),
        "not up either": found <= current and highest > current,
        "an average": bool(recent),
    }
    return next((name for name, held in beliefs.items() if held), "")


def _history(seed: int, scene: Scene, limited: Any) -> None:
    """Every fifteen seconds a wish; what is right becomes the size, and the wishes the past."""
    dice, now, current, past = Dice(seed), 0.0, 2, Past()
    level = 4
    for turn in range(120):
        now += 15
        if dice.below(8, "change", turn) == 0:
            level = 1 + dice.below(20, "level", turn)
        wish = max(1, level + dice.below(3, "noise", turn) - 1)
        scene.lines.clear()  # only the moment that fails is told
        _moment(now, current, wish, tuple(past), scene, limited)
        current = allowed(now, current, wish, past, *BOUNDS)
        past.append((now, wish))


WISH = Drill(
    id="11.3",
    words=WORDS["11.3"],
    cases=_crowds,
    promises=[HOW_MANY],
    diagnoses=[
        WORDS["11.3"].diagnosis("acts on a trifle", evidence=noted("tolerance")),
        WORDS["11.3"].diagnosis("rounds down", evidence=noted("rounds", "no whole number")),
        WORDS["11.3"].diagnosis(
            "knows nothing and acts", evidence=noted("nothing known", "ZeroDivisionError")
        ),
        WORDS["11.3"].diagnosis("counts those who are starting", evidence=noted("all count")),
        WORDS["11.3"].diagnosis("forgets the unmeasured", evidence=noted("only the measured")),
        WORDS["11.3"].diagnosis("forgets those who are starting", evidence=noted("only the ready")),
        WORDS["11.3"].diagnosis("takes the unmeasured for average", evidence=noted("of all")),
        WORDS["11.3"].diagnosis("turns round", evidence=noted("turns round")),
        WORDS["11.3"].diagnosis("guesses boldly", evidence=noted("missing", "unready")),
        WORDS["11.3"].diagnosis("has another formula", HOW_MANY.name),
    ],
)

LIMITS = Drill(
    id="11.4",
    words=WORDS["11.4"],
    cases=_moments,
    promises=[NOW],
    diagnoses=[
        WORDS["11.4"].diagnosis("leaves the bounds", evidence=noted("out of bounds")),
        WORDS["11.4"].diagnosis("leaps", evidence=noted("too fast")),
        WORDS["11.4"].diagnosis("cannot get off the ground", evidence=noted("four")),
        WORDS["11.4"].diagnosis("never forgets", evidence=noted("for ever")),
        WORDS["11.4"].diagnosis("shrinks at once", evidence=noted("at once")),
        WORDS["11.4"].diagnosis("waits before it grows", evidence=noted("not up either")),
        WORDS["11.4"].diagnosis("takes an average", evidence=noted("an average")),
    ],
)
