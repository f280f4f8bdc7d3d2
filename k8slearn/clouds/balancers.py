"""Load balancers for rent: an address that the world can reach, and machines behind it.

It takes a while until a new one has its address. Some clouds give addresses, some give names, and a machine room of
one's own has a handful of addresses, which can run out.

Kubernetes: what stands behind a cloud provider's LoadBalancer interface; on-premise, MetalLB's address pool
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from k8slearn.clouds.refused import Refused

Balancer = dict[str, Any]  # id, token, ready_at, address ("" as long as there is none), ports, hosts


Ports = list[int]
Hosts = list[str]


@dataclass(frozen=True)
class Line:
    """What is on offer. `addresses` are all there are; if there are none, each balancer gets a name in `domain`."""

    addresses: tuple[str, ...] = ()
    domain: str = ""
    seconds: float = 5.0  # until a new one has its address

    @property
    def field(self) -> str:
        """Of an entry in status.loadBalancer.ingress."""
        return "hostname" if self.domain else "ip"


class Balancers:
    def __init__(self, line: Line) -> None:
        self.line = line
        self.balancers: dict[str, Balancer] = {}
        self.made = 0  # ever

    # --- looking ---

    def list(self, token: str = "", now: float = 0.0) -> list[Balancer]:
        """All, or the one of this token. Whose address is not ready at the moment `now` has none."""
        return [self._seen(b, now) for b in self.balancers.values() if token in ("", b["token"])]

    def _seen(self, balancer: Balancer, now: float) -> Balancer:
        return balancer if now >= balancer["ready_at"] else {**balancer, "address": ""}

    # --- writing ---

    def create(self, token: str, *, ports: Ports, hosts: Hosts, now: float) -> Balancer:
        """A new one, or the one that was made with this token. Raises Refused."""
        for balancer in self.list(token, now):
            return balancer
        address = self._address()
        self.made += 1
        name, rest = f"balancer-{self.made}", {"address": address, "ports": ports, "hosts": hosts}
        self.balancers[name] = {"id": name, "token": token, "ready_at": now + self.line.seconds, **rest}
        return self._seen(self.balancers[name], now)

    def update(self, balancer: str, *, ports: Ports, hosts: Hosts) -> None:
        if balancer in self.balancers:
            self.balancers[balancer] = {**self.balancers[balancer], "ports": ports, "hosts": hosts}

    def delete(self, balancer: str) -> None:
        """Its address is free again. Deleting what is not there is no error."""
        self.balancers.pop(balancer, None)

    def _address(self) -> str:
        if self.line.domain:
            return f"lb-{self.made + 1}.{self.line.domain}"
        taken = {b["address"] for b in self.balancers.values()}
        for address in self.line.addresses:
            if address not in taken:
                return address
        raise Refused("no available IPs")
