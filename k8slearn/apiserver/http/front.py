"""The way of a request: who asks, may he, what is meant, do it, say it.

Kubernetes: the handler chain of apiserver/pkg/server/config.go (DefaultBuildHandlerChain) and the
handlers of apiserver/pkg/endpoints.
"""

from __future__ import annotations

from typing import Any

from k8slearn.api import errors
from k8slearn.api.field_selectors import FieldSelector
from k8slearn.api.kinds import Resource
from k8slearn.api.requests import Request
from k8slearn.api.users import ANONYMOUS, User
from k8slearn.apiserver.aggregation import proxy, registered
from k8slearn.apiserver.http import answers, pages
from k8slearn.apiserver.http.answers import Shape, check_form
from k8slearn.apiserver.http.bodies import read_object, read_patch
from k8slearn.apiserver.http.messages import HttpRequest, HttpResponse
from k8slearn.apiserver.http.negotiation import Form, negotiate
from k8slearn.apiserver.http.options import LIST_OPTIONS, options_of
from k8slearn.apiserver.http.requestinfo import RequestInfo, request_info
from k8slearn.apiserver.http.streams import LogStream, Stream, WatchStream
from k8slearn.apiserver.rbac import Attributes, forbidden, impersonate
from k8slearn.apiserver.server import ApiServer
from k8slearn.apiserver.warnings import DEPRECATED

READS = frozenset(["get", "list", "watch"])
CONNECTIONS = frozenset(["exec", "attach", "portforward", "proxy"])
ANSWERED_WITH_A_KIND_OF_ITS_OWN = {"scale": "Scale", "eviction": "Eviction", "binding": "Binding"}


class Front:
    """One API server, as it is met over HTTP."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server

    def answer(self, http: HttpRequest) -> HttpResponse | Stream:
        """Answer one request. Whatever is wrong with it comes back as a Status."""
        try:
            info = request_info(http)
            user = self.authenticate(http, info)
            self.authorize(attributes(user, info))
            if apiservice := registered.handed_on(self.server, http.segments):
                endless = proxy.is_endless(http, info.verb)
                return proxy.pass_on(self.server, apiservice, http, user, endless=endless)
            return self._resource(http, info, user) if info.is_resource else self._page(http)
        except errors.ApiError as error:
            return answers.failure(error)

    # --- who, and may he ---

    def authenticate(self, http: HttpRequest, info: RequestInfo) -> User:
        """The user, from a bearer token or a client certificate; with Impersonate-User, another one."""
        authorization = http.headers.get("authorization", "")
        user = self.server.authenticator.authenticate(authorization, http.certificate) or ANONYMOUS
        return impersonate(self.server.authorizer, user, http.headers, http.repeated, attributes(user, info))

    def authorize(self, asked: Attributes) -> None:
        """Raises Forbidden, in Kubernetes' words."""
        allowed, reason = self.server.authorizer.authorize(asked)
        if not allowed:
            raise forbidden(asked, reason)

    # --- what ---

    def _page(self, http: HttpRequest) -> HttpResponse:
        """Everything that is not a resource: discovery, OpenAPI, health, version."""
        page = pages.find(self.server, http)
        if page is None:
            return answers.not_a_page()
        if http.method not in ("GET", "HEAD"):
            raise errors.not_allowed()
        return page(self.server, http)

    def _resource(self, http: HttpRequest, info: RequestInfo, user: User) -> HttpResponse | Stream:
        resource = self.server.kinds.served(info.group, info.version, info.resource)
        if resource is None:
            if any(r.group == info.group for r in self.server.kinds):
                raise errors.no_such_resource()
            return answers.not_a_page()
        check_shape(resource, info)
        if http.method == "HEAD":
            raise errors.not_allowed()
        form = negotiate(http.headers.get("accept", ""), stream=info.verb == "watch")
        check_form(form, info.verb)
        request = self._request(http, info, resource, user)
        request.warnings += DEPRECATED.get(f"{resource.api_version} {resource.kind}", ())
        if info.subresource == "log" and request.options.get("follow"):
            return LogStream(self.server, resource, request)
        if info.verb == "watch":
            return self._watch(request, resource, form, http)
        try:
            value = self.server.handle(request)
        except errors.ApiError as error:  # what was said before stays said
            return answers.warned(answers.failure(error), request.warnings)
        if isinstance(value, str):  # a log
            return answers.warned(answers.text(value), request.warnings)
        shown = self._shape(resource, form, http)(value)
        response = answers.answer(shown, _code(info, request, value), form.media_type)
        return answers.warned(response, request.warnings)

    def _request(self, http: HttpRequest, info: RequestInfo, resource: Resource, user: User) -> Request:
        options = options_of(info, http.query)
        namespace = info.namespace if resource.namespaced else ""
        request = Request(info.verb, resource, namespace, info.name, info.subresource, None, options, user)
        if info.subresource in CONNECTIONS:
            pass  # what follows is not a body, but a conversation
        elif info.verb in ("list", "watch"):
            select_the_one(options, info.name)
        elif info.verb in ("create", "update"):
            kind = ANSWERED_WITH_A_KIND_OF_ITS_OWN.get(info.subresource, resource.kind)
            request.body, options["duplicates"] = read_object(http, kind)
        elif info.verb == "patch":
            options["patchType"], (request.body, options["duplicates"]) = read_patch(http, resource)
        elif info.verb.startswith("delete") and http.body:
            options = {k: v for k, v in options.items() if k in LIST_OPTIONS} | delete_options(http)
            request.options = options
        if info.verb not in READS and options.get("patchType") != "apply":  # who applies must say who he is
            options.setdefault("fieldManager", _user_agent(http))
        return request

    def _watch(self, request: Request, resource: Resource, form: Form, http: HttpRequest) -> WatchStream:
        """A watch that cannot begin where it should is told so as its first and last event."""
        try:
            watch = self.server.watch(request)
        except errors.Expired as error:
            return WatchStream(None, resource, _as_is, error=error)
        return WatchStream(
            watch,
            resource,
            self._shape(resource, form, http),
            bookmarks=bool(request.options.get("allowWatchBookmarks")),
            seconds=request.options.get("timeoutSeconds"),
        )

    def _shape(self, resource: Resource, form: Form, http: HttpRequest) -> Shape:
        return Shape(resource, form, http.query.get("includeObject", "Metadata"), self.server.clock)


