"""Machines for rent, in pools of equal ones: say how many, and they are started or switched off.

A pool is told the number that there shall be, not how many more: who asks again has asked for the same. When a machine
dies by itself the pool starts another, for the number still holds.

Kubernetes: what stands behind cluster-autoscaler's NodeGroup (an auto-scaling group, a managed instance group)
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from k8slearn.clouds.refused import Refused

Machine = dict[str, Any]  # id, name, pool, kind, zone, ready_at


@dataclass(frozen=True)
class Pool:
    """Equal machines. `price` per hour; `boot`: seconds until a new one is there; never fewer than `least`."""

    name: str
    kind: str
    cpu: str
    memory: str
    price: float
    boot: float = 60.0
    least: int = 0
    most: int = 10
    pods: str = "110"


class Machines:
    """`zones` are filled evenly."""

    def __init__(self, pools: tuple[Pool, ...], zones: tuple[str, ...]) -> None:
        self.pools = {p.name: asdict(p) | {"size": 0} for p in pools}
        self.zones = zones
        self.machines: dict[str, Machine] = {}
        self.made = 0  # ever

    # --- looking ---

    def get(self, pool: str = "") -> dict[str, dict[str, Any]]:
        """The pools by name (or this one), with the `size` that they shall have."""
        return {name: row for name, row in self.pools.items() if pool in ("", name)}

    def list(self, pool: str = "") -> list[Machine]:
        """The machines that are there or on their way."""
        return [m for m in self.machines.values() if pool in ("", m["pool"])]

    # --- writing ---

    def resize(self, pool: str, size: int, *, now: float, ready: bool = False) -> None:
        """So many machines there shall be, at least. `ready`: they have been started long ago. Raises Refused."""
        row = self.pools[pool]
        if not row["least"] <= size <= row["most"]:
            raise Refused(f"pool {pool} has between {row['least']} and {row['most']} machines, not {size}")
        self.pools[pool] = {**row, "size": size}
        self._fill(pool, now, 0.0 if ready else row["boot"])

    def terminate(self, machine: str) -> None:
        """Switch it off for good: the pool has one less from now on."""
        gone = self.machines.pop(machine, None)
        if gone is not None:
            row = self.pools[gone["pool"]]
            self.pools[gone["pool"]] = {**row, "size": row["size"] - 1}

    def break_down(self, machine: str, *, now: float) -> None:
        """An accident: it is gone, and the pool starts another."""
        gone = self.machines.pop(machine, None)
        if gone is not None:
            self._fill(gone["pool"], now, self.pools[gone["pool"]]["boot"])

    def _fill(self, pool: str, now: float, boot: float) -> None:
        row = self.pools[pool]
        for _ in range(row["size"] - len(self.list(pool))):
            number, zone = self.made, self._emptiest_zone()
            self.made += 1
            name = f"i-{number:04x}"
            rest = {"pool": pool, "kind": row["kind"], "zone": zone, "ready_at": now + boot}
            self.machines[name] = {"id": name, "name": f"node-{number}", **rest}

    def _emptiest_zone(self) -> str:
        there = [m["zone"] for m in self.machines.values()]
        return min(self.zones, key=lambda zone: (there.count(zone), self.zones.index(zone)))
