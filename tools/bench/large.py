"""A large cluster, with real kubelets: how long its pods take to be made, scheduled and Running, and what idle costs.

Everybody of a simulated cluster takes part (`CONTROL_PLANE`), and every step is written down, as in a lesson. Wall time
on a busy machine says little, so the processor's time stands beside it. Ten times the nodes with ten times the pods
should cost ten times as much: the last but one line says how far that is true, whatever the machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from k8slearn import Cluster, Simulation
from tools.bench.figure import Figure
from tools.bench.simulated import deployment

SMALL, LARGE = (100, 1_000), (1_000, 10_000)  # nodes, pods
EACH = 100  # pods of one Deployment
IDLE = 120.0  # virtual seconds
AIM = 30.0  # seconds of wall time until all pods of the large one are Running
MOST_STEPS = 2_000_000


class Spent(NamedTuple):
    """Seconds: by the clock on the wall, and of the processor."""

    wall: float
    work: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} s  ({self.work:.1f} s of work)"


def spend(work: Callable[[], object]) -> Spent:
    began, worked = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - began, time.process_time() - worked)


def figures() -> Iterator[Figure]:
    each: list[float] = []  # seconds of work for one pod
    for (nodes, pods), aim in ((SMALL, None), (LARGE, AIM)):
        sim, joined = boot(nodes)
        yield Figure(f"{nodes:,} nodes join", str(joined))
        spent = spend(partial(run, sim, pods))
        each.append(spent.work / pods)
        met = (f"{aim:.0f} s", spent.wall < aim) if aim else ()
        yield Figure(f"{pods:,} pods Running on {nodes:,} nodes", str(spent), *met)
    yield Figure("work for one pod, large against small", f"{each[1] / each[0]:.2f}", "1: linear")
    yield idle(LARGE[0])


def boot(nodes: int) -> tuple[Simulation, Spent]:
    made: list[Simulation] = []
    spent = spend(lambda: made.append(Simulation(Cluster(nodes))))
    return made[0], spent


def run(sim: Simulation, pods: int) -> None:
    """Create the Deployments, and let everybody work until nothing is left to do."""
    for number in range(pods // EACH):
        sim.create(deployment(EACH, f"web-{number}"))
    sim.run(steps=MOST_STEPS)
    phases = [pod["status"]["phase"] for pod in sim.client.list("pods")]
    assert phases == ["Running"] * pods, f"only {phases.count('Running')} of {pods} are Running"


def idle(nodes: int) -> Figure:
    """Nobody wants anything; every node still says every ten seconds that it is alive."""
    sim, _ = boot(nodes)
    spent = spend(lambda: sim.advance(IDLE))
    rate = f"{IDLE / spent.wall:.0f} virtual s a second"
    return Figure(f"an idle cluster of {nodes:,} nodes", f"{rate}  ({1000 * spent.work / IDLE:.1f} ms each)")