def delete_options(http: HttpRequest) -> dict[str, Any]:
    """The body of a DELETE says everything, or the query does."""
    sent = read_object(http, "DeleteOptions").value
    if not isinstance(sent, dict):
        raise errors.BadRequest("expected DeleteOptions")
    kind, version = sent.get("kind") or "DeleteOptions", sent.get("apiVersion") or "v1"
    if kind != "DeleteOptions":
        scheme = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"
        raise errors.BadRequest(
            f'no kind "{kind}" is registered for version "{version}" in scheme "{scheme}"'
        )
    return {k: v for k, v in sent.items() if k not in ("kind", "apiVersion") and v is not None}


def attributes(user: User, info: RequestInfo) -> Attributes:
    """What authorisation is asked."""
    if not info.is_resource:
        return Attributes(user, info.verb, path=info.path)
    where = (info.namespace, info.group, info.version, info.resource, info.subresource, info.name)
    return Attributes(user, info.verb, *where)


def select_the_one(options: dict[str, Any], name: str) -> None:
    """A list or a watch with a name, from its URL or its selector, is about that object."""
    if not name:
        return
    chosen = options.setdefault("fieldSelector", f"metadata.name={name}")
    if FieldSelector.parse(chosen).exact("metadata.name") != name:
        raise errors.BadRequest("fieldSelector metadata.name doesn't match requested name")


def _as_is(obj: Any) -> Any:
    return obj


def check_shape(resource: Resource, info: RequestInfo) -> None:
    """Does the URL fit the kind (scope, subresource), and the method the URL?"""
    if not resource.namespaced and info.namespace and resource.plural != "namespaces":
        raise errors.no_such_resource()
    if resource.namespaced and not info.namespace:
        if info.name and info.verb not in ("list", "watch"):
            raise errors.no_such_resource()
        if info.verb not in ("list", "watch") and not resource.is_virtual:
            raise errors.not_allowed()
    if info.subresource and info.subresource not in resource.subresources:
        raise errors.no_such_resource()
    if not info.subresource:
        named = {"create": False, "update": True, "patch": True}.get(info.verb)
        if named is not None and named != bool(info.name):
            raise errors.not_allowed()
        if info.verb not in resource.verbs:
            raise errors.not_allowed()


def _code(info: RequestInfo, request: Request, value: Any) -> int:
    if isinstance(value, dict) and value.get("kind") == "Status":
        return int(value.get("code", 200))
    return 201 if info.verb == "create" or request.created else 200


def _user_agent(http: HttpRequest) -> str:
    """Who writes, if he does not say: the name of his program. Kubernetes: managerOrUserAgent"""
    return http.headers.get("user-agent", "").split("/")[0] or "unknown"
