"""Exercises 09.1 and 09.2: which nodes will do, and which of them is best. Compared with the scheduler itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, dig, freeze, name_of
from k8slearn.api.taints import is_tolerated, tolerations_of
from k8slearn.lab.drill import A_CLASS, Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.trays import pod
from k8slearn.scheduler import DEFAULT_PLUGINS, Framework, PodInfo
from k8slearn.scheduler.framework import PluginFailed
from k8slearn.scheduler.handle import Imagined
from k8slearn.scheduler.ranking import Ranking
from k8slearn.scheduler.snapshot import Snapshot

WORDS = words_of("lesson09")

FITS = Promise("it names the nodes that pass the filters")
RANGE = Promise("every score is between 0 and 100")
OPINION = Promise("it refuses no node")
PACKS = Promise("the fullest node wins")

Usage = dict[str, int]  # node -> cpu that is really used, in thousandths
World = tuple[Object, list[Object], list[Object], Usage]


def cpu(pod: Object) -> int:
    """What the pod requests, in thousandths of a cpu."""
    return PodInfo(pod).requests.get("cpu", 0)


def tolerates(pod: Object, taint: Object) -> bool:
    """Is there a toleration for this taint?"""
    return is_tolerated(taint, tolerations_of(pod))


def machine(name: str, cpu: int = 4, labels: dict[str, str] | None = None, *taints: str) -> Object:
    """Taints are written ``gpu:NoSchedule``."""
    parts = [taint.split(":") for taint in taints]
    spec: Object = {"taints": [{"key": key, "effect": effect} for key, effect in parts]} if parts else {}
    room = {"cpu": str(cpu), "memory": "64Gi", "pods": "110"}
    return freeze(
        {"metadata": {"name": name, "labels": labels or {}}, "spec": spec, "status": {"allocatable": room}}
    )


def on(where: str, name: str, cpu: str = "1", phase: str = "Running") -> Object:
    return {**pod(name, cpu, nodeName=where), "status": {"phase": phase}}


PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
SSD = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
LIKES = {"nodeAffinity": {PREFERRED: [{"weight": 50, "preference": SSD}]}}
GPU = [{"key": "gpu", "operator": "Exists"}]


def _asking(cpu: str = "1", **spec: Any) -> Object:
    return freeze(pod("new", cpu, **spec))


def _traps() -> Iterator[tuple[str, World]]:
    """Worlds in which one thing only can go wrong."""
    a, b = machine("a"), machine("b")
    full = [on("a", f"p{i}") for i in range(4)]
    yield "an empty cluster", (_asking(), [a, b], [], {"a": 0, "b": 0})
    yield "requests and usage", (_asking(), [a, b], full, {"a": 100, "b": 4000})
    yield "big and small pods", (_asking(), [a, b], [on("a", "p", "4")], {"a": 4000, "b": 0})
    yield "its own request", (_asking("2"), [a, b], full[:3], {"a": 3000, "b": 0})
    done = [on("a", "p", "4", "Succeeded")]
    yield "finished pods", (_asking(), [a, b], done, {"a": 0, "b": 0})
    hard, soft = machine("a", 4, None, "gpu:NoSchedule"), machine("b", 4, None, "gpu:PreferNoSchedule")
    yield "taints", (_asking(), [hard, b], [], {"a": 0, "b": 0})
    yield "tolerations", (_asking(tolerations=GPU), [hard, b], [], {"a": 0, "b": 0})
    yield "soft taints", (_asking(), [a, soft], [], {"a": 0, "b": 0})
    ssd = machine("a", 4, {"disk": "ssd"})
    yield "preferred affinity", (_asking(affinity=LIKES), [ssd, b], [], {"a": 0, "b": 0})
    yield "node selectors", (_asking(nodeSelector={"disk": "ssd"}), [ssd, b], [], {"a": 0, "b": 0})


def _random(number: int) -> World:
    dice = Dice(number)

    def pick(options: Sequence[Any], *about: Any) -> Any:
        return options[dice.below(len(options), *map(str, about))]

    nodes = []
    for name in "abcde":
        labels = pick([{}, {"disk": "ssd"}, {"disk": "hdd"}], "labels", name)
        taints = pick([(), (), ("gpu:NoSchedule",), ("gpu:PreferNoSchedule",)], "taints", name)
        nodes.append(machine(name, pick([2, 4, 8], "size", name), labels, *taints))
    pods = [
        on(
            pick("abcde", "where", i),
            f"p{i}",
            pick(["", "500m", "1", "2"], "cpu", i),
            pick(["Running"] * 3 + ["Failed"], i),
        )
        for i in range(12)
    ]
    more = pick([{}, {"tolerations": GPU}, {"nodeSelector": {"disk": "ssd"}}, {"affinity": LIKES}], "more")
    used = {name: dice.below(4000, "used", name) for name in "abcde"}
    return _asking(pick(["", "500m", "2", "3"], "new"), **more), nodes, pods, used


def ranked(world: World, plugins: Sequence[Any] = DEFAULT_PLUGINS) -> Ranking:
    """What the scheduler's own plugins say. Raises PluginFailed."""
    new, nodes, pods, _ = world
    snapshot = Snapshot()
    for each in nodes:
        snapshot.set_node(each)
    for each in pods:
        if dig(each, "status", "phase") not in ("Succeeded", "Failed"):
            snapshot.add_pod(PodInfo(each), each["spec"]["nodeName"])
    ranking = Ranking(Framework(plugins), snapshot, Imagined(snapshot))
    ranking.update(PodInfo(new))
    return ranking


