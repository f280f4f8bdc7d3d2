"""Exercise 09.2: a plugin that packs tightly, tried in many clusters among the filters of the scheduler itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from k8slearn.api.objects import name_of
from k8slearn.lab.drill import A_CLASS, Case, Drill, Promise, Scene, Unsolved
from k8slearn.lab.exercises.placing import (
    WORDS,
    World,
    asking,
    at_random,
    cpu,
    machine,
    on,
    ranked,
    tell,
    told,
)
from k8slearn.scheduler import DEFAULT_PLUGINS
from k8slearn.scheduler.framework import PluginFailed

RANGE = Promise("every score is between 0 and 100")
OPINION = Promise("it refuses no node")
PACKS = Promise("the fullest node wins")


def _packed() -> Iterator[tuple[str, World]]:
    small, big = machine("small", 2), machine("big", 8)
    a, b = machine("a"), machine("b")
    idle = {"a": 0, "b": 0, "small": 0, "big": 0}
    yield "one of two is in use", (asking(), [a, b], [on("a", "p", "2")], idle)
    yield (
        "big and small nodes",
        (asking(), [small, big], [on("small", "p", "500m"), on("big", "q", "1")], idle),
    )
    yield "its own request", (asking(), [small, big], [on("small", "p", "900m"), on("big", "q", "4")], idle)
    many = [on("a", f"p{i}", "100m") for i in range(5)]
    yield "many small pods", (asking(), [a, b], [*many, on("b", "q", "2")], idle)
    for number in range(100):
        world = at_random(number)
        if all(_requested(world, name) <= room for name, room in _capacity(world).items()):
            yield "clusters at random", world


def _capacity(world: World) -> dict[str, int]:
    """node -> its cpu, in thousandths"""
    return {name_of(n): 1000 * int(n["status"]["allocatable"]["cpu"]) for n in world[1]}


def _packs(kind: str, world: World, scene: Scene, plugin: Any) -> None:
    tell(scene, world)
    filters = [p for p in DEFAULT_PLUGINS if hasattr(p, "filter")]
    pure = [_OnlyFilters(p) if hasattr(p, "score") else p for p in filters if p.name not in STATEFUL]
    truth = ranked(world, pure).total
    try:
        found = ranked(world, [*pure, plugin()])
    except PluginFailed as failure:
        if "invalid score" not in str(failure):
            raise
        scene.demand(False, RANGE, str(failure))
    lost = sorted(set(truth) - set(found.total))
    scene.demand(not lost, OPINION, f"the scheduler may no longer use {lost}")
    scores = next(iter(found.columns.values())).raw if found.columns else {}
    if truth and all(score is None for score in scores.values()):
        raise Unsolved
    room = _capacity(world)
    after = {name: 100 * (_requested(world, name) + cpu(world[0])) // room[name] for name in truth}
    best = [name for name in after if after[name] == max(after.values())]
    winners = found.winners() if truth else []
    scores_said = ", ".join(f"{name} {scores[name]}" for name in sorted(scores))
    full = ", ".join(f"{name} {after[name]} %" for name in sorted(after))
    words = f"with the pod they would be this full: {full}; your scores: {scores_said}"
    scene.demand(set(winners) <= set(best), PACKS, words, kind)


STATEFUL = (
    "PodTopologySpread",
    "InterPodAffinity",
    "VolumeBinding",
    "VolumeRestrictions",
    "VolumeZone",
    "NodeVolumeLimits",
)


class _OnlyFilters:
    """A plugin that keeps its opinion to itself."""

    def __init__(self, plugin: Any) -> None:
        self.name, self.filter = plugin.name, plugin.filter


def _requested(world: World, name: str) -> int:
    return sum(
        cpu(p) for p in world[2] if p["spec"]["nodeName"] == name and p["status"]["phase"] == "Running"
    )


def _pack_cases() -> Iterator[Case]:
    for kind, world in _packed():
        yield Case(kind, partial(_packs, kind, world))


PACK = Drill(
    "09.2",
    WORDS["09.2"],
    _pack_cases,
    [RANGE, OPINION, PACKS],
    [
        WORDS["09.2"].diagnosis("forgets the scale", RANGE.name),
        WORDS["09.2"].diagnosis("filters", OPINION.name),
        *told(
            "09.2",
            PACKS,
            spreads="one of two is in use",
            counts_cpus_and_not_parts="big and small nodes",
            forgets_the_pod_itself="its own request",
            counts_pods="many small pods",
        ),
    ],
    wanted=A_CLASS,
)
