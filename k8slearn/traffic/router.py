"""Knows on one node where the packets to each Service go: from addresses that nobody has to those of pods.

It is told of Services and EndpointSlices like everybody, and works out its rules from that; packets follow the rules,
not the truth. Between a change and the new rule there is a while: news must arrive, and rules are written no more often
than every `lag` seconds. In that while a pod that is gone still gets its share of the requests.

Kubernetes: pkg/proxy/iptables/proxier.go (syncProxyRules), run by cmd/kube-proxy; `lag` is its minSyncPeriod
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from k8slearn.api.objects import Key, Object, dig, key_of, labels_of, make_key, namespace_of
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change
from k8slearn.traffic.choice import Endpoint, endpoints_of, local, usable

SERVICE_NAME = "kubernetes.io/service-name"
ANY_NODE = "node"  # stands for every address of the node itself

Front = tuple[str, int]  # an address and a port that packets are sent to


class Rule(NamedTuple):
    """Where packets go that are sent to one address and port. Without endpoints they are refused, or just dropped."""

    service: Key
    port: str
    endpoints: tuple[Endpoint, ...] = ()
    sticky: float = 0.0  # seconds for which a client keeps its endpoint; 0: it does not
    drops: bool = False  # there are endpoints, but on other nodes


class ServiceRouter(Controller):
    room = "node"
    primary = "services"
    watches = ("endpointslices",)
    WIRING = Controller.WIRING | {"node", "lag"}

    def __init__(self, node: str, lag: float = 1.0) -> None:
        self.name = f"service-router/{node}"
        self.node = node
        self.lag = lag  # seconds

    def setup(self) -> None:
        self.rules: dict[Key, dict[Front, Rule]] = {}
        self.fronts: dict[Front, Key] = {}

    def keys_for(self, change: Change) -> Iterable[Key]:
        if change.resource == "services":
            return [key_of(change.object)]
        name = labels_of(change.object).get(SERVICE_NAME)
        return [make_key(namespace_of(change.object), name)] if name else []

    def on_change(self, change: Change) -> None:
        """What it knows nothing of yet is written at once: a router that has just been started is in a hurry."""
        for key in self.keys_for(change):
            self.queue.add_after(key, self.lag if key in self.rules else 0.0)

    def reconcile(self, key: Key) -> Done | None:
        service = self.cache.get("services", key)
        for front in self.rules.pop(key, {}):
            if self.fronts.get(front) == key:
                del self.fronts[front]
        if service is not None and has_address(service):
            slices = [s for s in self.cache.list("endpointslices", namespace_of(service)) if _is_of(s, key)]
            self.rules[key] = rules(service, slices, self.node)
            self.fronts.update(dict.fromkeys(self.rules[key], key))
        return None

    def rule(self, address: str, port: int) -> Rule | None:
        """For packets to this address; None: it is nobody's."""
        key = self.fronts.get((address, port))
        return self.rules[key][address, port] if key is not None else None

    def soft_state(self) -> dict[str, Any]:
        """Rules are replaced, never edited."""
        return {"rules": dict(self.rules), "fronts": dict(self.fronts)}

    def load_soft_state(self, saved: dict[str, Any]) -> None:
        self.rules, self.fronts = dict(saved["rules"]), dict(saved["fronts"])


def routers(nodes: int | Sequence[str], lag: float = 1.0) -> list[partial[ServiceRouter]]:
    """One for each machine: ``Cluster(3, adding=routers(3))``."""
    names = [f"node-{i}" for i in range(nodes)] if isinstance(nodes, int) else nodes
    return [partial(ServiceRouter, name, lag) for name in names]


def has_address(service: Object) -> bool:
    """Is it more than a name? Neither headless nor an alias."""
    spec = service["spec"]
    return spec.get("type") != "ExternalName" and spec.get("clusterIP", "None") not in ("None", "")


def rules(service: Object, slices: Iterable[Object], node: str) -> dict[Front, Rule]:
    """All rules of one Service on one node."""
    spec, found = service["spec"], dict[Front, Rule]()
    slices = list(slices)
    inside = spec.get("internalTrafficPolicy") == "Local"
    outside = spec.get("externalTrafficPolicy") == "Local"
    external = external_addresses(service)
    for port in spec.get("ports") or ():
        known = endpoints_of(slices, port.get("name") or "")
        make = partial(_rule, service, port, known, node)
        found[spec["clusterIP"], port["port"]] = make(inside)
        found |= {(address, port["port"]): make(outside) for address in external}
        if port.get("nodePort"):
            found[ANY_NODE, port["nodePort"]] = make(outside)
    return found


def _rule(service: Object, port: Object, known: list[Endpoint], node: str, stays_here: bool) -> Rule:
    chosen, anywhere = local(known, node) if stays_here else usable(known), usable(known)
    sticky = 0.0
    if service["spec"].get("sessionAffinity") == "ClientIP":
        sticky = float(
            dig(service, "spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds", default=10800)
        )
    return Rule(key_of(service), port.get("name") or "", chosen, sticky, not chosen and bool(anywhere))


def external_addresses(service: Object) -> list[str]:
    """Those that people have written down, and those that a load balancer has been given."""
    balanced = [i["ip"] for i in dig(service, "status", "loadBalancer", "ingress", default=[]) if i.get("ip")]
    return [*(service["spec"].get("externalIPs") or ()), *balanced]


def _is_of(one: Object, key: Key) -> bool:
    return make_key(namespace_of(one), labels_of(one).get(SERVICE_NAME, "")) == key
