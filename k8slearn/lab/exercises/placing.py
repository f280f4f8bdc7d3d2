"""Exercise 09.1: which nodes will do? Compared with the scheduler itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, dig, freeze, name_of
from k8slearn.api.taints import is_tolerated, tolerations_of
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.trays import pod
from k8slearn.scheduler import DEFAULT_PLUGINS, Framework, PodInfo
from k8slearn.scheduler.handle import Imagined
from k8slearn.scheduler.ranking import Ranking
from k8slearn.scheduler.snapshot import Snapshot

WORDS = words_of("lesson09")

FITS = Promise("it names the nodes that pass the filters")

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


def asking(cpu: str = "1", **spec: Any) -> Object:
    return freeze(pod("new", cpu, **spec))


def _traps() -> Iterator[tuple[str, World]]:
    """Worlds in which one thing only can go wrong."""
    a, b = machine("a"), machine("b")
    full = [on("a", f"p{i}") for i in range(4)]
    yield "an empty cluster", (asking(), [a, b], [], {"a": 0, "b": 0})
    yield "requests and usage", (asking(), [a, b], full, {"a": 100, "b": 4000})
    yield "big and small pods", (asking(), [a, b], [on("a", "p", "4")], {"a": 4000, "b": 0})
    yield "its own request", (asking("2"), [a, b], full[:3], {"a": 3000, "b": 0})
    done = [on("a", "p", "4", "Succeeded")]
    yield "finished pods", (asking(), [a, b], done, {"a": 0, "b": 0})
    hard, soft = machine("a", 4, None, "gpu:NoSchedule"), machine("b", 4, None, "gpu:PreferNoSchedule")
    yield "taints", (asking(), [hard, b], [], {"a": 0, "b": 0})
    yield "tolerations", (asking(tolerations=GPU), [hard, b], [], {"a": 0, "b": 0})
    yield "soft taints", (asking(), [a, soft], [], {"a": 0, "b": 0})
    ssd = machine("a", 4, {"disk": "ssd"})
    yield "preferred affinity", (asking(affinity=LIKES), [ssd, b], [], {"a": 0, "b": 0})
    yield "node selectors", (asking(nodeSelector={"disk": "ssd"}), [ssd, b], [], {"a": 0, "b": 0})


def at_random(number: int) -> World:
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
    return asking(pick(["", "500m", "2", "3"], "new"), **more), nodes, pods, used


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
        yield Case("clusters at random", partial(_fits, "", at_random(number)))


def told(exercise: str, promise: Promise, **facts: str) -> list[Any]:
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
    told(
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
