"""The documents and their addresses. Each is made when it is first asked for, and kept until the kinds change.

Kubernetes: kube-openapi/pkg/handler, handler3
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from k8slearn.api.errors import NotAcceptable
from k8slearn.api.kinds import Kinds
from k8slearn.api.resources import Resource
from k8slearn.apiserver.openapi import components, descriptions, gnostic, paths, swagger

JSON = "application/json"
INFO = {"title": "Kubernetes", "version": "v1.36.2"}
BEARER = {"type": "apiKey", "in": "header", "name": "authorization"}
MADE_BY = (
    "1"  # to be raised when what is made of the same kinds changes: clients keep documents by their hash
)

Document = dict[str, Any]


def document(kinds: Kinds, path: str, accept: str = "") -> tuple[str, Document | bytes] | None:
    """(media type, the document at this path: bytes if it is no JSON), or None. Raises NotAcceptable."""
    parts = path.strip("/").split("/")
    match parts[1:]:
        case ["v2"] if gnostic.ACCEPTED in accept:
            return gnostic.MEDIA_TYPE, _kept(kinds, "v2 protobuf", lambda: gnostic.document(_v2(kinds)))
        case ["v2"]:
            _check_accept(accept)
            return JSON, _v2(kinds)
        case ["v3"]:
            return JSON, _kept(kinds, "v3", lambda: index(kinds))
        case ["v3", *place] if "/".join(place) in places(kinds):
            _check_accept(accept)
            return JSON, v3_document(kinds, "/".join(place))
    return None


def _v2(kinds: Kinds) -> Document:
    found: Document = _kept(kinds, "v2", lambda: swagger.document(v3_documents(kinds)))
    return found


def _check_accept(accept: str) -> None:
    offered = {"", JSON, "application/*", "*/*"}
    if not any(clause.partition(";")[0].strip() in offered for clause in accept.split(",")):
        raise NotAcceptable(f"only the following media types are accepted: {JSON}")


def _kept(kinds: Kinds, name: str, make: Callable[[], Any]) -> Any:
    key = f"openapi {name}"
    if key not in kinds.memo:
        kinds.memo[key] = make()
    return kinds.memo[key]


def places(kinds: Kinds) -> dict[str, list[Resource]]:
    """Where the documents are: ``api/v1``, ``apis/apps/v1``; and the kinds that each is about."""
    found: dict[str, list[Resource]] = {}
    for resource in kinds:
        found.setdefault(f"api{'s' if resource.group else ''}/{resource.api_version}", []).append(resource)
    return found


def index(kinds: Kinds) -> Document:
    """Every document with its hash, so that clients need not ask for what they have."""
    addresses = {}
    for place, resources in sorted(places(kinds).items()):
        said = repr((MADE_BY, descriptions.available(), resources)).encode()
        addresses[place] = {"serverRelativeURL": f"/openapi/v3/{place}?hash={_hash(said)}"}
    return {"paths": addresses}


def _hash(said: bytes) -> str:
    return hashlib.sha512(said).hexdigest().upper()


def v3_document(kinds: Kinds, place: str) -> Document:
    return _kept(kinds, place, lambda: make_v3(places(kinds)[place], list(kinds)))


def v3_documents(kinds: Kinds) -> list[Document]:
    return [v3_document(kinds, place) for place in places(kinds)]


def make_v3(resources: list[Resource], everything: list[Resource]) -> Document:
    """The document about the kinds of one group and version."""
    operations = paths.of(resources)
    schemas = components.Library(everything).schemas(components.references(operations))
    found = {"openapi": "3.0.0", "info": INFO, "paths": operations}
    return {**found, "components": {"schemas": schemas, "securitySchemes": {"BearerToken": BEARER}}}
