"""Availability as a picture: what came back of the requests of a rollout, done well and done badly.

``figure({"with care": sim, "by mistake": other})`` draws any worlds with people in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from k8slearn.api.objects import Object, edit
from k8slearn.cluster import Cluster
from k8slearn.lab.palette import INK, PAPER, QUIET, room
from k8slearn.lab.picture import Picture
from k8slearn.sim import Simulation
from k8slearn.traffic import ClusterDNS, Traffic, routers
from k8slearn.traffic.tally import Point, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOPPERS = "shoppers"
CALM = 10.0  # virtual seconds before and after


# --- a rollout under load ------------------------------------------------------------------------

#: What makes a rollout lose nothing: it counts as ready when it answers; it is asked to stop only when no router sends
#: it anything any more; it finishes what it has begun.
CARE: Object = {
    "env": [{"name": "DRAINS_FOR", "value": "2"}],
    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 1},
    "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
}

SIZE: Object = {"requests": {"cpu": "50m"}, "limits": {"cpu": "50m"}}  # enough for 48 requests a second


def deployment(replicas: int = 20, *, careful: bool = True, without: tuple[str, ...] = ()) -> Object:
    """A web server, rolled out with care or with the classic mistakes. `without`: fields of CARE to leave out."""
    care = {k: v for k, v in CARE.items() if careful and k not in without}
    container = edit({"name": "web", "image": "k8slearn/web:1", "resources": SIZE, **care})
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    strategy = {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0 if careful else "25%"}}
    spec = {"replicas": replicas, "strategy": strategy, "selector": {"matchLabels": {"app": "web"}}}
    metadata = {"name": "web"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {**spec, "template": pod},
    }


SERVICE: Object = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
}


def rollout(
    web: Object, *, rate: float = 500, seed: int = 0, nodes: int = 5, lag: float = 1.0, patience: float = 5.0
) -> Simulation:
    """A Deployment gets a new image while people ask: some seconds before it, all of it, some seconds after it."""
    recipe = Cluster(nodes, adding=[*routers(nodes, lag), ClusterDNS])
    sim = Simulation(recipe, seed=seed, world={"traffic": Traffic()})
    sim.create([web, SERVICE])
    sim.run()
    sim.advance(CALM)  # whoever counts as ready without being asked has come up by now
    sim.meddle("traffic", "start", SHOPPERS, "http://web/", rate=rate, patience=patience)
    sim.advance(CALM)
    newer = sim.client.get("deployments", "default/web")
    newer["spec"]["template"]["spec"]["containers"][0]["image"] = "k8slearn/web:2"
    sim.client.update(newer)
    sim.run()
    sim.advance(CALM)
    sim.meddle("traffic", "stop", SHOPPERS)
    sim.advance(patience)  # the last answers
    return sim


def total(sim: Simulation, crowd: str = SHOPPERS) -> Point:
    """All requests of a crowd in one row of figures."""
    people: Traffic = sim.world["traffic"]
    return people.total(crowd)


# --- the picture ---------------------------------------------------------------------------------


def figure(worlds: Mapping[str, Simulation] | Simulation, crowd: str = SHOPPERS) -> Picture:
    """For each world: what was sent and what came back, second by second, and how long it took."""
    shown = {"": worlds} if isinstance(worlds, Simulation) else dict(worlds)
    if not shown:
        raise ValueError("there is no world to draw: figure({'with care': sim})")
    lines = [f"{name}: {words(total(sim, crowd))}".removeprefix(": ") for name, sim in shown.items()]
    return Picture(_draw(shown, crowd), "\n".join(lines))


def _draw(worlds: Mapping[str, Simulation], crowd: str) -> Figure:
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(8.5, 2.9 * len(worlds)), facecolor=PAPER)
    axes = drawing.subplots(len(worlds), 2, sharex=True, sharey="col", squeeze=False, width_ratios=(3, 1.4))
    for (left, right), (name, sim) in zip(axes, worlds.items(), strict=True):
        points = sim.world["traffic"].series(crowd)
        _answers(left, points, f"{name}: {_lost(total(sim, crowd))}".removeprefix(": "))
        _latency(right, points)
    for ax in axes[-1]:
        ax.set_xlabel("virtual seconds")
        ax.set_ylim(0, ax.get_ylim()[1] * 1.1)  # of the whole column: they share it
    drawing.tight_layout()
    return drawing


def _lost(sum_of_all: Point) -> str:
    """``12 of 5000 requests lost``"""
    return f"{sum_of_all.lost or 'none'} of {sum_of_all.sent} requests lost"


def _answers(ax: Axes, points: list[Point], title: str) -> None:
    """Good answers below, errors on top of them, hatched: colour is not the only sign."""
    seconds, oks = [p.second for p in points], [p.ok for p in points]
    ax.bar(seconds, oks, width=1.0, align="edge", color=room("controllers").colour, label="ok")
    base, looks = oks, (("operator", "///"), ("scheduler", "..."), ("node", "xxx"), ("store", "\\\\"))
    kinds = sorted({kind for p in points for kind in p.errors})
    for kind, (colour, hatch) in zip(kinds, looks, strict=False):
        counts = [p.errors.get(kind, 0) for p in points]
        look: dict[str, Any] = {
            "color": room(colour).colour,
            "edgecolor": INK,
            "hatch": hatch,
            "linewidth": 0,
        }
        ax.bar(seconds, counts, width=1.0, align="edge", bottom=base, label=kind, **look)
        base = [b + c for b, c in zip(base, counts, strict=True)]
    ax.set_title(title, loc="left", fontsize=10, color=INK)
    ax.set_ylabel("requests a second")
    ax.legend(fontsize=8, framealpha=1, loc="lower left")
    _plain(ax)


def _latency(ax: Axes, points: list[Point]) -> None:
    good = [p for p in points if p.ok]
    for field, style, label in (("p99", "--", "99 % within"), ("p50", "-", "half within")):
        values = [getattr(p, field) * 1000 for p in good]
        ax.plot([p.second for p in good], values, style, color=room("apiserver").colour, label=label)
    ax.set_title("milliseconds", loc="left", fontsize=10, color=QUIET)
    ax.legend(fontsize=8, frameon=False, loc="center right")
    _plain(ax)


def _plain(ax: Axes) -> None:
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
