"""What the server hands out from a pool: cluster IPs of Services.

Kubernetes: pkg/registry/core/service/ipallocator. There the pool is an object of its own; here the
Services themselves are the record of what is taken, so nothing can leak.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

SERVICE_NETWORK = IPv4Network("10.96.0.0/16")
FIRST_DYNAMIC = 256  # the lower addresses are left to people who choose one themselves


def allocate(server: ApiServer, resource: Resource, obj: Object, old: Object | None) -> None:
    """Give a Service its cluster IP, once; it keeps it for life."""
    if resource.kind != "Service" or dig(obj, "spec", "type") == "ExternalName":
        return
    spec = obj["spec"]
    if old is not None and not spec.get("clusterIP"):
        spec["clusterIP"] = dig(old, "spec", "clusterIP", default="")
    if not spec.get("clusterIP"):
        spec["clusterIP"] = _free_address(server)
    spec["clusterIPs"] = [spec["clusterIP"]]


def _free_address(server: ApiServer) -> str:
    taken = {dig(s, "spec", "clusterIP") for s in server.store.list("services")}
    last = SERVICE_NETWORK.num_addresses - 1
    start = server.dice.below(last - FIRST_DYNAMIC, "clusterIP", server.store.revision)
    for i in range(last - FIRST_DYNAMIC):
        at = FIRST_DYNAMIC + (start + i) % (last - FIRST_DYNAMIC)
        address = str(IPv4Address(int(SERVICE_NETWORK.network_address) + at))
        if address not in taken:
            return address
    raise OverflowError(f"no free cluster IP in {SERVICE_NETWORK}")
