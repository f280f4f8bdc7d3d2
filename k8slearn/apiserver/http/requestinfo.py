"""What a URL means: which verb, on which resource, called what.

A resource URL is ``/api/v1`` or ``/apis/GROUP/VERSION``, then ``/namespaces/NS`` if it is about one
namespace, then ``/RESOURCE/NAME/SUBRESOURCE``, as far as it goes. Everything else (``/healthz``, ``/version``,
discovery) is a *non-resource* URL and is known by its path alone.

Kubernetes: apiserver/pkg/endpoints/request/requestinfo.go
"""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from k8slearn.api.errors import BadRequest
from k8slearn.api.field_selectors import FieldSelector
from k8slearn.apiserver.http.messages import HttpRequest
from k8slearn.apiserver.validation.metadata import path_segment

VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "GET": "get", "HEAD": "get", "DELETE": "delete"}
OF_MANY = {"get": "list", "delete": "deletecollection"}  # what a verb becomes when no name is given
OF_NAMESPACES = ("status", "finalize")  # /namespaces/NS/X: X is a subresource, not a resource in NS


class RequestInfo(NamedTuple):
    """Kubernetes: request.RequestInfo. For a non-resource URL only `verb` and `path` say anything."""

    verb: str
    path: str
    is_resource: bool = False
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    name: str = ""
    subresource: str = ""
    rest: tuple[str, ...] = ()  # whatever follows a subresource: the path behind a proxy


def request_info(http: HttpRequest) -> RequestInfo:
    head, parts = _api_version(http.segments)
    if head is None or not parts:
        return RequestInfo(http.method.lower(), http.path)
    group, version = head
    watch = parts[0] == "watch"  # the old way to ask for one: /api/v1/watch/pods
    namespace, parts = _namespace(parts[watch:])
    if not parts:
        return RequestInfo(http.method.lower(), http.path)
    resource, name, subresource = (*parts, "", "")[:3]
    verb = VERBS.get(http.method, http.method.lower())
    if not name or watch:
        verb = OF_MANY.get(verb, verb)
    if verb == "list":
        query = http.query
        verb = "watch" if watch or _is_true(query.get("watch")) else verb
        name = name or _the_one(query.get("fieldSelector", ""))
    return RequestInfo(
        verb, http.path, True, group, version, namespace, resource, name, subresource, tuple(parts[3:])
    )


def _api_version(parts: list[str]) -> tuple[tuple[str, str] | None, list[str]]:
    if parts[:1] == ["api"] and len(parts) > 1:
        return ("", parts[1]), parts[2:]
    if parts[:1] == ["apis"] and len(parts) > 2:
        return (parts[1], parts[2]), parts[3:]
    return None, parts


def _namespace(parts: list[str]) -> tuple[str, list[str]]:
    """A namespace is a resource itself, and a place for others."""
    if parts[:1] != ["namespaces"] or len(parts) < 2:
        return "", parts
    if len(parts) == 2 or parts[2] in OF_NAMESPACES:
        return parts[1], parts
    return parts[1], parts[2:]


def _the_one(selector: str) -> str:
    """The name that a list asks for and no other: who may only see one object may list that one."""
    with suppress(BadRequest):
        name = FieldSelector.parse(selector).exact("metadata.name") or ""
        return name if not path_segment(name) else ""
    return ""


def _is_true(text: str | None) -> bool:
    """Of parameters: to name one is enough."""
    return text is not None and text.lower() not in ("0", "false")