def tell(scene: Scene, world: World) -> None:
    new, nodes, pods, usage = world
    for each in nodes:
        name, rest = name_of(each), [each["metadata"]["labels"], each["spec"]]
        there = [
            f"{name_of(p)} {cpu(p)}m {p['status']['phase']}" for p in pods if p["spec"]["nodeName"] == name
        ]
        more = "".join(f" {dict(part)}" for part in rest if part)
        size = f"{each['status']['allocatable']['cpu']} cpus, {usage[name]}m used"
        scene.tell(f"{name}: {size}{more}; {', '.join(there) or 'empty'}")
    asks = {k: v for k, v in new["spec"].items() if k in ("tolerations", "nodeSelector", "affinity")}
    scene.tell(f"a pod that requests {cpu(new)}m {asks or ''}")


def _fits(kind: str, world: World, scene: Scene, fits: Any) -> None:
    tell(scene, world)
    said, truth = fits(*world), sorted(ranked(world).total)
    if said is None:
        raise Unsolved
    right = isinstance(said, list | tuple | set) and sorted(map(str, said)) == truth
    scene.demand(right, FITS, f"{truth} would do, and your function says {said!r}", kind)


def _fit_cases() -> Iterator[Case]:
    for kind, world in _traps():
        yield Case(kind, partial(_fits, kind, world))
    for number in range(150):
        yield Case("clusters at random", partial(_fits, "", _random(number)))


def _told(exercise: str, promise: Promise, **facts: str) -> list[Any]:
    """A diagnosis for each fact."""
    return [
        WORDS[exercise].diagnosis(name.replace("_", " "), promise.name, evidence=noted(fact))
        for name, fact in facts.items()
    ]


PREDICT = Drill(
    "09.1",
    WORDS["09.1"],
    _fit_cases,
    [FITS],
    _told(
        "09.1",
        FITS,
        looks_at_usage="requests and usage",
        counts_pods="big and small pods",
        forgets_the_pod_itself="its own request",
        counts_the_dead="finished pods",
        ignores_taints="taints",
        ignores_tolerations="tolerations",
        takes_a_soft_taint_for_a_law="soft taints",
        takes_preferred_for_required="preferred affinity",
    ),
)

# --- 09.2: a plugin --------------------------------------------------------------------------


def _packed() -> Iterator[tuple[str, World]]:
    small, big = machine("small", 2), machine("big", 8)
    a, b = machine("a"), machine("b")
    idle = {"a": 0, "b": 0, "small": 0, "big": 0}
    yield "one of two is in use", (_asking(), [a, b], [on("a", "p", "2")], idle)
    yield (
        "big and small nodes",
        (_asking(), [small, big], [on("small", "p", "500m"), on("big", "q", "1")], idle),
    )
    yield "its own request", (_asking(), [small, big], [on("small", "p", "900m"), on("big", "q", "4")], idle)
    many = [on("a", f"p{i}", "100m") for i in range(5)]
    yield "many small pods", (_asking(), [a, b], [*many, on("b", "q", "2")], idle)
    for number in range(100):
        world = _random(number)
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
    told = f"with the pod they would be this full: {full}; your scores: {scores_said}"
    scene.demand(set(winners) <= set(best), PACKS, told, kind)


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
        *_told(
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
