"""One door for everybody outside: hands a request to a Service by its host and its path.

Of the hosts the exact one counts more than ``*.example.com``, and that more than none; of the paths the longest one
that fits, ``Exact`` before ``Prefix``. It knows the endpoints itself and goes straight to a pod. Its own answers are
404 (nothing fits), 503 (the service has no endpoints) and 502 (whoever it has asked does not listen).

Kubernetes: an add-on such as ingress-nginx; the rules: staging/src/k8s.io/api/networking/v1 (HTTPIngressPath)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from k8slearn.api.objects import Key, Object, dig, key_of, labels_of, make_key, namespace_of, oldest_first
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change
from k8slearn.traffic.choice import Endpoint, endpoints_of, usable
from k8slearn.traffic.router import SERVICE_NAME

CONTROLLER = "k8slearn.io/ingress"  # what an IngressClass says to mean this one
NOT_FOUND, BAD_GATEWAY, UNAVAILABLE = "404", "502", "503"


class Route(NamedTuple):
    host: str  # "": any
    path: str
    exact: bool
    service: Key
    port: int | str

    def fits(self, path: str) -> bool:
        """A prefix fits whole elements: /shop fits /shop/cart, and not /shopping."""
        if self.exact:
            return path == self.path
        whole = self.path.rstrip("/")
        return path == whole or path.startswith(f"{whole}/")


class IngressController(Controller):
    name = "ingress-controller"
    room = "node"
    primary = "ingresses"
    watches = ("ingressclasses", "services", "endpointslices")
    address = "203.0.113.80"  # where the world reaches it

    def keys_for(self, change: Change) -> Iterable[Key]:
        if change.resource == "ingresses":
            return [key_of(change.object)]
        if change.resource == "ingressclasses":
            return [key_of(ingress) for ingress in self.cache.list("ingresses")]
        return []

    def reconcile(self, key: Key) -> Done | None:
        """Say at which address the ingress is to be found."""
        ingress = self.cache.get("ingresses", key)
        if ingress is not None and self._is_ours(ingress):
            said = {"loadBalancer": {"ingress": [{"ip": self.address}]}}
            if ingress.get("status") != said:
                self.client.update_status({**ingress, "status": said})
        return None

    def upstream(self, host: str, path: str) -> tuple[Endpoint, ...] | str:
        """Where a request goes; or the code of the answer if it goes nowhere."""
        route = choose(self.routes(), host, path)
        if route is None:
            return NOT_FOUND
        service = self.cache.get("services", route.service)
        port = _port(service, route.port) if service is not None else None
        if port is None:
            return UNAVAILABLE
        return usable(endpoints_of(self._slices(route.service), port.get("name") or "")) or UNAVAILABLE

    def routes(self) -> list[Route]:
        """Of all ingresses of ours, the oldest first."""
        mine = oldest_first([i for i in self.cache.list("ingresses") if self._is_ours(i)])
        return [route for ingress in mine for route in _routes(ingress)]

    def _is_ours(self, ingress: Object) -> bool:
        """Its class is ours; or it has none, and nobody else feels called."""
        name = ingress["spec"].get("ingressClassName")
        if name is None:
            return True
        return dig(self.cache.get("ingressclasses", name), "spec", "controller") == CONTROLLER

    def _slices(self, service: Key) -> list[Object]:
        slices = self.cache.list("endpointslices", service.partition("/")[0])
        return [s for s in slices if make_key(namespace_of(s), labels_of(s).get(SERVICE_NAME, "")) == service]


def choose(routes: list[Route], host: str, path: str) -> Route | None:
    """The one that fits best; of equals the first."""
    for wanted in (host, f"*.{host.partition('.')[2]}", ""):
        of_host = [r for r in routes if r.host == wanted and r.path]
        if of_host:
            fitting = [r for r in of_host if r.fits(path)]
            if fitting:
                return max(fitting, key=lambda r: (len(r.path.rstrip("/")), r.exact))
            break
    return next((r for r in routes if not r.path), None)


def _routes(ingress: Object) -> Iterator[Route]:
    for rule in ingress["spec"].get("rules") or ():
        for path in dig(rule, "http", "paths", default=[]):
            exact = path.get("pathType") == "Exact"
            yield from _to(ingress, path["backend"], rule.get("host") or "", path.get("path") or "/", exact)
    if ingress["spec"].get("defaultBackend"):
        yield from _to(ingress, ingress["spec"]["defaultBackend"], "", "", False)


def _to(ingress: Object, backend: Object, host: str, path: str, exact: bool) -> Iterator[Route]:
    service = backend.get("service")
    if service:
        port = service.get("port") or {}
        key = make_key(namespace_of(ingress), service["name"])
        yield Route(host, path, exact, key, port.get("name") or port.get("number") or 0)


def _port(service: Object, wanted: int | str) -> Object | None:
    ports = service["spec"].get("ports") or ()
    return next((p for p in ports if wanted in (p["port"], p.get("name"))), None)
