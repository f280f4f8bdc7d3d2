"""Exercise 11.1: a rollout that drops no request. What is missing in a manifest, tried under five hundred a second."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import yaml

from k8slearn.api.errors import ApiError
from k8slearn.api.objects import Object, dig
from k8slearn.lab.drill import A_TEXT, Broken, Case, Drill, Promise, Scene, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.exercises.shop import RATE, SHOP, Closed, opened, renewed
from k8slearn.lab.exercises.teahouse import read
from k8slearn.lab.frames import SimSource
from k8slearn.lab.traffic import SHOPPERS, total
from k8slearn.sim import Simulation
from k8slearn.traffic.tally import REFUSED, RESET, TIMED_OUT, words

WORDS = words_of("lesson11")

ACCEPTED = Promise("the API server accepts it, and it changes nothing else")
READY = Promise("the shop opens, and the rollout gets to its end")
NONE_LOST = Promise("no request is lost")

OTHER = "it is another shop now: the program, its size or its number has changed"
#: a part of the API server's message -> what somebody has not thought of
REFUSALS = {"may not be 0 when": "neither up nor down", "preStop.sleep: Invalid value": "longer than it may"}
SEEDS = ((0, 1.0), (1, 1.0), (2, 2.0))  # and how old the routers' tables may be


def _cases() -> Iterator[Case]:
    for seed, lag in SEEDS:
        kind = f"five hundred a second, tables up to {lag:g} s old"
        yield Case(kind, partial(_play, seed, lag))


def _play(seed: int, lag: float, scene: Scene, text: str) -> None:
    change = _read(scene, text)
    scene.tell(f"twelve pods, {RATE} requests a second, routers that write their tables every {lag:g} s")
    try:
        sim = opened(change, seed=seed, lag=lag)
        web = sim.client.get("deployments", "default/web")
        scene.demand(_same(web), ACCEPTED, OTHER, "another shop")
        renewed(sim)
    except ApiError as error:
        facts = [fact for part, fact in REFUSALS.items() if part in error.message]
        raise Broken(ACCEPTED, error.message, *(facts or ["refused"])) from None
    except Closed as stuck:
        scene.tell(str(stuck))
        _show(scene, stuck.sim)
        raise Broken(READY, str(stuck), *_obstacles(stuck.sim)) from None
    seen = total(sim)
    scene.tell(f"the new image is rolled out: {words(seen)}")
    if seen.lost:
        _show(scene, sim)
    scene.demand(
        not seen.lost, NONE_LOST, f"{seen.lost} of {seen.sent} requests were lost", *_facts(web, seen.errors)
    )


def _read(scene: Scene, text: str) -> Any:
    try:
        change = read(text)
    except yaml.YAMLError as error:
        raise Broken(ACCEPTED, f"this is no YAML: {error}", "no YAML") from None
    scene.demand(
        isinstance(change, dict),
        ACCEPTED,
        "this is no part of a spec: it should be names with values",
        "no YAML",
    )
    return change


def _show(scene: Scene, sim: Simulation) -> None:
    """A replay begins where the first ones were lost."""
    scene.source, scene.panel = SimSource(sim), "traffic"
    if SHOPPERS in sim.world["traffic"].seconds:
        lost = [p.second for p in sim.world["traffic"].series(SHOPPERS) if p.lost]
        sim.goto(next((s.number for s in sim.trace if lost and s.time > lost[0] + 1), len(sim.trace)))


def _container(web: Object) -> Object:
    return next((c for c in web["spec"]["template"]["spec"]["containers"] if c["name"] == "web"), {})


def _same(web: Object) -> bool:
    """What the program is, how much it may use and how often it is there was not to be changed."""
    before, now = _container(SHOP), _container(web)
    alike = all(before[field] == now.get(field) for field in ("image", "env", "resources"))
    alone = len(web["spec"]["template"]["spec"]["containers"]) == 1
    return alike and alone and web["spec"]["replicas"] == SHOP["spec"]["replicas"]


def _obstacles(sim: Simulation) -> Iterator[str]:
    """Why a rollout may not get to its end, besides that nobody becomes ready."""
    if sim.client.get("deployments", "default/web")["spec"].get("paused"):
        yield "paused"
    statuses = (dig(pod, "status", "containerStatuses", default=()) for pod in sim.client.list("pods"))
    if any(status["restartCount"] for each in statuses for status in each):
        yield "started anew"


def _facts(web: Object, errors: dict[str, int]) -> Iterator[str]:
    """What the losses come from: how they look, and what stands in the manifest."""
    container = _container(web)
    if REFUSED in errors:
        asked, waits = "readinessProbe" in container, dig(container, "lifecycle", "preStop")
        if not asked:
            yield "is only asked whether it lives" if "livenessProbe" in container else "nobody asks"
        elif not waits:
            yield "goes at once"
        else:
            yield "goes too soon"
    if RESET in errors:
        yield "killed in the middle"
    if TIMED_OUT in errors:
        yield "too few"


def _told(promise: Promise, **facts: str) -> list[Any]:
    """A diagnosis for each fact."""
    exercise = WORDS["11.1"]
    return [
        exercise.diagnosis(name.replace("_", " "), promise.name, evidence=noted(fact))
        for name, fact in facts.items()
    ]


SMOOTHLY = Drill(
    "11.1",
    WORDS["11.1"],
    _cases,
    [ACCEPTED, READY, NONE_LOST],
    [
        *_told(
            ACCEPTED,
            is_no_YAML="no YAML",
            can_go_neither_up_nor_down="neither up nor down",
            waits_longer_than_it_may="longer than it may",
            opens_another_shop="another shop",
            is_refused="refused",
        ),
        *_told(READY, waits_for_a_word="paused", has_no_patience="started anew"),
        WORDS["11.1"].diagnosis("asks at the wrong door", READY.name),
        *_told(
            NONE_LOST,
            asks_whether_it_lives="is only asked whether it lives",
            sends_people_before_it_opens="nobody asks",
            closes_while_people_come="goes at once",
            closes_too_soon="goes too soon",
            kills_who_is_still_at_work="killed in the middle",
            leaves_too_few_at_work="too few",
        ),
    ],
    wanted=A_TEXT,
)
