"""Many concerts under mishaps: a conductor, who calls everybody's entry, against players who listen. Who ends well?

The same mishaps for all, by the luck of a seed: a write is refused, its answer is lost, or the process dies after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object, dig, edit, name_of, namespace_of, owner_reference
from k8slearn.cluster import Cluster, Component
from k8slearn.controllers import pods
from k8slearn.lab.palette import INK, PAPER, QUIET, room, tint
from k8slearn.lab.picture import Picture
from k8slearn.sim import Simulation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MISHAPS = ("refuse", "lose", "crash_after")
FIRST = 5  # a mishap strikes one of a player's first writes
RIGHT, FEW, MANY = "as many pods as wanted run", "too few", "too many"
Tally = Counter[str]  # outcome -> concerts


# --- what a conductor needs to know ----------------------------------------------------------


def replicaset_for(deployment: Object) -> Object:
    """A ReplicaSet that belongs to the Deployment and has its name."""
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name_of(deployment),
            "namespace": namespace_of(deployment),
            "labels": dict(deployment["spec"]["template"]["metadata"]["labels"]),
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {key: edit(deployment["spec"][key]) for key in ("replicas", "selector", "template")},
    }


def pod_for(replicaset: Object) -> Object:
    """A pod that belongs to the ReplicaSet; the API server completes its name."""
    return pods.from_template(replicaset["spec"]["template"], replicaset)


# --- the concerts ----------------------------------------------------------------------------


def concert(band: Sequence[Component], wish: Object, seed: int, mishaps: int = 2) -> Simulation:
    """One evening: these players, a machine that runs what is bound to it, a Deployment; up to `mishaps` mishaps."""
    sim = Simulation(Cluster(1, components=band), seed=seed)
    names = [name for name in sim.manager.players if not name.startswith("kubelet/")]
    dice = Dice(seed)
    for number in range(dice.below(mishaps + 1, "mishaps")):
        mishap = MISHAPS[dice.below(len(MISHAPS), "mishap", number)]
        player = names[dice.below(len(names), "player", number)]
        sim.fault(mishap, player, 1 + dice.below(FIRST, "write", number))
    sim.create(wish)
    sim.run(seconds=120)
    return sim


def outcome(sim: Simulation) -> str:
    """How it has ended: `RIGHT`, `FEW` or `MANY`."""
    wanted = sum(d["spec"]["replicas"] for d in sim.store.list("deployments"))
    there = [p for p in sim.store.list("pods") if not dig(p, "metadata", "deletionTimestamp")]
    if len(there) > wanted:
        return MANY
    return RIGHT if sum(map(pods.is_ready, there)) == wanted else FEW


def concerts(bands: Mapping[str, Sequence[Component]], wish: Object, seeds: int = 50) -> Picture:
    """Every band plays `seeds` evenings. A bar for each, by how they ended."""
    tallies = {
        name: Counter(outcome(concert(band, wish, s)) for s in range(seeds)) for name, band in bands.items()
    }
    return Picture(_draw(tallies), "\n".join(f"{name}: {_words(tally)}" for name, tally in tallies.items()))


def _words(tally: Tally) -> str:
    return ", ".join(f"{tally[end]} of {tally.total()} {end}" for end in (RIGHT, FEW, MANY) if tally[end])


LOOKS = ((RIGHT, "controllers", ""), (FEW, "scheduler", "//"), (MANY, "operator", "xx"))


def _draw(tallies: Mapping[str, Tally]) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    figure = Figure(figsize=(8.8, 1.2 + 0.5 * len(tallies)), facecolor=PAPER)
    axes = figure.add_axes((0.27, 0.3, 0.7, 0.56))
    for row, tally in enumerate(tallies.values()):
        _bar(axes, -row, tally)
    axes.set_yticks([-row for row in range(len(tallies))], list(tallies), color=INK)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("concerts", color=QUIET)
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set_visible(True)
    handles = [Patch(label=end, **_look(where, hatch)) for end, where, hatch in LOOKS]
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, fontsize=8.5
    )
    return figure


def _look(where: str, hatch: str) -> dict[str, Any]:
    colour = room(where).colour
    return {"facecolor": tint(colour, 0.45), "edgecolor": colour, "hatch": hatch}


def _bar(axes: Axes, y: int, tally: Tally) -> None:
    """The endings one after the other, each with its number."""
    left = 0
    for end, where, hatch in LOOKS:
        if count := tally[end]:
            axes.barh(y, count, left=left, height=0.62, **_look(where, hatch))
            words: dict[str, Any] = {"ha": "center", "va": "center", "weight": "bold"}
            axes.text(left + count / 2, y, str(count), color=INK, **words)
        left += count


def histogram(numbers: Sequence[int], what: str, of: str) -> Picture:
    """How many `of` something needed how much of `what`."""
    low, high = min(numbers), max(numbers)
    words = f"{len(numbers)} {of}: from {low} to {high} {what}"
    return Picture(_draw_histogram(Counter(numbers), what, of), words)


def _draw_histogram(tally: Counter[int], what: str, of: str) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    colour = room("controllers").colour
    figure = Figure(figsize=(8.5, 2.8), facecolor=PAPER)
    axes = figure.add_axes((0.08, 0.2, 0.88, 0.74))
    axes.bar(list(tally), list(tally.values()), color=tint(colour, 0.45), edgecolor=colour, width=0.9)
    axes.set_xlabel(what, color=QUIET)
    axes.set_ylabel(of, color=QUIET)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure
