"""Players that serve an API of their own, as far as the API server is concerned: programs at a place.

A player says where it is to be found (``serves = "service/NAMESPACE/NAME:PORT"``) and answers with
``answer(path, query) -> (code, body)``. Nothing is wired up: whoever has that duty at the moment is asked, so that a
history can be rewound and forked, and a player that is cut off does not answer.

Kubernetes: pods behind the Service that an APIService names
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slearn.apiserver.outside import Call, CallFailed, Programs, Reply, served
from k8slearn.machinery import Controller

if TYPE_CHECKING:
    from k8slearn.sim.simulation import Simulation


class Places(Programs):
    """The programs of a simulated world, players among them."""

    def __init__(self, sim: Simulation) -> None:
        super().__init__()
        self._sim = sim

    def __call__(self, call: Call) -> Reply:
        player = None if call.place in self.by_place else self._player(call.place)
        if player is None:
            return super().__call__(call)
        if self._sim.wires[player.name].faults.cut:
            raise CallFailed("context deadline exceeded")
        return served(player.answer, call)  # type: ignore[attr-defined]

    def _player(self, place: str) -> Controller | None:
        players = self._sim.manager.players.values()
        return next((p for p in players if getattr(p, "serves", "") == place), None)
