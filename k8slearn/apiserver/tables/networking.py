"""Cells about addresses and ports: Services, Endpoints, EndpointSlices, Ingresses.

Kubernetes: pkg/printers/internalversion/printers.go
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slearn.api.objects import Object, dig
from k8slearn.apiserver.tables.cells import NONE, UNKNOWN, UNSET, Fields, at_most

Many = Sequence[Fields] | None


def service_external_ip(service: Object) -> str:
    """Where it can be reached from outside."""
    kind, external = dig(service, "spec", "type"), list(dig(service, "spec", "externalIPs", default=()))
    if kind == "ExternalName":
        return str(dig(service, "spec", "externalName", default=""))
    if kind == "LoadBalancer":
        balancers = balancer_addresses(dig(service, "status", "loadBalancer", "ingress"))
        return ",".join([*([balancers] if balancers else []), *external]) or "<pending>"
    return (",".join(external) or NONE) if kind in ("ClusterIP", "NodePort") else UNKNOWN


def balancer_addresses(ingress: Many) -> str:
    """What load balancers listen at."""
    return ",".join(sorted({i.get("ip") or i.get("hostname") or "" for i in ingress or ()} - {""}))


def service_ports(ports: Many) -> str:
    """Ports, with their node port if they have one."""
    return ",".join(map(_service_port, ports or ())) or NONE


def _service_port(port: Fields) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port', 0)}{node_port}/{port.get('protocol', '')}"


def endpoints(subsets: Many) -> str:
    """Addresses with ports that are ready for traffic."""
    if not subsets:
        return NONE
    found: list[str] = []
    for subset in subsets:
        addresses = [a.get("ip", "") for a in subset.get("addresses") or ()]
        for port in subset.get("ports") or (None,):
            found += addresses if port is None else [_joined(a, port.get("port", 0)) for a in addresses]
    return at_most(3, found)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def slice_ports(ports: Many) -> str:
    """The ports of every endpoint."""
    return at_most(3, [str(p.get("port") or p.get("name") or "*") for p in ports or ()]) or UNSET


def slice_endpoints(found: Many) -> str:
    """The addresses behind the service."""
    return at_most(3, [a for e in found or () for a in e.get("addresses") or ()]) or UNSET


def ingress_hosts(rules: Many) -> str:
    """Hosts whose traffic is meant. A rule without one counts, but has nothing to show."""
    rules = rules or ()
    named = [i for i, rule in enumerate(rules) if rule.get("host")][:3]
    more = f" + {len(rules) - 3} more..." if len(named) == 3 and named[-1] < len(rules) - 1 else ""
    return ",".join(rules[i]["host"] for i in named) + more if named else "*"


def ingress_ports(tls: Many) -> str:
    """Ports that are open: 443 too, where there is a certificate."""
    return "80, 443" if tls else "80"


def class_parameters(parameters: Fields | None) -> str:
    """The object with the settings of the class."""
    if parameters is None:
        return NONE
    group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") is not None else ""
    return f"{parameters.get('kind', '')}{group}/{parameters.get('name', '')}"


def parent(reference: Fields | None) -> str:
    """Who uses the address."""
    if reference is None:
        return NONE
    resource = ".".join(filter(None, (reference.get("resource"), reference.get("group")))).lower()
    return "/".join(filter(None, (resource, reference.get("namespace"), reference.get("name"))))
