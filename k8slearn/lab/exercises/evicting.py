"""Exercise 10.3: who has to go when memory runs out? A sort key, held against the kubelet's own order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from k8slearn.api.clock import Dice, timestamp
from k8slearn.api.objects import Object
from k8slearn.lab.drill import Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercises.restarting import WORDS
from k8slearn.lab.onenode import pod, program
from k8slearn.node.eviction import Threshold, ranked
from k8slearn.node.life import Run

ORDER = Promise("they go in the kubelet's order")
MEMORY = Threshold("MemoryPressure", "memory", 0)


class Tenant(NamedTuple):
    """A pod on the machine. Memory in Mi."""

    name: str
    requested: int
    used: int
    priority: int = 0
    qos: str = "Burstable"


#: kind -> who is there, in the kubelet's order
SCENES: dict[str, tuple[Tenant, ...]] = {
    "how far above": (Tenant("far", 100, 400), Tenant("near", 100, 200)),
    "priorities": (Tenant("humble", 100, 200), Tenant("proud", 100, 200, 1000)),
    "within the request": (Tenant("small", 100, 200), Tenant("honest", 1000, 900)),
    "proud and above": (Tenant("proud", 100, 150, 1000), Tenant("humble", 200, 150)),
    "by how much": (Tenant("big", 500, 700), Tenant("tiny", 10, 50)),
    "humble and near": (Tenant("humble", 100, 150), Tenant("proud", 100, 400, 1000)),
    "classes": (Tenant("greedy", 200, 600), Tenant("guest", 0, 100, qos="BestEffort")),
}


def _scenes() -> Iterator[tuple[str, list[Tenant]]]:
    for kind, tenants in SCENES.items():
        yield kind, list(tenants) if kind == "priorities" else list(reversed(tenants))
    for number in range(200):
        yield "machines at random", _at_random(number)


def _at_random(number: int) -> list[Tenant]:
    """No two are equally far above their requests."""
    dice, found = Dice(number), list[Tenant]()
    for i in range(2 + dice.below(6, "many")):
        used = 10 * (1 + dice.below(90, "used", i)) + i
        kind = dice.below(4, "kind", i)
        asked = (0, used + 50 + 10 * i, 10 * (1 + dice.below(90, "asked", i)), 1 + used // 2)[kind]
        quality = ("BestEffort", "Guaranteed", "Burstable", "Burstable")[kind]
        found.append(Tenant(f"p{i}", asked, used, (0, 0, 100, 1000)[dice.below(4, "priority", i)], quality))
    above = [t.used - t.requested for t in found]
    return [t for i, t in enumerate(found) if above.index(above[i]) == i]


def by_the_rules(tenants: list[Tenant]) -> list[str]:
    """The names in the order in which the kubelet's eviction manager would take them."""
    return [run.latest["metadata"]["name"] for run in ranked(map(_run, tenants), MEMORY, 0.0)]


def _run(tenant: Tenant) -> Run:
    asks = {"memory": f"{tenant.requested}Mi"} if tenant.requested else {}
    eater = program("leaker", MEMORY=f"{tenant.used}Mi", LEAKS=0, resources={"requests": asks})
    made: Object = pod(tenant.name, eater, priority=tenant.priority)
    made["metadata"]["uid"] = tenant.name
    running = {"running": {"startedAt": timestamp(0)}}
    made["status"] = {"phase": "Running", "containerStatuses": [{"name": "app", "state": running}]}
    return Run.of(made)


# --- the drill ----------------------------------------------------------------------------------


def _play(kind: str, tenants: list[Tenant], scene: Scene, key: Any) -> None:
    for t in tenants:
        scene.tell(f"{t.name}: requested {t.requested}Mi, uses {t.used}Mi, priority {t.priority}, {t.qos}")
    if all(key(t) is None for t in tenants):
        raise Unsolved
    mine, rules = [t.name for t in sorted(tenants, key=key)], by_the_rules(tenants)
    scene.demand(
        mine == rules,
        ORDER,
        f"you send them away as {', '.join(mine)}; the kubelet: {', '.join(rules)}",
        kind,
    )


def _told(name: str, *facts: str) -> Any:
    return WORDS["10.3"].diagnosis(name, ORDER.name, evidence=noted(*facts))


EVICTING = Drill(
    "10.3",
    WORDS["10.3"],
    lambda: (Case(kind, partial(_play, kind, tenants)) for kind, tenants in _scenes()),
    [ORDER],
    [
        _told("sends away who is least above", "how far above"),
        _told("sends away the important", "priorities"),
        _told("looks at the use alone", "within the request"),
        _told("looks at the priority first", "proud and above"),
        _told("counts in parts", "by how much"),
        _told("forgets the priority", "humble and near"),
        _told("goes by class", "classes"),
        WORDS["10.3"].diagnosis("nearly", ORDER.name),
    ],
)
