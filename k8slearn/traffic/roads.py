"""Where a request goes: from a machine along the rules of its router to whoever listens there at this moment.

Made anew for each interval in which nothing in the cluster changes. Names, rules and routes are what the players
believe; who listens is how it is.

Kubernetes: what a packet meets on its way
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import NamedTuple

from k8slearn.api.objects import Key
from k8slearn.machinery import Around
from k8slearn.node import Kubelet
from k8slearn.node.addresses import node_address
from k8slearn.node.life import Run
from k8slearn.traffic.choice import Endpoint
from k8slearn.traffic.crowd import Crowd
from k8slearn.traffic.dns import ClusterDNS
from k8slearn.traffic.ingress import BAD_GATEWAY, IngressController
from k8slearn.traffic.listening import Instance, Listener, listener, running, runs_on
from k8slearn.traffic.router import ANY_NODE, Rule, ServiceRouter
from k8slearn.traffic.tally import REFUSED, RESET, TIMED_OUT, UNKNOWN_HOST

TRIES = 3  # endpoints that an ingress asks for one request. Kubernetes: proxy-next-upstream-tries of ingress-nginx


class Place(NamedTuple):
    """An endpoint, and what is there."""

    pod: Key  # "": the address is nobody's
    address: str
    listener: Listener | None = None
    dead: bool = False  # nothing comes back from that machine
    name: str = ""  # of the pod that is meant: who has the address now may be another


class Way(NamedTuple):
    """Where the requests of one client may go; or how they all end."""

    places: tuple[Place, ...] = ()
    ends: str = ""
    service: Key = ""  # and its port: to remember who asked whom
    sticky: float = 0.0
    tries: int = 1
    failure: str = ""  # what the client sees when all tries were refused; "": just that


class Roads:
    def __init__(self, around: Around) -> None:
        self.around = around
        self._entries: dict[str, tuple[str, ...]] = {}
        self._ways: dict[tuple[str, str], Way] = {}
        self._places: dict[tuple[str, int], Place] = {}
        self._owners: dict[str, list[tuple[Kubelet, Key]]] | None = None

    def entries(self, crowd: Crowd) -> tuple[str, ...]:
        """The machines by which they come in. Raises ValueError where there is no router."""
        if crowd.name not in self._entries:
            self._entries[crowd.name] = ("",) if crowd.ingress else self._routed(crowd)
        return self._entries[crowd.name]

    def _routed(self, crowd: Crowd) -> tuple[str, ...]:
        found = tuple(p.node for p in self.around.players.values() if isinstance(p, ServiceRouter))
        if not found:
            raise ValueError("there is no service router in this cluster: Cluster(3, adding=routers(3))")
        if strange := set(crowd.by) - set(found):
            names = ", ".join(sorted(strange))
            raise ValueError(f"{crowd.name} cannot come in by {names}: no service router is there")
        return crowd.by or found

    def way(self, crowd: Crowd, node: str) -> Way:
        known = self._ways.get((crowd.name, node))
        if known is None:
            known = self._ways[crowd.name, node] = self._way(crowd, node)
        return known

    # --- the players' beliefs ---

    def _way(self, crowd: Crowd, node: str) -> Way:
        if crowd.ingress:
            return self._by_ingress(crowd)
        if self._is_dead(node):
            return Way(ends=TIMED_OUT)
        addresses = self._addresses(crowd, node)
        router = self.around.players.get(f"service-router/{node}")
        if not addresses or not isinstance(router, ServiceRouter):
            return Way(ends=UNKNOWN_HOST)
        rule = router.rule(addresses[0], crowd.port)
        if rule is not None:
            return self._by_rule(rule)
        places = tuple(self._place(address, crowd.port) for address in addresses)
        if not any(place.pod for place in places):
            # Packets to nobody get lost on the way. Only the machine itself says that nobody listens.
            return Way(ends=REFUSED if addresses == [ANY_NODE] else TIMED_OUT)
        return Way(places)

    def _by_rule(self, rule: Rule) -> Way:
        if not rule.endpoints:
            return Way(ends=TIMED_OUT if rule.drops else REFUSED)
        return Way(self._at(rule.endpoints), service=f"{rule.service}:{rule.port}", sticky=rule.sticky)

    def _by_ingress(self, crowd: Crowd) -> Way:
        ingress = self.around.players.get(IngressController.name)
        if not isinstance(ingress, IngressController) or IngressController.name in self.around.cut_off:
            return Way(ends=TIMED_OUT)
        found = ingress.upstream(crowd.host, crowd.path)
        if isinstance(found, str):
            return Way(ends=found)
        return Way(self._at(found), tries=TRIES, failure=BAD_GATEWAY)

    def _addresses(self, crowd: Crowd, node: str) -> list[str]:
        """What the host's name means on this machine."""
        if crowd.host in (ANY_NODE, node, self._address_of(node)):
            return [ANY_NODE]
        try:
            return [str(ip_address(crowd.host))]
        except ValueError:
            dns = self.around.players.get(ClusterDNS.name)
            return dns.resolve(crowd.host, crowd.namespace) if isinstance(dns, ClusterDNS) else []

    def _address_of(self, node: str) -> str:
        kubelet = self.around.players.get(f"kubelet/{node}")
        return node_address(kubelet.number) if isinstance(kubelet, Kubelet) else ""

    # --- the truth ---

    def _at(self, endpoints: tuple[Endpoint, ...]) -> tuple[Place, ...]:
        return tuple(self._place(e.address, e.port)._replace(name=e.name) for e in endpoints)

    def _place(self, address: str, port: int) -> Place:
        known = self._places.get((address, port))
        if known is None:
            known = self._places[address, port] = self._look(address, port)
        return known

    def _look(self, address: str, port: int) -> Place:
        found = Place("", address)
        for kubelet, key in self._who_has(address):
            run = self._run(kubelet, key)
            if run is not None:
                heard = listener(kubelet, key, run, port, self.around.now)
                found = Place(key, address, heard, self._is_dead(kubelet.machine.name))
                if heard is not None:
                    return found
        return found

    def _who_has(self, address: str) -> list[tuple[Kubelet, Key]]:
        if self._owners is None:
            self._owners = {}
            for kubelet in self.around.players.values():
                if isinstance(kubelet, Kubelet):
                    for key, mine in kubelet.addresses.items():
                        self._owners.setdefault(mine, []).append((kubelet, key))
        return self._owners.get(address, [])

    def _run(self, kubelet: Kubelet, key: Key) -> Run | None:
        return running(kubelet, key, self.around.objects("pods", key))

    def _is_dead(self, node: str) -> bool:
        kubelet = self.around.players.get(f"kubelet/{node}")
        return not isinstance(kubelet, Kubelet) or kubelet.is_off or kubelet.name in self.around.cut_off

    def fate(self, instance: Instance) -> str:
        """What becomes of requests that this run of a container is working on: "" if it goes on."""
        node, key = instance[:2]
        kubelet = self.around.players.get(f"kubelet/{node}")
        if self._is_dead(node) or not isinstance(kubelet, Kubelet):
            return TIMED_OUT
        return "" if runs_on(self._run(kubelet, key), instance) else RESET
