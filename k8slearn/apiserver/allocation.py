"""What the server hands out from a pool: the addresses and node ports of Services.

It is the last thing before a Service is written, after validation: who asks for a certain address or port
gets it or is refused; who asks for none gets a free one. The cluster has one family of addresses, IPv4.

Kubernetes: pkg/registry/core/service/storage/alloc.go, ipallocator, portallocator. There the pools are
objects of their own; here the Services themselves are the record of what is taken, so nothing can leak.
"""

from __future__ import annotations

from ipaddress import IPv4Network, ip_address
from typing import TYPE_CHECKING, Any

from k8slearn.api.errors import FieldError, InternalError, Invalid, invalid, invalid_object
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, uid_of
from k8slearn.apiserver.services import is_headless, needs_address, needs_health_check, needs_node_ports

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

Spec = dict[str, Any]

SERVICE_NETWORK = IPv4Network("10.96.0.0/16")
FIRST_DYNAMIC = 256  # the lower addresses are left to people who choose one themselves
NODE_PORTS = range(30000, 32768)
FIRST_DYNAMIC_PORT = 86  # likewise
TAKEN = "provided port is already allocated"
FAMILIES = ("IPv4",)


def allocate(server: ApiServer, resource: Resource, obj: Object, old: Object | None) -> None:
    """Give a Service what its type needs and it does not have yet. Raises Invalid when it cannot have it."""
    if resource.kind != "Service":
        return
    spec, before = obj["spec"], (old or {}).get("spec") or {}
    if needs_address(spec):
        _families(obj, spec, before)
        _addresses(server, obj, spec, before)
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        _node_ports(server, obj, spec, before)
    if needs_health_check(spec):
        _health_check_port(server, obj, spec, before)


def _refused(service: Object, *errors: FieldError) -> Invalid:
    return invalid_object("Service", "", service["metadata"].get("name", ""), list(errors))


# --- families and addresses ---------------------------------------------------------------------


def _families(service: Object, spec: Spec, before: Spec) -> None:
    """Which families of addresses. Without a selector a headless Service may be of both."""
    anything = is_headless(spec) and not spec.get("selector")
    if "ipFamilyPolicy" not in spec:
        spec["ipFamilyPolicy"] = before.get("ipFamilyPolicy") or (
            "RequireDualStack" if anything else "SingleStack"
        )
    policy = spec["ipFamilyPolicy"]
    errors = [*_one_or_two(spec, policy), *_infer_families(spec)]
    if not errors and not anything:
        errors += _supported(spec, policy)
    if errors:
        raise _refused(service, *errors)
    families = spec.get("ipFamilies") or ["IPv4"]
    if anything and len(families) == 1 and policy != "SingleStack":
        families = [*families, "IPv6" if families == ["IPv4"] else "IPv4"]
    spec["ipFamilies"] = families


def _one_or_two(spec: Spec, policy: str) -> list[FieldError]:
    detail = "must be 'RequireDualStack' or 'PreferDualStack' when multiple {} are specified"
    named = {"clusterIPs": "cluster IPs", "ipFamilies": "IP families"}
    return [
        invalid("spec.ipFamilyPolicy", policy, detail.format(words))
        for field, words in named.items()
        if policy == "SingleStack" and len(spec.get(field) or ()) == 2
    ]


def _infer_families(spec: Spec) -> list[FieldError]:
    """An address says of which family it is."""
    errors, families = [], list(spec.get("ipFamilies") or ())
    for i, address in enumerate(spec.get("clusterIPs") or ()):
        if address == "None" or i < len(families):
            continue
        family = f"IPv{ip_address(address).version}"
        if family in FAMILIES:
            families.append(family)
        else:
            detail = f"{family} is not configured on this cluster"
            errors.append(invalid(f"spec.clusterIPs[{i}]", spec["clusterIPs"], detail))
    spec["ipFamilies"] = families
    return errors


def _supported(spec: Spec, policy: str) -> list[FieldError]:
    errors = []
    if policy == "RequireDualStack":
        detail = "this cluster is not configured for dual-stack services"
        errors.append(invalid("spec.ipFamilyPolicy", policy, detail))
    for i, family in enumerate(spec["ipFamilies"]):
        if family not in FAMILIES:
            errors.append(invalid(f"spec.ipFamilies[{i}]", family, "not configured on this cluster"))
    return errors


