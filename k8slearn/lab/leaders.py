"""Who leads, and who works: several replicas of one controller over time, a lane for each.

Read off what was recorded: the Lease in the store's log says who held it until when, the trace who wrote something.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from k8slearn.api.objects import Key, dig
from k8slearn.lab import story
from k8slearn.lab.palette import HIGHLIGHT, INK, PAPER, QUIET, room
from k8slearn.lab.picture import Picture
from k8slearn.sim import Simulation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEASES = "leases"


class Reign(NamedTuple):
    """One replica holds the Lease, from its first to its last renewal (virtual seconds)."""

    player: str
    start: float
    end: float


def leaders(sim: Simulation, *players: str, lease: Key) -> Picture:
    """A lane for each of the replicas called `players`. `lease`: namespace/name of what they have in common."""
    held = list(reigns(sim, players, lease))
    works = {p: [s.time for s in sim.trace.of(p) if _works(s)] for p in players}
    struck = [(s.time, s.key, s.action.replace("_", " ")) for s in sim.trace.of("fault")]
    return Picture(_draw(sim, held, works, struck), "\n".join(_words(sim, held, works, struck)))


def reigns(sim: Simulation, players: tuple[str, ...], lease: Key) -> Iterator[Reign]:
    """Who held the Lease, one after the other."""
    now: Reign | None = None
    for entry in sim.store.log:
        if (entry.resource, entry.key) != (LEASES, lease):
            continue
        identity, step = (
            dig(entry.object, "spec", "holderIdentity", default=""),
            sim.trace.writer.get(entry.revision),
        )
        who, when = identity.partition("_")[0], sim.trace[step].time if step else 0.0
        if now is not None and now.player == who:
            now = now._replace(end=when)
            continue
        if now is not None:
            yield now
        now = Reign(who, when, when) if who in players else None
    if now is not None:
        yield now


def _works(step: object) -> bool:
    """Has it changed something besides the Lease, and besides notes for people?"""
    calls = (c for c in step.calls if c.took_effect)  # type: ignore[attr-defined]
    return any(c.resource not in (LEASES, story.NOTES) for c in calls)


def _words(
    sim: Simulation, held: list[Reign], works: dict[str, list[float]], struck: list[tuple[float, str, str]]
) -> Iterator[str]:
    for player, times in works.items():
        spans = [f"{r.start:g} s to {r.end:g} s" for r in held if r.player == player]
        led = f"holds the Lease from {', and from '.join(spans)}" if spans else "never holds the Lease"
        at = ", ".join(f"{t:g} s" for t in dict.fromkeys(times))
        yield f"{player}: {led}; {f'works at {at}' if at else 'does not work'}"
    for before, after in pairwise(held):
        yield f"nobody renews it between {before.end:g} s and {after.start:g} s"
    for when, whom, what in struck:
        yield f"at {when:g} s: {whom} {what}"


def _draw(
    sim: Simulation, held: list[Reign], works: dict[str, list[float]], struck: list[tuple[float, str, str]]
) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 1.2 + 0.6 * len(works)), facecolor=PAPER)
    axes = figure.add_axes((0.2, 0.3, 0.77, 0.64))
    lanes = {player: -i for i, player in enumerate(works)}
    for before, after in pairwise(held):
        axes.axvspan(before.end, after.start, color=HIGHLIGHT, alpha=0.35, linewidth=0)
        axes.text((before.end + after.start) / 2, 0.52, "nobody renews it", ha="center", color=QUIET, size=9)
    for player, lane in lanes.items():
        _lane(axes, lane, [r for r in held if r.player == player], works[player], sim.now)
        for when, _, what in (s for s in struck if s[1] == player):
            axes.plot(when, lane, "X", color=INK, markersize=9)
            axes.annotate(
                what, (when, lane), (0, -16), textcoords="offset points", ha="center", color=INK, size=9
            )
    axes.set(xlim=(-0.5, sim.now + 0.5), ylim=(-len(works) + 0.35, 0.75), xlabel="virtual seconds")
    axes.set_yticks(list(lanes.values()), list(lanes))
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    return figure


def _lane(axes: Axes, lane: int, held: list[Reign], works: list[float], end: float) -> None:
    """A thin line while it waits, a bar while it holds the Lease, a dot where it works."""
    paint = room("operator").colour
    axes.plot([0, end], [lane, lane], color=QUIET, linewidth=1, linestyle=(0, (1, 3)), zorder=1)
    for reign in held:
        axes.plot(
            [reign.start, reign.end], [lane, lane], color=paint, linewidth=9, solid_capstyle="butt", zorder=2
        )
    axes.plot(works, [lane] * len(works), "o", color=INK, markersize=6, zorder=3)
