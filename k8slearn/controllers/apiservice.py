"""Finds out whether the API servers to which groups are handed on are there, and says so in their APIServices.

Nothing is passed on to a server that is not `Available`. So this one looks often, and at everything on the
way: the Service, its port, its endpoints, and at last whether somebody answers.

Kubernetes:
kube-aggregator/pkg/controllers/status/{remote/remote_available_controller,local/local_available_controller}.go,
which run inside of the API server"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import NotFound, ServiceUnavailable
from k8slearn.api.objects import Key, Object, dig, key_of, labels_of, namespace_of
from k8slearn.api.requests import Request
from k8slearn.controllers.pods import condition
from k8slearn.machinery import Controller, Done
from k8slearn.machinery.informer import Change

LOOK_AGAIN = 30.0  # seconds, while it answers
RETRY = 3.0  # seconds, while it does not
SERVICE_NAME = "kubernetes.io/service-name"


class Verdict(NamedTuple):
    """What the condition Available says."""

    status: str
    reason: str
    message: str


LOCAL = Verdict("True", "Local", "Local APIServices are always available")
PASSED = Verdict("True", "Passed", "all checks passed")


class AvailableConditionController(Controller):
    name = "available-condition-controller"
    room = "controllers"
    primary = "apiservices"
    watches = ("services", "endpointslices")

    def keys_for(self, change: Change) -> Iterable[Key]:
        """A Service, or its endpoints, may be what an APIService waits for."""
        if change.resource == "apiservices":
            return [key_of(change.object)]
        where = change.object["metadata"]
        name = where["name"] if change.resource == "services" else labels_of(change.object).get(SERVICE_NAME)
        meant = {"namespace": namespace_of(change.object), "name": name}
        return [key_of(a) for a in self.cache.list("apiservices") if _is(a["spec"].get("service"), meant)]

    def reconcile(self, key: Key) -> Done | None:
        apiservice = self.cache.get("apiservices", key)
        if apiservice is None:
            return None
        if not apiservice["spec"].get("service"):
            self._say(apiservice, LOCAL)
            return None
        verdict = self._on_the_way(apiservice["spec"]["service"]) or self._answers(key)
        self._say(apiservice, verdict)
        if verdict.reason not in (PASSED.reason, "FailedDiscoveryCheck"):
            return None  # we shall hear when that changes
        return Done(again_in=LOOK_AGAIN if verdict is PASSED else RETRY, background=True)

    # --- what is asked ---

    def _on_the_way(self, wanted: Object) -> Verdict | None:
        """What keeps requests from getting as far as the server, if the cluster knows."""
        name, namespace = wanted["name"], wanted["namespace"]
        service = self.cache.get("services", f"{namespace}/{name}")
        which = f'service/{name} in "{namespace}"'
        if service is None:
            return Verdict("False", "ServiceNotFound", f"{which} is not present")
        if service["spec"].get("type") != "ClusterIP":
            return None
        number = wanted.get("port", 443)
        port = next((p for p in service["spec"].get("ports") or () if p["port"] == number), None)
        if port is None:
            return Verdict("False", "ServicePortError", f"{which} is not listening on port {number}")
        slices = [
            s for s in self.cache.list("endpointslices", namespace) if labels_of(s).get(SERVICE_NAME) == name
        ]
        if not slices:
            return Verdict("False", "EndpointsNotFound", f"cannot find endpointslices for {which}")
        if not any(_has(found, port.get("name", "")) for found in slices):
            said = f'endpointslices for {which} have no addresses with port name "{port.get("name", "")}"'
            return Verdict("False", "MissingEndpoints", said)
        return None

    def _answers(self, key: Key) -> Verdict:
        try:
            self.client.transport.handle(
                Request("get", "apiservices", "", key, "check", user=self.client.user)
            )
        except ServiceUnavailable as error:
            return Verdict("False", "FailedDiscoveryCheck", error.message)
        return PASSED

    # --- what is said ---

    def _say(self, apiservice: Object, verdict: Verdict) -> None:
        known = condition(apiservice, "Available")
        if known is not None and [known.get(f) for f in Verdict._fields] == [*verdict]:
            return
        now = timestamp(self.clock.now)
        since = known["lastTransitionTime"] if known and known["status"] == verdict.status else now
        fresh = {"type": "Available", "lastTransitionTime": since, **verdict._asdict()}
        conditions = [
            c for c in dig(apiservice, "status", "conditions", default=None) or () if c is not known
        ]
        try:
            self.client.update_status(apiservice, conditions=[*conditions, fresh])
        except NotFound:
            return


def _is(service: Object | None, meant: Object) -> bool:
    return service is not None and all(service[field] == value for field, value in meant.items())


def _has(found: Object, port: str) -> bool:
    """Is there a ready endpoint, and such a port?"""
    ready = any(dig(e, "conditions", "ready", default=True) for e in found.get("endpoints") or ())
    return ready and any((p.get("name") or "") == port for p in found.get("ports") or ())