def _addresses(server: ApiServer, service: Object, spec: Spec, before: Spec) -> None:
    asked = spec.get("clusterIP", "")
    if not asked:
        spec["clusterIP"] = _free_address(server)
        spec["clusterIPs"] = [spec["clusterIP"]]
    elif asked not in ("None", before.get("clusterIP")):
        why = ""
        if ip_address(asked) not in SERVICE_NETWORK:
            why = "the provided network does not match the current range"
        elif asked in _taken_addresses(server):
            why = "provided IP is already allocated"
        if why:
            detail = f"failed to allocate IP {asked}: {why}"
            raise _refused(service, invalid("spec.clusterIPs", spec["clusterIPs"], detail))


def _taken_addresses(server: ApiServer) -> set[str]:
    return {s["spec"].get("clusterIP", "") for s in server.store.list("services") if "spec" in s}


def _free_address(server: ApiServer) -> str:
    taken, last = _taken_addresses(server), SERVICE_NETWORK.num_addresses - 1
    start = server.dice.below(last - FIRST_DYNAMIC, "clusterIP", server.lot)
    for i in range(last - FIRST_DYNAMIC):
        address = str(SERVICE_NETWORK[FIRST_DYNAMIC + (start + i) % (last - FIRST_DYNAMIC)])
        if address not in taken:
            return address
    raise InternalError("Internal error occurred: failed to allocate a serviceIP: range is full")


# --- node ports ---------------------------------------------------------------------------------


def _node_ports(server: ApiServer, service: Object, spec: Spec, before: Spec) -> None:
    """One number per port; what differs in its protocol only may share one."""
    own = {p.get("nodePort") for p in before.get("ports") or ()}
    taken = _taken_ports(server, service)
    given: dict[int, int] = {}  # port -> node port
    ports = spec.get("ports") or []
    for i, port in enumerate(ports):
        asked = port.get("nodePort") or given.get(port["port"]) or _asked_later(ports, port["port"])
        if not asked and needs_node_ports(spec):
            asked = _free_port(server, taken | set(given.values()))
        elif asked and asked not in own and asked not in given.values():
            _check_port(service, asked, taken, f"spec.ports[{i}].nodePort")
        if asked:
            port["nodePort"] = given[port["port"]] = asked


def _asked_later(ports: list[Spec], number: int) -> int:
    return next((p["nodePort"] for p in ports if p["port"] == number and p.get("nodePort")), 0)


def _health_check_port(server: ApiServer, service: Object, spec: Spec, before: Spec) -> None:
    asked = spec.get("healthCheckNodePort", 0)
    taken = _taken_ports(server, service) | {p.get("nodePort", 0) for p in spec.get("ports") or ()}
    if not asked:
        spec["healthCheckNodePort"] = _free_port(server, taken)
    elif asked != before.get("healthCheckNodePort") and (why := _why_not(asked, taken)):
        what = f"failed to allocate requested HealthCheck NodePort {asked}"
        raise InternalError(f"Internal error occurred: {what}: {why}")


def _taken_ports(server: ApiServer, service: Object) -> set[int]:
    """Every number that another Service has."""
    others = [s["spec"] for s in server.store.list("services") if uid_of(s) != uid_of(service)]
    found = {p["nodePort"] for spec in others for p in spec.get("ports") or () if p.get("nodePort")}
    return found | {spec["healthCheckNodePort"] for spec in others if spec.get("healthCheckNodePort")}


def _why_not(number: int, taken: set[int]) -> str:
    if number not in NODE_PORTS:
        valid = f"{NODE_PORTS.start}-{NODE_PORTS.stop - 1}"
        return f"provided port is not in the valid range. The range of valid ports is {valid}"
    return TAKEN if number in taken else ""


def _check_port(service: Object, number: int, taken: set[int], path: str) -> None:
    if why := _why_not(number, taken):
        raise _refused(service, invalid(path, number, why))


def _free_port(server: ApiServer, taken: set[int]) -> int:
    size = len(NODE_PORTS) - FIRST_DYNAMIC_PORT
    start = server.dice.below(size, "nodePort", server.lot)
    for i in range(size):
        number = NODE_PORTS[FIRST_DYNAMIC_PORT + (start + i) % size]
        if number not in taken:
            return number
    raise InternalError("Internal error occurred: failed to allocate a nodePort: range is full")
