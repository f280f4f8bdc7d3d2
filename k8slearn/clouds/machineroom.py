"""The power switch: a machine that has booted is a kubelet that starts, and one that is gone is a kubelet that stops.

The only player who lets others play; who runs the players hands it a `host` for that. It reads what machines there are
and remembers nothing.

Kubernetes: nothing; that is what happens in the cloud's data centre
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from k8slearn.api.objects import Key
from k8slearn.clouds.machines import Machine, Machines
from k8slearn.clouds.nodes import UNINITIALIZED
from k8slearn.machinery import Controller, Done

LOOK = 5.0  # seconds
SWITCH: Key = "*"
PLAYER = "kubelet/"  # what a machine's player is called, before its name


class MachineRoom(Controller):
    """`kubelet` makes the player of a machine: kubelet(name, cpu=..., memory=..., pods=..., taints=...)."""

    name = "machine-room"
    room = "node"
    outside = ("machines",)
    starts_others = True
    WIRING = Controller.WIRING | {"kubelet"}

    def __init__(self, machines: Machines, kubelet: Callable[..., Controller]) -> None:
        self.machines, self.kubelet = machines, kubelet

    def setup(self) -> None:
        self.queue.add(SWITCH)

    def reconcile(self, key: Key) -> Done | None:
        there = {PLAYER + m["name"]: m for m in self.machines.list()}
        running = {name for name in self.host.players() if name.startswith(PLAYER)}
        for name in sorted(running - there.keys()):
            self.host.stop(name)
        for name, machine in there.items():
            if name not in running and machine["ready_at"] <= self.clock.now:
                self.host.start(self._component(machine))
        return self._next_look(there.values())

    def _component(self, machine: Machine) -> partial[Controller]:
        pool: dict[str, Any] = self.machines.get(machine["pool"])[machine["pool"]]
        hardware = {k: pool[k] for k in ("cpu", "memory", "pods")}
        return partial(self.kubelet, machine["name"], **hardware, taints=(UNINITIALIZED,))

    def _next_look(self, machines: Iterable[Machine]) -> Done:
        """Somebody is waiting for a machine that boots; else it is just a look."""
        now = self.clock.now
        booting = [m["ready_at"] - now for m in machines if m["ready_at"] > now]
        return Done(again_in=min([LOOK, *booting]), background=not booting)
