"""Names: what a pod means when it says ``web``, ``web.shop`` or ``db-0.db.shop.svc.cluster.local``.

| name                                     | stands for                                                    |
|------------------------------------------|---------------------------------------------------------------|
| SERVICE.NAMESPACE.svc.cluster.local      | its cluster IP; headless: its ready pods; ExternalName: a name |
| HOSTNAME.SERVICE.NAMESPACE.svc...        | one pod of a headless service, as a StatefulSet names them    |
| 10-244-1-3.NAMESPACE.pod.cluster.local   | that address, whether somebody has it or not                  |

Short names are tried with each ending of the search path. It answers from what its informers have told it.

Kubernetes: coredns/plugin/kubernetes, and /etc/resolv.conf as pkg/kubelet/network/dns writes it
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import NamedTuple

from k8slearn.api.objects import Key, Object, labels_of, make_key, namespace_of
from k8slearn.machinery import Controller, Done
from k8slearn.traffic.router import SERVICE_NAME

DOMAIN = "cluster.local"
NDOTS = 5  # a name with so many dots is first tried as it is
CHAIN = 8  # aliases of aliases that are followed
NOERROR, NXDOMAIN = "NOERROR", "NXDOMAIN"


class Answer(NamedTuple):
    code: str = NXDOMAIN
    addresses: tuple[str, ...] = ()
    alias: str = ""  # the name that this one stands for (CNAME)


NO = Answer()


class ClusterDNS(Controller):
    name = "cluster-dns"
    room = "node"
    primary = "services"
    watches = ("endpointslices",)

    def reconcile(self, key: Key) -> Done | None:
        """There is nothing to do but to listen: answers come from the cache."""
        return None

    def resolve(self, name: str, namespace: str = "default") -> list[str]:
        """The addresses; none if the name does not exist, or stands for something outside of the cluster."""
        return list(self.lookup(name, namespace).addresses)

    def lookup(self, name: str, namespace: str = "default") -> Answer:
        """As a pod of this namespace hears it: with the search path."""
        for full in candidates(name, namespace):
            answer = self.query(full)
            if answer.code == NOERROR:
                return answer
        return NO

    def query(self, full: str) -> Answer:
        """A full name, without the final dot."""
        alias = ""
        for _ in range(CHAIN):
            answer = self._own(full.lower())
            if not answer.alias:
                return answer._replace(alias=alias) if answer.code == NOERROR or not alias else answer
            full = alias = answer.alias
            if not full.endswith(f".{DOMAIN}"):  # not ours to know
                return Answer(NOERROR, (), alias)
        return NO

    def _own(self, full: str) -> Answer:
        if not full.endswith(f".{DOMAIN}"):
            return NO
        match full.removesuffix(f".{DOMAIN}").split("."):
            case [service, namespace, "svc"]:
                return self._service(make_key(namespace, service), "")
            case [host, service, namespace, "svc"]:
                return self._service(make_key(namespace, service), host)
            case [dashed, _, "pod"]:
                return _address(dashed)
        return NO

    def _service(self, key: Key, host: str) -> Answer:
        service = self.cache.get("services", key)
        if service is None:
            return NO
        spec = service["spec"]
        if spec.get("type") == "ExternalName":
            return Answer(NOERROR, (), spec["externalName"].rstrip(".")) if not host else NO
        if not host and spec.get("clusterIP", "None") != "None":
            return Answer(NOERROR, (spec["clusterIP"],))
        found = sorted({a for e in self._ready(service) if host in ("", *_names(e)) for a in e["addresses"]})
        return Answer(NOERROR, tuple(found)) if found else NO

    def _ready(self, service: Object) -> list[Object]:
        name, slices = service["metadata"]["name"], self.cache.list("endpointslices", namespace_of(service))
        entries = [
            e for s in slices if labels_of(s).get(SERVICE_NAME) == name for e in s.get("endpoints") or ()
        ]
        return [e for e in entries if (e.get("conditions") or {}).get("ready") is not False]


def candidates(name: str, namespace: str) -> list[str]:
    """The full names that a short one may mean, in the order in which they are tried."""
    if name.endswith("."):
        return [name.rstrip(".")]
    endings = (f"{namespace}.svc.{DOMAIN}", f"svc.{DOMAIN}", DOMAIN)
    longer = [f"{name}.{ending}" for ending in endings]
    return [name, *longer] if name.count(".") >= NDOTS else [*longer, name]


def _names(entry: Object) -> tuple[str, ...]:
    """What one endpoint of a service is called. Kubernetes: endpointHostname"""
    named = entry.get("hostname")
    return (named,) if named else tuple(a.replace(".", "-") for a in entry["addresses"])


def _address(dashed: str) -> Answer:
    try:
        return Answer(NOERROR, (str(ip_address(dashed.replace("-", "."))),))
    except ValueError:
        return NO
