"""The simulation: how long a cluster takes to be made, to move, to go back."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from k8slearn import Cluster, Simulation, load
from k8slearn.api.clock import Dice
from k8slearn.api.objects import Object
from k8slearn.node import HOLLOW, Kubelet
from tools.bench.figure import Figure, median, seconds

ROOT = Path(__file__).resolve().parents[2]
GUESTBOOK = ROOT / "examples" / "guestbook.yaml"


def import_time() -> Figure:
    """A fresh interpreter that imports the core, less one that does nothing."""

    def run(code: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)

    value = median(run("import k8slearn.sim"), 7) - median(run("pass"), 7)
    return Figure("import of the core", f"{value * 1000:.0f} ms", "300 ms", value < 0.3)


def new_cluster() -> Figure:
    Simulation(nodes=3)
    value = median(lambda: Simulation(nodes=3), 15)
    return Figure("a new cluster of three nodes", f"{value * 1000:.1f} ms", "50 ms", value < 0.05)


def steps_per_second() -> Figure:
    objects = load(GUESTBOOK.read_text(encoding="utf-8"))

    def rate(seed: int) -> float:
        sim = Simulation(nodes=3, seed=seed)
        sim.create(objects)
        spent = seconds(sim.run)
        return len(sim.trace) / spent

    rates = [rate(seed) for seed in range(8)]
    return Figure("steps per second (guestbook)", f"{statistics.median(rates):,.0f}", "-", None)


def thousand_replicas() -> Figure:
    """From the request to the last pod's readiness, on a hundred hollow nodes."""
    sim = Simulation(Cluster([partial(Kubelet, f"node-{i}", stages=HOLLOW) for i in range(100)]))
    web = deployment(1000)
    spent = seconds(lambda: (sim.create(web), sim.run()))
    ready = sim.state()["deployments"]["default/web"]["status"]["readyReplicas"]
    assert ready == 1000, f"only {ready} became ready"
    what = f"1,000 replicas on 100 nodes ({len(sim.trace):,} steps)"
    return Figure(what, f"{spent:.2f} s", "0.5 s (real: 5 s)", spent < 0.5)


def goto() -> Figure:
    """Jumps to and fro in a history of ten thousand steps."""
    sim = Simulation(nodes=3)
    sim.create(deployment(10))
    while len(sim.trace) < 10_000:
        sim.run()
        sim.client.patch("deployments", "default/web", patch=_scaled(3 + len(sim.trace) % 17))
        sim.advance(5)
    dice = Dice(1)
    jumps = [seconds(partial(sim.goto, dice.below(10_000, i))) for i in range(40)]
    worst, usual = max(jumps), statistics.median(jumps)
    value = f"{usual * 1000:.0f} ms, at worst {worst * 1000:.0f} ms"
    return Figure("goto in a history of 10,000 steps", value, "100 ms", worst < 0.1)


def deployment(replicas: int, name: str = "web") -> Object:
    container = {"name": "web", "image": "registry.example/web:1", "resources": {"requests": {"cpu": "10m"}}}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def _scaled(replicas: int) -> Object:
    return {"spec": {"replicas": replicas}}


FIGURES: tuple[Callable[[], Figure], ...] = (
    import_time,
    new_cluster,
    steps_per_second,
    goto,
    thousand_replicas,
)
