"""Load balancers for Services of type LoadBalancer.

Four rules keep what is rented from being lost or rented twice: the finalizer comes first, so that the Service cannot go
without us; the wish's token is the Service's uid; what is to be deleted is found by that token and not by what the
status says; and the finalizer goes last.

Kubernetes: k8s.io/cloud-provider/controllers/service/controller.go
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from k8slearn.api.errors import NotFound
from k8slearn.api.objects import Key, Object, dig, is_deleting, key_of, labels_of, name_of, uid_of
from k8slearn.api.taints import taints_of
from k8slearn.clouds.balancers import Balancer, Balancers
from k8slearn.clouds.refused import Refused
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
LEAVE_OUT = "node.kubernetes.io/exclude-from-external-load-balancers"  # a label of nodes
LEAVING = "ToBeDeletedByClusterAutoscaler"  # a taint
LOOK = 1.0  # seconds between two looks whether there is an address
PAUSE = 30.0  # seconds until what was refused is asked for again


class ServiceController(Controller):
    name = "service-lb-controller"
    room = "controllers"
    primary = "services"
    watches = ("nodes",)
    outside = ("balancers",)

    def __init__(self, balancers: Balancers, field: str) -> None:
        """`field`: how the cloud names its balancers, by ip or hostname."""
        self.balancers, self.field = balancers, field

    def setup(self) -> None:
        self.events.component = "service-controller"

    def keys_for(self, change: Change) -> Iterable[Key]:
        """A Service; of a node only that it has come, gone, or is to be left out."""
        if change.resource == "services":
            return [key_of(change.object)]
        before, after = (o is not None and _is_host(o) for o in (change.old, change.new))
        return [key_of(s) for s in self.cache.list("services") if _wants(s)] if before != after else []

    def reconcile(self, key: Key) -> Done | None:
        service = self.cache.get("services", key)
        if service is None:
            return None
        if is_deleting(service) or not _wants(service):
            self._clean_up(service)
            return None
        try:
            return self._ensure(service)
        except Refused as error:
            self._tell_failure(service, error)
            return Done(again_in=PAUSE, background=True)
        except OSError as error:
            self._tell_failure(service, error)
            raise

    def _tell_failure(self, service: Object, error: Exception) -> None:
        said = f"Error syncing load balancer: failed to ensure load balancer: {error}"
        self.events.warning(service, "SyncLoadBalancerFailed", said)

    # --- there shall be one ---

    def _ensure(self, service: Object) -> Done | None:
        """Raises Refused. Our own writes come back as events, and that is when we go on."""
        if FINALIZER not in _finalizers(service):
            self.events.normal(service, "EnsuringLoadBalancer", "Ensuring load balancer")
            self._write_finalizers(service, [*_finalizers(service), FINALIZER])
            return None
        there = self._balancer(service)
        if there is None:
            return None
        if not there["address"]:
            return Done(again_in=LOOK)
        ingress = [{self.field: there["address"]}]
        if not _says(service, ingress):
            self.client.patch_status(service, patch={"loadBalancer": {"ingress": ingress}})
            self.events.normal(service, "EnsuredLoadBalancer", "Ensured load balancer")
        return None

    def _balancer(self, service: Object) -> Balancer | None:
        """The one of this Service, as it should be. None: the Service is gone, or asks for none any more."""
        uid, now = uid_of(service), self.clock.now
        ports = [p["port"] for p in service["spec"]["ports"]]
        hosts = [name_of(n) for n in self.cache.list("nodes") if _is_host(n)]
        found = self.balancers.list(uid, now)
        if not found:
            if not self._is_wanted(service):
                return None
            if not hosts:
                text = "There are no available nodes for LoadBalancer"
                self.events.warning(service, "UnAvailableLoadBalancer", text)
            return self.balancers.create(uid, ports=ports, hosts=hosts, now=now)
        if (found[0]["ports"], found[0]["hosts"]) != (ports, hosts):
            self.balancers.update(found[0]["id"], ports=ports, hosts=hosts)
            text = "Updated load balancer with new hosts"
            self.events.normal(service, "UpdatedLoadBalancer", text)
        return found[0]

    def _is_wanted(self, service: Object) -> bool:
        """Not by what the cache believes: by what is true now."""
        try:
            now = self.client.get("services", key_of(service))
        except NotFound:
            return False
        same = uid_of(now) == uid_of(service) and not is_deleting(now)
        return same and _wants(now) and FINALIZER in _finalizers(now)

    # --- it shall go ---

    def _clean_up(self, service: Object) -> None:
        """First the cloud, then the status, then the finalizer."""
        if FINALIZER not in _finalizers(service):
            return
        for there in self.balancers.list(uid_of(service), self.clock.now):
            self.events.normal(service, "DeletingLoadBalancer", "Deleting load balancer")
            self.balancers.delete(there["id"])
        with suppress(NotFound):
            if dig(service, "status", "loadBalancer", "ingress"):
                service = self.client.patch_status(service, patch={"loadBalancer": {"ingress": None}})
            self._write_finalizers(service, [f for f in _finalizers(service) if f != FINALIZER])
        self.events.normal(service, "DeletedLoadBalancer", "Deleted load balancer")

    def _write_finalizers(self, service: Object, wanted: list[str]) -> None:
        version = service["metadata"]["resourceVersion"]
        patch = {"metadata": {"finalizers": wanted, "resourceVersion": version}}
        self.client.patch(service, patch=patch)


def _wants(service: Object) -> bool:
    """One of ours: a class of its own would name somebody else who makes it."""
    spec = service["spec"]
    return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass")


def _is_host(node: Object) -> bool:
    leaving = any(t["key"] == LEAVING for t in taints_of(node))
    return not leaving and not is_deleting(node) and LEAVE_OUT not in labels_of(node)


def _says(service: Object, ingress: list[Object]) -> bool:
    known = dig(service, "status", "loadBalancer", "ingress", default=[])
    return [{k: v for k, v in entry.items() if k in ("ip", "hostname")} for entry in known] == ingress


def _finalizers(obj: Object) -> list[str]:
    return obj["metadata"].get("finalizers") or []
