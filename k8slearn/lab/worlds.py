"""The same manifest in several places, side by side: cloud A, cloud B, a machine room of one's own.

    worlds = everywhere(objects)
    timeline(worlds)

Nothing here says what differs; it is read off the clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from k8slearn.api.objects import Object, dig
from k8slearn.cluster import Cluster
from k8slearn.controllers.pods import is_ready
from k8slearn.lab.palette import INK, PAPER, room
from k8slearn.lab.picture import Picture
from k8slearn.operators.conditions import condition
from k8slearn.sim import Simulation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLACES = {"cloud A": "a", "cloud B": "b", "machine room": "on-premise"}
PATIENCE = 120.0  # virtual seconds

Moments = dict[str, float]  # what had come true -> after how many virtual seconds


def everywhere(objects: Iterable[Object], machines: int = 3) -> dict[str, Simulation]:
    """Each place with these objects, as soon as they are available there, or when there is no hope any more."""
    wanted = list(objects)
    return {name: place(cloud, wanted, machines) for name, cloud in PLACES.items()}


def place(cloud: str, objects: Iterable[Object], machines: int = 3) -> Simulation:
    sim = Simulation(Cluster(machines, cloud=cloud))
    sim.create(objects)
    sim.run(is_available, seconds=PATIENCE)
    return sim


def is_available(sim: Simulation) -> bool:
    """Is every Deployment available, every claim bound, and has every load balancer an address?"""
    return all(is_so(obj) for resource, is_so in WISHES.items() for obj in sim.store.list(resource))


def _answers(deployment: Object) -> bool:
    said = condition(deployment, "Available")
    seen = dig(deployment, "status", "observedGeneration") == deployment["metadata"]["generation"]
    return seen and said is not None and said["status"] == "True"


def _is_bound(claim: Object) -> bool:
    return bool(dig(claim, "status", "phase") == "Bound")


def _has_address(service: Object) -> bool:
    is_outside = service["spec"].get("type") == "LoadBalancer"
    return not is_outside or bool(dig(service, "status", "loadBalancer", "ingress"))


WISHES: dict[str, Callable[[Object], bool]] = {
    "persistentvolumeclaims": _is_bound,
    "deployments": _answers,
    "services": _has_address,
}


def hindrance(sim: Simulation) -> str:
    """What the cluster itself says about why it is not available: the first sentence of a warning. "" if it is."""
    if is_available(sim):
        return ""
    warnings = [e for e in sim.store.list("events") if e["type"] == "Warning"]
    for kind in ("PersistentVolumeClaim", "Pod", "Service"):  # the cause before what follows from it
        found = [e for e in warnings if e["involvedObject"]["kind"] == kind]
        if found:
            return str(max(found, key=lambda e: e["lastTimestamp"])["message"]).partition(". ")[0]
    return "nobody says why"


def bill(sim: Simulation) -> float:
    """What the machines cost that are there or on their way, per hour."""
    machines = sim.world["machines"]
    return round(sum(row["price"] * len(machines.list(name)) for name, row in machines.get().items()), 2)


# --- when what came true ---------------------------------------------------------------------

MOMENTS: dict[str, tuple[str, Callable[[Object], bool]]] = {
    "a node": ("pods", lambda pod: bool(pod["spec"].get("nodeName"))),
    "a disk": ("persistentvolumeclaims", _is_bound),
    "it runs": ("pods", is_ready),
    "an address": ("services", lambda service: bool(dig(service, "status", "loadBalancer", "ingress"))),
}


def moments(sim: Simulation) -> Moments:
    """When each came true for the first time, read off the store's log. What never did is not in it."""
    found: Moments = {}
    for entry in sim.store.log:
        for name, (resource, is_so) in MOMENTS.items():
            if name not in found and entry.resource == resource and is_so(entry.object):
                step = sim.trace.writer.get(entry.revision)
                found[name] = sim.trace[step].time if step else 0.0
    return {name: found[name] for name in MOMENTS if name in found}


def timeline(worlds: Mapping[str, Simulation]) -> Picture:
    """For each place, a bar for each thing, as long as it took until it came true."""
    rows = {name: moments(sim) for name, sim in worlds.items()}
    lines = [f"{name}: {_words(row)}" for name, row in rows.items()]
    return Picture(_draw(rows), "\n".join(lines))


def _words(row: Moments) -> str:
    return ", ".join(f"{what} after {seconds:.3g} s" for what, seconds in row.items())


COLOURS = dict(zip(MOMENTS, ("scheduler", "store", "node", "apiserver"), strict=True))
GAP = 1.2  # between two places, in bars


def _draw(rows: Mapping[str, Moments]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 0.8 + 1.05 * len(rows)), facecolor=PAPER)
    axes = figure.add_axes((0.16, 0.17, 0.72, 0.8))
    middles = []
    for number, row in enumerate(rows.values()):
        top = number * (len(MOMENTS) + GAP)
        middles.append(top + (len(MOMENTS) - 1) / 2)
        for line, (what, seconds) in enumerate(row.items()):
            _bar(axes, top + line, what, seconds)
    axes.set_yticks(middles, list(rows), fontsize=11)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("virtual seconds since the manifest was sent")
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure


def _bar(axes: Axes, height: float, what: str, seconds: float) -> None:
    axes.barh(height, seconds, height=0.62, color=room(COLOURS[what]).colour)
    look: dict[str, Any] = {"textcoords": "offset points", "color": INK, "fontsize": 9, "va": "center"}
    axes.annotate(f"{what}  {seconds:.3g} s", (seconds, height), (5, 0), annotation_clip=False, **look)
