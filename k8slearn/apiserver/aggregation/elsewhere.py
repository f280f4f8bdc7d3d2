"""How the players of this process reach what others serve, and find out what there is.

Over HTTP a request is passed on as it comes. A controller's request has never been bytes: here it becomes a
call. It is not more than controllers need of kinds that they do not know: look, and delete.

Kubernetes: what client-go's discovery and metadata clients do for the namespace controller
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from k8slearn.api import errors
from k8slearn.api.errors import ServiceUnavailable
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, freeze
from k8slearn.api.requests import ObjectList, Request
from k8slearn.apiserver.aggregation import registered
from k8slearn.apiserver.aggregation.registered import AGGREGATOR, APISERVICES, address, call, path_of, why
from k8slearn.apiserver.outside import CallFailed, Reply

if TYPE_CHECKING:
    from k8slearn.apiserver.server import ApiServer

CHECK = "check"
LOOKS = (CHECK, "discovery")  # what players ask about an APIService; HTTP knows no such subresources
METHODS = {"list": "GET", "get": "GET", "delete": "DELETE", "deletecollection": "DELETE"}
JSON = (("Accept", "application/json"),)


@dataclass(frozen=True)
class Elsewhere(Resource):
    """A kind that another server serves. It is in no table: `discover` hands it out."""

    @property
    def apiservice(self) -> str:
        return f"{self.version}.{self.group}"


def _apiservice(server: ApiServer, name: str) -> Object:
    found = server.store.get(APISERVICES, name)
    if found is None or not found["spec"].get("service"):
        raise errors.not_found(APISERVICES, "apiregistration.k8s.io", name)
    return found


def look(server: ApiServer, request: Request) -> Any:
    """``check``: does the server behind an APIService answer? ``discovery``: what does it have?"""
    apiservice = _apiservice(server, request.name)
    if request.subresource == CHECK:
        return check(server, apiservice)
    resources = server.catalogue.resources(apiservice)
    if resources is None:
        spec = apiservice["spec"]
        raise ServiceUnavailable(f"stale GroupVersion discovery: {spec['group']}/{spec['version']}")
    return [_row(apiservice, one) for one in resources if "/" not in one["name"]]


def _row(apiservice: Object, one: Object) -> Elsewhere:
    spec = apiservice["spec"]
    named = (spec["group"], spec["version"], one["kind"], one["name"])
    return Elsewhere(*named, namespaced=one["namespaced"], verbs=tuple(one["verbs"]))


def check(server: ApiServer, apiservice: Object) -> None:
    """Raises ServiceUnavailable. Who it really is does not matter here: nothing is told to it, and nothing believed.

    Kubernetes: kube-aggregator/pkg/controllers/status/remote/remote_available_controller.go
    """
    target = path_of(apiservice)
    url = address(server, apiservice) + target
    asked = call(apiservice, target, AGGREGATOR)._replace(insecure=True, authority="")
    try:
        reply = server.outside(asked)
    except CallFailed as error:
        said = f'Get "{url}": {why(server, apiservice, error)}'
        raise ServiceUnavailable(f"failing or missing response from {url}: {said}") from None
    if not 200 <= reply.code < 300:
        raise ServiceUnavailable(
            f"failing or missing response from {url}: bad status from {url}: {reply.code}"
        )


# --- requests ---


def forward(server: ApiServer, resource: Elsewhere, request: Request) -> Any:
    """The other server's answer. Raises its ApiErrors, or ServiceUnavailable."""
    apiservice = _apiservice(server, resource.apiservice)
    if not registered.is_available(apiservice):
        raise ServiceUnavailable("service unavailable")
    method = METHODS[request.verb]
    sent = call(apiservice, url_of(resource, request), request.user, method=method, headers=JSON)
    try:
        reply = server.outside(sent)
    except CallFailed as error:
        raise ServiceUnavailable(f"error trying to reach service: {why(server, apiservice, error)}") from None
    return _answer(resource, request, reply)


def url_of(resource: Elsewhere, request: Request) -> str:
    namespace = f"/namespaces/{request.namespace}" if resource.namespaced and request.namespace else ""
    name = f"/{request.name}" if request.name else ""
    return f"/apis/{resource.api_version}{namespace}/{resource.plural}{name}"


def _answer(resource: Elsewhere, request: Request, reply: Reply) -> Any:
    """What the other server has said. Whatever cannot be understood counts as no answer."""
    try:
        said = json.loads(reply.body)
        if reply.code < 400 and request.verb == "list":
            revision = int(said["metadata"].get("resourceVersion") or 0)
            return ObjectList(freeze(said["items"]), revision=revision, kind=said["kind"])
        failed = errors.from_status(said) if reply.code >= 400 else None
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ServiceUnavailable(reply.body.decode("utf-8", "replace").strip()) from None
    if failed is not None:
        raise failed
    return said
