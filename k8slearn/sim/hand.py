"""The person at the keyboard, as a transport: what they write becomes a step of the history."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from k8slearn.api.kinds import Kinds
from k8slearn.api.objects import edit
from k8slearn.api.requests import Request, Watch

if TYPE_CHECKING:
    from k8slearn.sim.simulation import Simulation


class Hand:
    """Implements Transport. Reads (and rehearsals) are free; a write is a step, even if it is refused."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim

    @property
    def kinds(self) -> Kinds:
        return self.sim.server.kinds

    def handle(self, request: Request) -> Any:
        if request.writes and not request.options.get("dryRun"):
            return edit(self.sim.request(request))
        return self.sim.server.handle(request)

    def watch(self, request: Request, bell: Callable[[], None] | None = None) -> Watch:
        return self.sim.server.watch(request, bell)
