"""Lesson 09, the scheduler: find why a pod waits (09.3), spread over zones (09.4); for the others see the imports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from k8slearn.api.objects import Object
from k8slearn.cluster import Component
from k8slearn.lab.decisions import schedulers
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.exercises.packing import PACK
from k8slearn.lab.exercises.placing import PREDICT
from k8slearn.lab.frames import SimSource
from k8slearn.lab.trays import HOST, ZONE, machines, places, pod, scene, why
from k8slearn.sim import Simulation

WORDS = words_of("lesson09")

# --- 09.3: why it waits ----------------------------------------------------------------------

NAMED = Promise("it names a plugin that keeps the pod waiting")
HELPS = Promise("the change helps: the pod gets a node")

GATE, TAINT = {"name": "example.com/paid"}, {"key": "gpu", "effect": "NoSchedule"}


def _with(**change: Any) -> Any:
    """The same pod, with this changed. Most of a pod cannot be changed, so it is made anew."""

    def made(sim: Simulation, old: Object) -> None:
        sim.client.delete("pods", "default/new", gracePeriodSeconds=0)
        sim.run()
        sim.create({**old, "spec": {**old["spec"], **change}})

    return made


def _evict(sim: Simulation, old: Object) -> None:
    sim.client.delete("pods", "default/tenant", gracePeriodSeconds=0)


def _label(sim: Simulation, old: Object) -> None:
    sim.client.patch("nodes", "a", patch={"metadata": {"labels": {"disk": "ssd"}}})


def _shrink(sim: Simulation, old: Object) -> None:
    _with(containers=pod("new", "1")["spec"]["containers"])(sim, old)


#: What can be done, the smallest change first.
CHANGES = {
    "wait": lambda sim, old: sim.advance(600),
    "remove the gate": _with(schedulingGates=[]),
    "label the node": _label,
    "tolerate the taint": _with(tolerations=[{"key": "gpu", "operator": "Exists"}]),
    "name another scheduler": _with(schedulerName="default-scheduler"),
    "evict somebody": _evict,
    "request less": _shrink,
}


def _waiting() -> Iterator[tuple[str, dict[str, Any], Object, str]]:
    """(kind, machines, the pod, the plugin that keeps it waiting)"""
    tainted = {"cpu": "4", "taints": [TAINT]}
    yield "a gate", {"a": "4"}, pod("new", "1", schedulingGates=[GATE]), "SchedulingGates"
    yield "nobody's pod", {"a": "4"}, pod("new", "1", schedulerName="mine"), ""
    yield "a taint", {"a": tainted}, pod("new", "1"), "TaintToleration"
    yield "a label", {"a": "4"}, pod("new", "1", nodeSelector={"disk": "ssd"}), "NodeAffinity"
    yield "no room now", {"a": "4"}, pod("new", "3"), "NodeResourcesFit"
    yield "no room ever", {"a": "4"}, pod("new", "40"), "NodeResourcesFit"
    yield "one too small, one tainted", {"a": "1", "b": tainted}, pod("new", "3"), "TaintToleration"


def _cure(kind: str, nodes: dict[str, Any], new: Object, plugin: str, stage: Scene, cure: Any) -> None:
    sim = scene(machines(**nodes))
    if len(nodes) == 1 and "taints" not in nodes["a"]:
        sim.create(pod("tenant", "3"))
        sim.run()
    sim.create(new)
    sim.run()
    stage.source, stage.panel = SimSource(sim), "scheduler"
    stage.tell(f"{kind}: {why(sim, 'new') or 'the pod says nothing about it'}")
    decision = next(schedulers(sim)).explain("default/new")
    said = cure(sim.client.get("pods", "default/new"), decision)
    if said is None:
        raise Unsolved
    right = isinstance(said, tuple) and len(said) == 2 and said[1] in CHANGES
    stage.demand(right, HELPS, f"your function says {said!r}, and not (plugin, one of CHANGES)")
    CHANGES[said[1]](sim, new)
    sim.run()
    stage.tell(f"we do it: {said[1]}")
    lazy = "lazy" if said[1] == "wait" else kind
    stage.demand(bool(places(sim)["new"]), HELPS, f"{said[1]}, and the pod still waits", lazy)
    biggest = said[1] == "request less" and kind != "no room ever"
    stage.demand(not biggest, HELPS, "it helps, but a smaller change would have done", "too much", kind)
    stage.demand(
        said[0] == plugin, NAMED, f"it was {plugin or 'no plugin'}, and your function says {said[0]!r}", kind
    )


def _cure_cases() -> Iterator[Case]:
    for case in _waiting():
        yield Case(case[0], partial(_cure, *case))


def _when(exercise: str, **facts: tuple[str, ...]) -> list[Any]:
    return [
        WORDS[exercise].diagnosis(name.replace("_", " "), evidence=noted(*fact))
        for name, fact in facts.items()
    ]


WAITS = Drill(
    "09.3",
    WORDS["09.3"],
    _cure_cases,
    [NAMED, HELPS],
    _when(
        "09.3",
        waits_for_better_times=("lazy",),
        reads_one_line_only=("one too small, one tainted",),
        gives_up_what_was_asked_for=("too much",),
        does_not_see_the_gate=("a gate",),
        looks_for_room_where_nobody_looks=("nobody's pod",),
        throws_out_whoever_is_there=("no room ever",),
        takes_every_refusal_for_room=("a taint", "a label"),
    ),
)

# --- 09.4: over zones ------------------------------------------------------------------------

PLACED = Promise("where there is room, all six pods get a node")
SURVIVES = Promise("whichever zone is lost, at least three of six pods are left, or were not there")


def zones(cpu: str = "8", **counts: int) -> list[Component]:
    """``zones(x=8, y=1)``: so many machines in each zone."""
    return machines(
        **{f"{z}{i}": {"cpu": cpu, "labels": {ZONE: z}} for z, n in counts.items() for i in range(n)}
    )


def _zoned() -> Iterator[tuple[str, list[Component], str, bool]]:
    yield "alike zones", zones(x=2, y=2, z=2), "web", True
    yield "one big zone", zones(x=8, y=1, z=1), "web", True
    yield "another app", zones(x=8, y=1, z=1), "shop", True
    yield "two small zones", [*zones(x=4), *zones("1", y=1, z=1)], "web", False


def _spread(kind: str, nodes: list[Component], app: str, roomy: bool, stage: Scene, spread: Any) -> None:
    said = spread(app)
    if said is None:
        raise Unsolved
    stage.facts |= _noticed(said, app)
    sim = scene(nodes)
    stage.source, stage.panel = SimSource(sim), "scheduler"
    sim.create([pod(f"{app}-{i}", "1", labels={"app": app}, **said) for i in range(6)])
    sim.run()
    found = Counter(node[0] for node in places(sim).values() if node)
    stage.tell(
        f"{kind}: " + ", ".join(f"{found[z]} in zone {z}" for z in "xyz") + f", {6 - found.total()} wait"
    )
    worst, most = max("xyz", key=lambda z: found[z]), max(found.values(), default=0)
    stage.demand(most <= 3, SURVIVES, f"zone {worst} burns, and {most} of 6 pods with it")
    stage.demand(
        not roomy or found.total() == 6,
        PLACED,
        f"only {found.total()} of 6 pods got a node, and there was room",
    )


def _noticed(said: Object, app: str) -> set[str]:
    """What stands in it that may explain a failure."""
    facts = {"rigid"} if "affinity" in said else set()
    for each in said.get("topologySpreadConstraints", []):
        facts |= {"host"} if each.get("topologyKey") == HOST else set()
        facts |= {"soft"} if each.get("whenUnsatisfiable") == "ScheduleAnyway" else set()
        facts |= {"stranger"} if each.get("labelSelector") != {"matchLabels": {"app": app}} else set()
        facts |= {"loose"} if each.get("maxSkew", 1) > 1 else set()
    return facts


def _spread_cases() -> Iterator[Case]:
    for case in _zoned():
        yield Case(case[0], partial(_spread, *case))


SPREADS = Drill(
    "09.4",
    WORDS["09.4"],
    _spread_cases,
    [SURVIVES, PLACED],
    _when(
        "09.4",
        takes_machines_for_zones=("host",),
        wishes_instead_of_asking=("soft",),
        counts_somebody_else=("stranger",),
        allows_too_much=("loose",),
        one_for_each_zone_and_no_more=("rigid",),
    ),
)

EXERCISES = (PREDICT, PACK, WAITS, SPREADS)
