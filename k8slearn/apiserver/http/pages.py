"""Paths that are not resources: health, version, discovery, OpenAPI.

Kubernetes: apiserver/pkg/server/{healthz,routes}, apiserver/pkg/endpoints/discovery
"""

from __future__ import annotations

from collections.abc import Callable

from k8slearn.api import errors
from k8slearn.apiserver import discovery, openapi
from k8slearn.apiserver.http import answers
from k8slearn.apiserver.http.messages import HttpRequest, HttpResponse
from k8slearn.apiserver.http.negotiation import JSON, YAML, negotiate
from k8slearn.apiserver.server import ApiServer

Page = Callable[[ApiServer, HttpRequest], HttpResponse]

HEALTH = ("healthz", "livez", "readyz")
CHECKS = ("ping", "log", "etcd", "poststarthook/rbac/bootstrap-roles")


def find(server: ApiServer, http: HttpRequest) -> Page | None:
    """The page at this path, whatever the method; None when nobody has registered it."""
    parts = http.segments
    if not parts:
        return _index
    if parts[0] in HEALTH:
        check = "/".join(parts[1:])
        return _health if not check or check in CHECKS else None
    return PAGES.get(parts[0])


def _health(server: ApiServer, http: HttpRequest) -> HttpResponse:
    """``ok``, or check by check with ``?verbose``."""
    name, *check = http.segments
    if "verbose" not in http.query or check:
        return answers.text("ok")
    lines = [f"[+]{each} ok" for each in CHECKS]
    return answers.text("\n".join([*lines, f"{name} check passed", ""]))


def _discovery(server: ApiServer, http: HttpRequest) -> HttpResponse:
    found = discovery.document(server.kinds, http.path.rstrip("/"), http.headers.get("accept", ""))
    media_type, own = found or (JSON, None)
    document = server.catalogue.merge(http.path, own)
    if document is None:
        if len(http.segments) > 2 and any(r.group == http.segments[1] for r in server.kinds):
            raise errors.no_such_resource()
        return answers.not_a_page()
    if media_type == JSON:
        media_type = negotiate(http.headers.get("accept", ""), shapes=False).media_type
    return HttpResponse(200, answers.encode(document, YAML if media_type == YAML else ""), media_type)


def _openapi(server: ApiServer, http: HttpRequest) -> HttpResponse:
    found = openapi.document(server.kinds, http.path.rstrip("/"), http.headers.get("accept", ""))
    if found is None:
        return HttpResponse(404, b"", "")
    media_type, document = found
    if http.segments == ["openapi", "v3"] and isinstance(document, dict):
        document = server.catalogue.openapi(document)
    body = document if isinstance(document, bytes) else answers.encode(document)
    return HttpResponse(200, body, media_type)


def _version(server: ApiServer, http: HttpRequest) -> HttpResponse:
    return answers.answer(discovery.VERSION)


def _metrics(server: ApiServer, http: HttpRequest) -> HttpResponse:
    """How many objects of which kind are stored: the one figure that costs nothing to keep."""
    lines = ["# TYPE apiserver_storage_objects gauge"]
    for resource in sorted(server.store.resources()):
        lines.append(f'apiserver_storage_objects{{resource="{resource}"}} {server.store.count(resource)}')
    return answers.text("\n".join([*lines, ""]))


def _index(server: ApiServer, http: HttpRequest) -> HttpResponse:
    """Every path there is."""
    groups = {r.group for r in server.kinds if r.group}
    versions = {r.api_version for r in server.kinds if r.group}
    apis = [f"/apis/{name}" for name in sorted(groups | versions)]
    checks = [f"/{name}{check}" for name in HEALTH for check in ("", *(f"/{c}" for c in CHECKS))]
    others = ["/metrics", "/openapi/v2", "/openapi/v3", "/version"]
    return answers.answer({"paths": ["/api", "/api/v1", "/apis", *apis, *checks, *others]})


PAGES: dict[str, Page] = {
    "api": _discovery,
    "apis": _discovery,
    "openapi": _openapi,
    "version": _version,
    "metrics": _metrics,
}
