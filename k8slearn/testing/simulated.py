"""The fixture `cluster`: a simulation, with what tests ask of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object
from k8slearn.cluster import CONTROL_PLANE, Cluster, Component
from k8slearn.sim import Simulation
from k8slearn.sim.faults import LOST
from k8slearn.testing.patience import watched

#: What a test may call an error: by its code, or by its reason.
REASONS: dict[int | str, str] = {
    409: "Conflict",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    504: "Timeout",
    "lost": LOST,
}
FOREVER = 10**9  # calls


class SimulatedCluster(Simulation):
    """A `Simulation`: `create`, `apply`, `run`, `advance(seconds)`, `fault`, `back`; and errors on demand."""

    def fail(
        self,
        player: str,
        error: int | str = 500,
        *,
        verb: str = "",
        resource: str = "",
        nth: int = 1,
        times: int = 1,
    ) -> None:
        """The nth call of `player` that fits goes wrong, and so do those after it, `times` in all.

        error: 409, 410, 429, 500; 504, not carried out; "lost", carried out, and the answer is lost.
        """
        self.fault("fail", player, nth, REASONS.get(error, str(error)), verb, resource, times)

    @contextmanager
    def failing(self, player: str, error: int | str = 500, **which: Any) -> Iterator[None]:
        """All calls of `player` that fit go wrong, as long as this lasts."""
        self.fail(player, error, times=FOREVER, **which)
        try:
            yield
        finally:
            wire = self.wires[player]
            left = tuple(rule for rule in wire.faults.rules if rule.times < FOREVER // 2)
            wire.faults = replace(wire.faults, rules=left)


def simulated(
    *operators: Component,
    builtin: bool = True,
    nodes: int = 1,
    objects: Iterable[Object] = (),
    kinds: Iterable[Resource] = (),
    components: Iterable[Component] = CONTROL_PLANE,
    **options: Any,
) -> SimulatedCluster:
    """A cluster with these operators in it. `builtin`: and with the controllers that every cluster has.

    objects, kinds: there, and served, from the beginning. options: those of `Simulation` (seed, policy, world).
    """
    cluster = Cluster(
        nodes,
        components=components if builtin else (),
        adding=[watched(operator) for operator in operators],
        objects=objects,
        kinds=kinds,
    )
    return SimulatedCluster(cluster, **options)
