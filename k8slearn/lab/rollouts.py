"""A rollout as a picture: old pods, new pods and those that are ready, between the two bounds; several worlds at once.

    rollouts({"careful": sim, "quick": other}, "default/shop", since=10)

Everything is read off the store's log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from k8slearn.api.objects import (
    Key,
    Object,
    annotations_of,
    dig,
    is_controlled_by,
    is_deleting,
    owners_of,
    uid_of,
)
from k8slearn.controllers import rollout
from k8slearn.lab.palette import INK, PAPER, room, tint
from k8slearn.lab.picture import Picture
from k8slearn.sim import Simulation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REVISION = "deployment.kubernetes.io/revision"
ABREAST = 2  # pictures in a row


class Moment(NamedTuple):
    """How many pods there are from `time` on (virtual seconds). Those that are being deleted do not count."""

    time: float
    old: int
    new: int
    ready: int

    @property
    def there(self) -> int:
        return self.old + self.new


def moments(sim: Simulation, deployment: Key, since: float = 0.0) -> list[Moment]:
    """One for each change after `since`. New are the pods of the newest ReplicaSet."""
    return list(_moments(sim, deployment, since))


def _moments(sim: Simulation, deployment: Key, since: float) -> Iterator[Moment]:
    sets = _replicasets(sim, deployment)
    newest = sets[-1] if sets else ""
    pods: dict[Key, Object] = {}
    last: Moment | None = None
    for entry in sim.store.log:
        step = sim.trace.writer.get(entry.revision)
        time = sim.trace[step].time if step else 0.0
        if last is not None and time > max(last.time, since):
            yield last
        if entry.resource == "pods" and entry.type == "DELETED":
            pods.pop(entry.key, None)
        elif entry.resource == "pods" and _owner(entry.object) in sets:
            pods[entry.key] = entry.object
        last = _counted(max(time, since), pods.values(), newest)
    if last is not None:
        yield last
        yield last._replace(time=sim.now)


def _replicasets(sim: Simulation, deployment: Key) -> list[str]:
    """The uids of all that have ever been its ReplicaSets, the newest revision last."""
    owner = sim.store.get("deployments", deployment)
    written = (e.object for e in sim.store.log if e.resource == "replicasets")
    known = {uid_of(rs): rs for rs in written if owner is not None and is_controlled_by(rs, owner)}
    return sorted(known, key=lambda uid: int(annotations_of(known[uid]).get(REVISION, 0)))


def _owner(pod: Object) -> str:
    return next((str(owner["uid"]) for owner in owners_of(pod) if owner.get("controller")), "")


def _counted(time: float, pods: object, newest: str) -> Moment:
    here = [pod for pod in pods if not is_deleting(pod)]  # type: ignore[attr-defined]
    new = sum(_owner(pod) == newest for pod in here)
    return Moment(time, len(here) - new, new, sum(map(_is_ready, here)))


def _is_ready(pod: Object) -> bool:
    conditions = dig(pod, "status", "conditions", default=())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def bounds(deployment: Object) -> tuple[int, int]:
    """(fewest that may be ready, most that may be there): what the strategy promises."""
    wanted = deployment["spec"]["replicas"]
    if rollout.strategy(deployment) == "Recreate":
        return 0, wanted
    return wanted - rollout.unavailable(deployment), wanted + rollout.surge(deployment)


# --- the picture -----------------------------------------------------------------------------


def rollouts(worlds: Mapping[str, Simulation], deployment: Key, since: float = 0.0) -> Picture:
    """A picture for each world, two in a row, on the same axes. `since`: where the time axis begins."""
    told = {name: (moments(sim, deployment, since), _bounds(sim, deployment)) for name, sim in worlds.items()}
    words = [f"{name}: {_words(found, limits)}" for name, (found, limits) in told.items()]
    return Picture(_draw(told, since), "\n".join(words))


def _bounds(sim: Simulation, deployment: Key) -> tuple[int, int]:
    found = sim.store.get("deployments", deployment)
    return bounds(found) if found is not None else (0, 0)


def _words(found: list[Moment], limits: tuple[int, int]) -> str:
    """``at least 3 ready (3 promised), at most 5 there (5 promised), all new after 6 s``"""
    fewest, most = min(m.ready for m in found), max(m.there for m in found)
    end = next((m.time - found[0].time for m in found if not m.old and m.ready == m.new > 0), None)
    done = "not all new yet" if end is None or found[-1].old else f"all new after {end:.3g} s"
    return (
        f"at least {fewest} ready ({limits[0]} promised), at most {most} there ({limits[1]} promised), {done}"
    )


Told = Mapping[str, tuple[list[Moment], tuple[int, int]]]


def _draw(told: Told, since: float) -> Figure:
    from matplotlib.figure import Figure

    rows = -(-len(told) // ABREAST)
    figure = Figure(figsize=(8.5, 2.9 * rows), facecolor=PAPER)
    grid = figure.subplots(rows, ABREAST, sharex=True, sharey=True, squeeze=False)
    panes: list[Axes] = [*grid.flat]
    for spare in panes[len(told) :]:
        spare.axis("off")
    end = max(_last_change(found) for found, _ in told.values()) - since
    for axes, (name, (found, limits)) in zip(panes, told.items(), strict=False):
        axes.set_title(name, color=INK, fontsize=11)
        axes.set_xlim(0, end * 1.25)
        _pane(axes, found, limits, since)
    for axes in grid[:, 0]:
        axes.set_ylabel("pods")
    for axes in grid[-1]:
        axes.set_xlabel("virtual seconds")
    panes[0].set_ylim(0, max(limits[1] for _, limits in told.values()) * 1.15)
    figure.tight_layout()
    return figure


def _last_change(found: list[Moment]) -> float:
    return next((b.time for a, b in pairwise(found[::-1]) if a[1:] != b[1:]), found[-1].time)


def _pane(axes: Axes, found: list[Moment], limits: tuple[int, int], since: float) -> None:
    """The new pods stand on the old ones, so that the edge is how many there are; ready is a line across."""
    from matplotlib.ticker import MaxNLocator

    times = [m.time - since for m in found]
    old, there, ready = ([getattr(m, name) for m in found] for name in ("old", "there", "ready"))
    for colour, low, high in (("controllers", [0] * len(old), old), ("apiserver", old, there)):
        shade = tint(room(colour).colour, 0.4)
        axes.fill_between(times, low, high, color=shade, step="post", linewidth=0)
    axes.step(times, ready, where="post", color=room("node").colour, linewidth=2.6)
    left, right = axes.get_xlim()
    for x, y, words, side in (
        (left, old[0] / 2, " old", "left"),
        (right, found[-1].there / 2, "new ", "right"),
        (left, ready[0], " ready", "left"),
    ):
        axes.text(
            x, y, words, color=INK, fontsize=10, ha=side, va="bottom" if words == " ready" else "center"
        )
    for limit, words in zip(limits, ("fewest ready", "most there"), strict=True):
        axes.axhline(limit, color=INK, linewidth=1, linestyle=(0, (1, 3)))
        axes.text(right, limit, f"{words} ", color=INK, fontsize=9, ha="right", va="bottom")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
