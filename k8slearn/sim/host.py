"""Players that come and go while history runs: a machine that boots, a machine that is switched off.

Implements k8slearn.machinery.controller.Host. Who was there is part of every checkpoint (`assemble`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from k8slearn.machinery import Controller

if TYPE_CHECKING:
    from k8slearn.sim.simulation import Simulation


class Host:
    def __init__(self, sim: Simulation) -> None:
        self.sim = sim

    def players(self) -> Iterable[str]:
        return list(self.sim.manager.players)

    def start(self, component: Callable[[], Controller]) -> None:
        self.sim.let_in(component)

    def stop(self, name: str) -> None:
        self.sim.manager.remove(name)
        del self.sim.wires[name]


def assemble(sim: Simulation, names: Iterable[str]) -> None:
    """Let exactly these players take part, in this order. What they remember is loaded afterwards."""
    host, wanted = Host(sim), list(names)
    for name in sim.manager.players.keys() - set(wanted):
        host.stop(name)
    for name in wanted:
        if name not in sim.manager.players:
            sim.let_in(sim.makers[name])
    sim.manager.players = {name: sim.manager.players[name] for name in wanted}
