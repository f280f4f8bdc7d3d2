"""A workload's size against the load: what was asked of it each second, how many replicas, and who has said so.

    scaling({"by hand": sim, "with an autoscaler": other}, "default/web")

Requests are the people's own count; replicas are read off the store's log, with the hand that wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.api.objects import Key, dig
from k8slearn.lab.palette import INK, PAPER, QUIET, room
from k8slearn.lab.picture import Picture
from k8slearn.lab.traffic import SHOPPERS
from k8slearn.sim import Simulation
from k8slearn.traffic.tally import Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EVERY = 5  # seconds in one point of the load
HANDS = {"client": "you", "horizontal-pod-autoscaler": "the autoscaler"}


class Resize(NamedTuple):
    """From `time` on there should be `replicas`; `by` is who wrote it."""

    time: float
    replicas: int
    by: str


def resizes(sim: Simulation, deployment: Key) -> list[Resize]:
    """The first size and every change, read off the store's log."""
    found: list[Resize] = []
    for entry in sim.store.log:
        step = sim.trace.writer.get(entry.revision)
        size = dig(entry.object, "spec", "replicas")
        if (entry.resource, entry.key) != ("deployments", deployment) or step is None:
            continue
        if not found or found[-1].replicas != size:
            by = sim.trace[step].player
            found.append(Resize(sim.trace[step].time, size, HANDS.get(by, by)))
    return found


def scaling(worlds: Mapping[str, Simulation], deployment: Key, crowd: str = SHOPPERS) -> Picture:
    """For each world: above, what was asked and what was lost; below, how many replicas and who wanted so many."""
    told = {
        name: (sim.world["traffic"].series(crowd, EVERY), resizes(sim, deployment), sim.now)
        for name, sim in worlds.items()
    }
    lines = [f"{name}: {_words(points, sizes)}" for name, (points, sizes, _) in told.items()]
    return Picture(_draw(told), "\n".join(lines))


def _words(points: list[Point], sizes: list[Resize]) -> str:
    """``2 by you at 0 s, 6 by the autoscaler at 105 s; none of 7920 requests lost``"""
    said = ", ".join(f"{size.replicas} by {size.by} at {size.time:.0f} s" for size in sizes)
    return f"{said}; {_lost(points)}"


def _lost(points: list[Point]) -> str:
    lost, sent = sum(p.lost for p in points), sum(p.sent for p in points)
    return f"{lost or 'none'} of {sent} requests lost"


Told = Mapping[str, tuple[list[Point], list[Resize], float]]


def _draw(told: Told) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 3.6 * len(told)), facecolor=PAPER)
    panes: list[Axes] = [
        *figure.subplots(2 * len(told), 1, sharex=True, squeeze=False, height_ratios=(1, 1.1) * len(told))[
            :, 0
        ]
    ]
    for number, (name, (points, sizes, end)) in enumerate(told.items()):
        load, count = panes[2 * number : 2 * number + 2]
        load.set_title(f"{name}: {_lost(points)}", loc="left", fontsize=10, color=INK)
        _load(load, points)
        _sizes(count, sizes, end)
    panes[-1].set_xlabel("virtual seconds")
    figure.tight_layout()
    return figure


def _load(axes: Axes, points: list[Point]) -> None:
    """Answered below, lost on top of it, hatched."""
    seconds = [p.second for p in points]
    good, bad = (
        [value / EVERY for value in values] for values in zip(*((p.ok, p.lost) for p in points), strict=True)
    )
    width: dict[str, Any] = {"width": EVERY, "align": "edge"}
    axes.bar(seconds, good, color=room("controllers").colour, label="answered", **width)
    if any(bad):
        look: dict[str, Any] = {
            "color": room("operator").colour,
            "edgecolor": INK,
            "hatch": "///",
            "linewidth": 0,
        }
        axes.bar(seconds, bad, bottom=good, label="lost", **look, **width)
    axes.set_ylabel("requests a second")
    axes.set_ylim(top=max(map(sum, zip(good, bad, strict=True)), default=1) * 1.25)
    axes.legend(fontsize=8, framealpha=1, loc="upper left", ncols=2)
    _plain(axes)


def _sizes(axes: Axes, sizes: list[Resize], end: float) -> None:
    """Steps; at each one a mark and a number, by whose hand."""
    from matplotlib.ticker import MaxNLocator

    times, numbers = [s.time for s in sizes] + [end], [s.replicas for s in sizes] + [sizes[-1].replicas]
    axes.step(times, numbers, where="post", color=INK, linewidth=2)
    looks = {"you": ("operator", "s"), "the autoscaler": ("apiserver", "o")}
    for hand, (colour, marker) in looks.items():
        mine = [s for s in sizes if s.by == hand]
        paint = room(colour).colour
        axes.plot(
            [s.time for s in mine],
            [s.replicas for s in mine],
            marker,
            color=paint,
            label=f"by {hand}",
            markersize=8,
        )
    for before, size in zip([None, *sizes], sizes, strict=False):
        fell = before is not None and before.replicas > size.replicas  # then its right side is taken
        where = (-13, -4) if fell else (7, 5)
        axes.annotate(str(size.replicas), size[:2], where, textcoords="offset points", fontsize=9, color=INK)
    axes.set_ylabel("replicas")
    axes.set_ylim(0, max(numbers) * 1.6)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=8, framealpha=1, loc="upper left", ncols=2)
    axes.grid(axis="y", color=QUIET, alpha=0.25, linewidth=0.7)
    _plain(axes)


def _plain(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
