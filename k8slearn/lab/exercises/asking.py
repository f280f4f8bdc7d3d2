"""Exercise 10.2: probes for a program that starts slowly, is busy now and then, and sometimes hangs for good."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import yaml

from k8slearn.api.clock import Dice
from k8slearn.api.errors import ApiError
from k8slearn.api.objects import Object
from k8slearn.lab.drill import A_TEXT, Broken, Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercises.restarting import WORDS
from k8slearn.lab.exercises.teahouse import read
from k8slearn.lab.frames import SimSource
from k8slearn.lab.lanes import BACKS_OFF, ENDED, READY, RUNS, Span, lanes, spans
from k8slearn.lab.onenode import only_a_node, pod, program
from k8slearn.lab.picture import Picture
from k8slearn.sim import Simulation

READS = Promise("the API server accepts a pod with these probes")
CALM = Promise("nothing is restarted needlessly")
HEALS = Promise("every hang ends within 60 seconds")
STARTS = Promise("a start that hangs ends within 180 seconds")
SERVED = Promise("nobody is sent to one that is not ready")

SLOWEST, BUSY, OUT, HEALED, STUCK = 90, 12, 20, 60, 180  # seconds: what the exercise says
KINDS = ("startupProbe", "livenessProbe", "readinessProbe")


class Life(NamedTuple):
    """Seconds since the container's start; 0: never. `busy`: from when on it does not answer for a while."""

    starts_in: float
    hangs: float = 0
    busy: float = 0


def _lives() -> Iterator[tuple[str, Life]]:
    yield "a quick start", Life(5)
    yield "a slow start", Life(SLOWEST)
    yield "busy for a while", Life(20, busy=121)
    yield "a hang", Life(20, hangs=160)
    yield "a hang soon after the start", Life(5, hangs=12)
    yield "a start that hangs", Life(SLOWEST, hangs=3)
    dice = Dice(10)
    for number in range(24):
        starts = 3 + dice.below(SLOWEST - 5, "starts", number)
        later = starts + 20 + dice.below(150, "later", number)
        yield "lives at random", (Life(starts), Life(starts, later), Life(starts, busy=later))[number % 3]


# --- one life -----------------------------------------------------------------------------------


def probes_in(text: str) -> Object:
    """The probes. Unsolved: nothing is there yet. ValueError: it is no mapping of probes."""
    found = read(text)
    if found is None:
        raise Unsolved
    if not isinstance(found, dict) or not set(found) <= set(KINDS):
        raise ValueError(f"expected {', '.join(KINDS)}")
    return found


def live(probes: Object, life: Life) -> Simulation:
    """The program on a machine, asked by these probes, until it must be clear how it goes."""
    settings: dict[str, Any] = {"STARTS_IN": life.starts_in, "HANGS_AFTER": life.hangs or 1_000_000}
    sim = only_a_node(pod("shop", program("hanger", **settings, **probes)))
    sim.run(until=_runs)
    if life.busy:
        sim.advance(life.busy)
        _answers(sim, "all")
        sim.advance(BUSY)
        _answers(sim, None)
    stuck = 0 < life.hangs < life.starts_in
    sim.advance(HEALED if life.busy else max(life.starts_in, life.hangs) + (STUCK if stuck else HEALED) + 20)
    return sim


def _runs(sim: Simulation) -> bool:
    return bool(sim.client.get("pods", "default/shop")["status"]["phase"] == "Running")


def _answers(sim: Simulation, fails: str | None) -> None:
    sim.client.patch(
        "pods", "default/shop", patch={"metadata": {"annotations": {"fake/fails-probes": fails}}}
    )


def tried(text: str, starts_in: float, hangs: float = 0, busy: float = 0) -> Picture | str:
    """How a life goes with these probes, as a lane."""
    try:
        return lanes(live(probes_in(text), Life(starts_in, hangs, busy)), "shop")
    except Unsolved:
        return "not solved yet: fill the hole, and run this cell again."
    except (ApiError, yaml.YAMLError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


# --- the drill ----------------------------------------------------------------------------------


def _play(kind: str, life: Life, scene: Scene, text: str) -> None:
    try:
        probes = probes_in(text)
        scene.facts |= {f"no {each}" for each in KINDS if each not in probes}
        sim = live(probes, life)
    except (ApiError, yaml.YAMLError, ValueError) as error:
        raise Broken(READS, f"{error}") from error
    scene.source, scene.panel = SimSource(sim), "board"
    found = spans(sim, "shop")
    began = next(span.start for span in found if span.state in (RUNS, READY))
    scene.tell(_story(life))
    for span in found:
        scene.tell(f"{span.start - began:+g} s: {span.state}" + f" ({span.why})" * bool(span.why))
    _judge(scene, kind, life, [_since(span, began) for span in found])


def _since(span: Span, began: float) -> Span:
    return span._replace(start=round(span.start - began, 3), end=round(span.end - began, 3))


def _story(life: Life) -> str:
    stuck = 0 < life.hangs < life.starts_in
    said = "it never gets ready: its start hangs" if stuck else f"it answers after {life.starts_in:g} s"
    said += f", and hangs after {life.hangs:g} s" if life.hangs and not stuck else ""
    return said + (f", and is too busy to answer from {life.busy:g} s on, for {BUSY} s" if life.busy else "")


def _judge(scene: Scene, kind: str, life: Life, found: list[Span]) -> None:
    killed = next((span.start for span in found if span.state in (ENDED, BACKS_OFF)), None)
    ready = [span for span in found if span.state == READY and (killed is None or span.start < killed)]
    early = [span for span in ready if span.start < life.starts_in]
    if not life.hangs:
        why = f"it was killed after {killed} s, and nothing was wrong"
        scene.demand(killed is None, CALM, why, "busy" if life.busy else "slow")
    scene.demand(
        not early, SERVED, f"it counts as ready before it answers, which it does after {life.starts_in:g} s"
    )
    if life.hangs:
        _judge_hang(scene, kind, life, killed, ready)


def _judge_hang(scene: Scene, kind: str, life: Life, killed: float | None, ready: list[Span]) -> None:
    stuck = life.hangs < life.starts_in
    promise, most = (STARTS, STUCK) if stuck else (HEALS, HEALED)
    since = 0 if stuck else life.hangs
    late = killed is None or killed > since + most
    said = "is not killed at all" if killed is None else f"ends {killed - since:g} s later"
    scene.demand(not late, promise, f"it hangs, and {said}", kind)
    out = max((span.end for span in ready), default=0.0)
    said = f"it hangs, and people are still sent to it {out - life.hangs:g} s later; {OUT} s are allowed"
    scene.demand(stuck or out <= life.hangs + OUT, SERVED, said)


def _told(name: str, promise: Promise, *facts: str) -> Any:
    if not facts:
        return WORDS["10.2"].diagnosis(name, promise.name)
    return WORDS["10.2"].diagnosis(name, promise.name, evidence=noted(*facts))


ASKING = Drill(
    "10.2",
    WORDS["10.2"],
    lambda: (Case(kind, partial(_play, kind, life)) for kind, life in _lives()),
    [READS, CALM, HEALS, STARTS, SERVED],
    [
        _told("cannot be read", READS),
        _told("kills whoever is busy", CALM, "busy"),
        _told("has no startup probe", CALM, "no startupProbe"),
        _told("gives up too early", CALM, "slow"),
        _told("lets it hang", HEALS, "no livenessProbe"),
        _told("waits a fixed time", HEALS, "a hang soon after the start"),
        _told("is too patient", HEALS),
        _told("lets it start for ever", STARTS),
        _told("has no readiness probe", SERVED, "no readinessProbe"),
        _told("asks too seldom", SERVED),
    ],
    wanted=A_TEXT,
)
