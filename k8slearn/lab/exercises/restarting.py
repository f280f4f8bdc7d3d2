"""Exercise 10.1: when is a container started again? A function, held against what a real kubelet of ours has done."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, dig
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.lanes import LONG
from k8slearn.lab.onenode import only_a_node, pod, program
from k8slearn.node.life import FORGIVEN_AFTER
from k8slearn.sim import Simulation

WORDS = words_of("lesson10")
STAYS = Promise("what is not to be started again is left alone")
COMES = Promise("what is to be started again is started again")
PAUSE = Promise("it waits as long as the kubelet does")

POLICIES = ("Always", "OnFailure", "Never")
FIRST, AGAIN, OFTEN, WELL = "a first end", "it ends again", "it has ended often", "it had run well"
ZERO = "it ends well each time"


class Run(NamedTuple):
    """What a program does, once it has been started."""

    seconds: float
    code: int


class End(NamedTuple):
    """A container has ended: what the kubelet knew, and what it did. `pause`: seconds; None: it was left alone."""

    code: int
    crashes: int
    ran: float
    pause: float | None


def _histories() -> Iterator[tuple[str, str, tuple[Run, ...]]]:
    """(kind, restart policy, what it does in each of its runs)"""
    for policy in POLICIES:
        for code in (0, 1):
            yield FIRST, policy, (Run(5, code),)
    yield AGAIN, "Always", (Run(5, 1),) * 4
    yield AGAIN, "OnFailure", (Run(5, 137), Run(2, 1), Run(7, 0))
    yield ZERO, "Always", (Run(5, 0),) * 4
    yield OFTEN, "Always", (Run(3, 1),) * 9
    yield WELL, "Always", (*(Run(5, 1),) * 4, Run(FORGIVEN_AFTER + 60, 1), Run(5, 1), Run(5, 1))
    yield from (("histories at random", *_at_random(number)) for number in range(20))


def _at_random(number: int) -> tuple[str, tuple[Run, ...]]:
    dice = Dice(number)
    lengths = (2, 5, 30, 601)
    runs = [
        Run(lengths[dice.below(4, "long", i)], (0, 1, 1, 137)[dice.below(4, "code", i)])
        for i in range(dice.below(4, "runs") + 2)
    ]
    return POLICIES[(0, 0, 1, 2)[dice.below(4, "policy")]], tuple(runs)


# --- what the kubelet does ---------------------------------------------------------------------


@lru_cache(256)
def ends(policy: str, runs: tuple[Run, ...]) -> tuple[End, ...]:
    """Every end of a container that does this, on a machine of its own."""
    sim, found, crashes = _started(policy, runs[0]), list[End](), 0
    for i, run in enumerate(runs):
        sim.run(until=lambda sim: "running" not in _state(sim))
        ended, following = sim.now, runs[min(i + 1, len(runs) - 1)]
        sim.client.patch("pods", "default/p", patch={"metadata": {"annotations": _knobs(following)}})
        sim.run(until=lambda sim: "running" in _state(sim) or _over(sim))
        pause = None if _over(sim) else _pause(sim, ended)
        found.append(End(run.code, crashes, run.seconds, pause))
        if pause is None:
            break
        crashes = 1 if run.seconds > FORGIVEN_AFTER else crashes + 1
    return tuple(found)


def _started(policy: str, run: Run) -> Simulation:
    made = pod("p", program("unknown"), restartPolicy=policy)
    made["metadata"]["annotations"] = _knobs(run)
    sim = only_a_node(made)
    sim.run(until=lambda sim: "running" in _state(sim))
    return sim


def _knobs(run: Run) -> dict[str, str]:
    return {"fake/exit": str(run.code), "fake/runs-for": f"{run.seconds:g}"}


def _status(sim: Simulation) -> Object:
    found: Object = dig(sim.client.get("pods", "default/p"), "status")
    return found


def _state(sim: Simulation) -> Object:
    found = dig(_status(sim), "containerStatuses", default=[])
    return dict(found[0]["state"]) if found else {}


def _over(sim: Simulation) -> bool:
    return _status(sim)["phase"] in ("Succeeded", "Failed")


def _pause(sim: Simulation, ended: float) -> float:
    """Half a second of it is the work of starting: that is no pause."""
    waited = round(sim.now - ended, 3)
    return 0.0 if waited < 1 else waited


# --- the drill ---------------------------------------------------------------------------------


def _play(policy: str, lived: tuple[End, ...], scene: Scene, decide: Any) -> None:
    if all(decide("Always", code, 0, 5.0) is None for code in (0, 1)):
        raise Unsolved
    scene.tell(f"a container with restartPolicy {policy}")
    for end in lived:
        scene.tell(f"it ran for {end.ran:g} s and ended with {end.code}; crashes so far: {end.crashes}")
        found = decide(policy, end.code, end.crashes, end.ran)
        scene.tell(f"you: {_words(found)}; the kubelet: {_words(end.pause)}")
        _judge(scene, policy, end, found)


def _judge(scene: Scene, policy: str, end: End, found: Any) -> None:
    said = (
        f"restartPolicy {policy}, exit code {end.code}, {end.crashes} crashes so far, ran for {end.ran:g} s"
    )
    if end.pause is None:
        scene.demand(found is None, STAYS, f"{said}: you start it again", f"{policy} {bool(end.code)}")
        return
    scene.demand(found is not None, COMES, f"{said}: you leave it alone", f"{policy} {bool(end.code)}")
    right = isinstance(found, (int, float)) and found == end.pause
    scene.demand(right, PAUSE, f"{said}: you wait {found!r} s, the kubelet {end.pause:g} s", _about(end))


def _about(end: End) -> str:
    """What somebody has not thought of who is wrong about this end."""
    if end.ran > FORGIVEN_AFTER:
        return "long"
    if end.crashes == 0:
        return "first"
    return "zero" if not end.code else "capped" if end.pause == LONG else "growing"


def _words(pause: Any) -> str:
    if pause is None:
        return "left alone"
    return "started at once" if pause == 0 else f"started after {pause} s"


def _cases() -> Iterator[Case]:
    for kind, policy, runs in _histories():
        yield Case(kind, partial(_play, policy, ends(policy, runs)))


def _told(name: str, promise: Promise, *facts: str) -> Any:
    return WORDS["10.1"].diagnosis(name, promise.name, evidence=noted(*facts))


RESTART = Drill(
    "10.1",
    WORDS["10.1"],
    _cases,
    [STAYS, COMES, PAUSE],
    [
        _told("never means perhaps", STAYS, "Never True", "Never False"),
        _told("success is no end", STAYS, "OnFailure False"),
        _told("success is an end", COMES, "Always False"),
        _told("gives up", COMES, "Always True", "OnFailure True"),
        _told("waits at once", PAUSE, "first"),
        _told("forgives nothing", PAUSE, "long"),
        _told("only failures are backed off from", PAUSE, "zero"),
        _told("waits for ever longer", PAUSE, "capped"),
        _told("does not double", PAUSE, "growing"),
    ],
)
