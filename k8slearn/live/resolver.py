"""Where is the program behind a Service? The API server is outside of the cluster's network, and looks it up.

A Service of type ExternalName leads to its host, so that a program on this machine is reached by
``externalName: localhost``. One with a cluster address leads to its endpoints, unless they are simulated pods.

Kubernetes: apiserver/pkg/util/proxy (ResolveEndpoint, ResolveCluster), which kube-aggregator and webhooks use
"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.api.objects import Object, dig
from k8slearn.apiserver.outside import CallFailed, missing
from k8slearn.store import Store


def resolve(store: Store, place: str) -> tuple[str, int]:
    """(host, port) of ``service/NAMESPACE/NAME:PORT``. Raises CallFailed in Kubernetes' words."""
    _, namespace, rest = place.split("/")
    name, _, text = rest.partition(":")
    port = int(text)
    service = store.get("services", f"{namespace}/{name}")
    if service is None:
        raise CallFailed(missing(place))
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return str(spec["externalName"]), port
    found = next((p for p in spec.get("ports") or () if p["port"] == port), None)
    if found is None:
        raise CallFailed(f'no service port {port} found for service "{name}"')
    for address in addresses(store, namespace, name, found.get("name", "")):
        return address
    raise CallFailed(f'no endpoints available for service "{name}"')


def addresses(store: Store, namespace: str, service: str, port: str) -> Iterator[tuple[str, int]]:
    """Real addresses of one port of a Service, by name: those behind which there is no simulated pod."""
    endpoints = store.get("endpoints", f"{namespace}/{service}")
    for subset in dig(endpoints, "subsets", default=[]):
        numbers = [p["port"] for p in subset.get("ports") or () if p.get("name", "") == port]
        for address in subset.get("addresses") or ():
            if not _is_pod(address):
                yield from ((address["ip"], number) for number in numbers)
    for found in store.list("endpointslices", namespace):
        if dig(found, "metadata", "labels", "kubernetes.io/service-name") != service:
            continue
        numbers = [p["port"] for p in found.get("ports") or () if (p.get("name") or "") == port]
        for endpoint in found.get("endpoints") or ():
            if not _is_pod(endpoint) and dig(endpoint, "conditions", "ready", default=True):
                yield from ((endpoint["addresses"][0], number) for number in numbers)


def _is_pod(endpoint: Object) -> bool:
    return dig(endpoint, "targetRef", "kind") == "Pod"
