"""Where a world stands still when somebody is missing: `standstill({"without the scheduler": how_far(sim), ...})`.

Only the store is asked; what a player knows or plans does not count. Which machines are lost is a fact outside of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from k8slearn.api.objects import Object, dig, name_of, owners_of, uid_of
from k8slearn.controllers.pods import is_ready
from k8slearn.lab.palette import INK, PAPER, QUIET, room
from k8slearn.lab.picture import Picture
from k8slearn.sim import Simulation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: What is to be seen -> is it there? In the order in which it comes about.
Stages = Mapping[str, Callable[[Simulation], bool]]


def _pods(sim: Simulation) -> list[Object]:
    return sim.store.list("pods")


def _every_pod(sim: Simulation, holds: Callable[[Object], bool]) -> bool:
    return bool(_pods(sim)) and all(holds(pod) for pod in _pods(sim))


def _enough_pods(sim: Simulation) -> bool:
    wanted = sum(d["spec"]["replicas"] for d in sim.store.list("deployments"))
    return len(_pods(sim)) >= wanted > 0


def _addresses(sim: Simulation) -> bool:
    slices = sim.store.list("endpointslices")
    return any(dig(e, "conditions", "ready") for s in slices for e in s.get("endpoints") or ())


def _told(sim: Simulation) -> bool:
    return all(
        dig(d, "status", "readyReplicas") == d["spec"]["replicas"] for d in sim.store.list("deployments")
    )


GOOD_DAY: Stages = {
    "Deployment\nstored": lambda sim: bool(sim.store.list("deployments")),
    "a Replica-\nSet for it": lambda sim: bool(sim.store.list("replicasets")),
    "pods\nstored": _enough_pods,
    "a node\nfor each": lambda sim: _every_pod(sim, lambda pod: bool(pod["spec"].get("nodeName"))),
    "all are\nready": lambda sim: _every_pod(sim, is_ready),
    "Deployment\nsays so": _told,
    "Service has\naddresses": _addresses,
}


def _moved(sim: Simulation) -> bool:
    """Are there as many pods as wanted that nobody has told to go, on machines that are not cut off?"""
    alive = {name_of(n) for n in sim.store.list("nodes") if not sim.wires[f"kubelet/{name_of(n)}"].faults.cut}
    fit = [
        p
        for p in _pods(sim)
        if p["spec"].get("nodeName") in alive and not dig(p, "metadata", "deletionTimestamp")
    ]
    return len(fit) >= sum(d["spec"]["replicas"] for d in sim.store.list("deployments"))


def _no_ghosts(sim: Simulation) -> bool:
    """Is there no pod on a machine that is gone?"""
    nodes = {name_of(n) for n in sim.store.list("nodes")}
    return all(pod["spec"].get("nodeName", "") in {*nodes, ""} for pod in _pods(sim))


def _no_orphans(sim: Simulation) -> bool:
    there = {uid_of(o) for resource in ("deployments", "replicasets") for o in sim.store.list(resource)}
    left = [*sim.store.list("replicasets"), *_pods(sim)]
    return all(owner["uid"] in there for obj in left for owner in owners_of(obj))


def _no_guests(sim: Simulation) -> bool:
    return not any(dig(n, "metadata", "deletionTimestamp") for n in sim.store.list("namespaces"))


BAD_DAY: Stages = {
    "pods made\nelsewhere": _moved,
    "no pod on a\nlost machine": _no_ghosts,
    "children went\nwith their owner": _no_orphans,
    "namespace\nis gone": _no_guests,
}


def standstill(reached: Mapping[str, Mapping[str, bool]]) -> Picture:
    """A line for each world, a dot for each stage that it has reached. Read `how_far` first."""
    return Picture(_draw(reached), "\n".join(f"{name}: {_words(stages)}" for name, stages in reached.items()))


def how_far(sim: Simulation, stages: Stages = GOOD_DAY) -> dict[str, bool]:
    """Stage -> has this world reached it?"""
    return {stage: holds(sim) for stage, holds in stages.items()}


def _words(stages: Mapping[str, bool]) -> str:
    missing = [_plain(stage) for stage, reached in stages.items() if not reached]
    return f"all is there but: {', '.join(missing)}" if missing else "all is there"


def _plain(stage: str) -> str:
    return stage.replace("-\n", "").replace("\n", " ")


def _draw(reached: Mapping[str, Mapping[str, bool]]) -> Figure:
    from matplotlib.figure import Figure

    stages = list(next(iter(reached.values())))
    figure = Figure(figsize=(9, 0.9 + 0.36 * len(reached)), facecolor=PAPER)
    axes = figure.add_axes((0.31, 0.02, 0.67, 0.94 - 0.52 / (0.9 + 0.36 * len(reached))))
    colour, lost = room("controllers").colour, room("operator").colour
    for row, (name, found) in enumerate(reached.items()):
        come = len(list(takewhile(bool, found.values())))
        axes.plot([0, max(come - 1, 0)], [-row, -row], color=colour, linewidth=2.4, zorder=2)
        for x, stage in enumerate(stages):
            dot = {"color": colour, "marker": "o", "markersize": 11}
            cross = {"color": lost, "marker": "x", "markersize": 9, "markeredgewidth": 2.2}
            look: dict[str, Any] = dot if found[stage] else cross
            axes.plot(x, -row, linestyle="", zorder=3, **look)
        axes.text(-0.45, -row, name, ha="right", va="center", fontsize=10, color=INK)
    for x, stage in enumerate(stages):
        axes.text(x, 0.62, stage, ha="center", va="bottom", fontsize=8.5, color=QUIET)
    axes.set(xlim=(-0.4, len(stages) - 0.6), ylim=(0.55 - len(reached), 0.55))
    axes.set_axis_off()
    return figure
