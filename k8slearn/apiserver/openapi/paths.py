"""The operations of a document: for each kind its addresses, and what may be done there.

Kubernetes: apiserver/pkg/endpoints/installer.go
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from k8slearn.api import schema
from k8slearn.api.resources import Resource, Subresource
from k8slearn.apiserver.openapi.names import META, of_kind, of_type, ref

# --- parameters ------------------------------------------------------------------------------

_WRITE = ["dryRun", "fieldManager", "fieldValidation"]
_DELETE = ["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"]
_LIST = """allowWatchBookmarks continue fieldSelector labelSelector limit resourceVersion resourceVersionMatch
sendInitialEvents timeoutSeconds watch""".split()
_STREAMS = ["container", "stderr", "stdin", "stdout", "tty"]

QUERIES: dict[str, list[str]] = {
    "list": _LIST,
    "create": _WRITE,
    "update": _WRITE,
    "patch": [*_WRITE, "force"],
    "delete": _DELETE,
    "deletecollection": sorted({*_LIST, *_DELETE} - {"allowWatchBookmarks", "watch"}),
}
OF_SUBRESOURCE: dict[str, list[str]] = {
    "log": "container follow limitBytes previous sinceSeconds tailLines timestamps".split(),
    "attach": _STREAMS,
    "exec": ["command", *_STREAMS],
    "portforward": ["ports"],
    "proxy": ["path"],
}
_INTEGERS = frozenset(
    "gracePeriodSeconds limit limitBytes ports sinceSeconds tailLines timeoutSeconds".split()
)
_BOOLEANS = frozenset(
    """allowWatchBookmarks follow force orphanDependents previous sendInitialEvents stderr stdin stdout timestamps
    tty watch""".split()
)


def _query(name: str) -> dict[str, Any]:
    kind = "integer" if name in _INTEGERS else "boolean" if name in _BOOLEANS else "string"
    return {"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": True}}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "uniqueItems": True}}


# --- verbs -----------------------------------------------------------------------------------


class Verb(NamedTuple):
    """How a verb travels over HTTP, and how it is told."""

    method: str
    action: str  # x-kubernetes-action
    about: str
    codes: tuple[str, ...] = ("200",)


ONE = {
    "get": Verb("get", "get", "read the specified {}"),
    "update": Verb("put", "put", "replace the specified {}", ("200", "201")),
    "patch": Verb("patch", "patch", "partially update the specified {}", ("200", "201")),
    "delete": Verb("delete", "delete", "delete {}", ("200", "202")),
}
MANY = {
    "list": Verb("get", "list", "list or watch objects of kind {}"),
    "create": Verb("post", "post", "create {}", ("200", "201", "202")),
    "deletecollection": Verb("delete", "deletecollection", "delete collection of {}"),
}
PART = {**ONE, "create": MANY["create"]}
TITLES = {"get": "read", "update": "replace", "deletecollection": "delete"}  # in operationIds
CODES = {"200": "OK", "201": "Created", "202": "Accepted"}
CONNECTING = frozenset(["attach", "exec", "portforward", "proxy"])
PATCHES = """application/apply-patch+yaml application/json-patch+json application/merge-patch+json
application/strategic-merge-patch+json""".split()


# --- places ----------------------------------------------------------------------------------


class Place(NamedTuple):
    """One path, and what can be done there."""

    resource: Resource
    path: str
    verbs: dict[str, Verb]
    parameters: tuple[str, ...] = ()
    part: str = ""  # the subresource

    @property
    def what(self) -> Subresource:
        """The kind that travels, and its group and version."""
        r = self.resource
        found = r.subresource(self.part) if self.part else Subresource(r.verbs, r.kind)
        return found if found.group else found._replace(group=r.group, version=r.version)

    @property
    def type(self) -> str:
        """The type that travels; "" if it is text or a stream."""
        group, version, kind = self.what.group, self.what.version, self.what.kind
        if kind == self.resource.kind:
            return of_kind(self.resource)
        spelt = schema.kinds().get(f"{group}/{version} {kind}" if group else f"{version} {kind}")
        return of_type(spelt) if spelt else ""


def of(resources: list[Resource]) -> dict[str, Any]:
    """Path -> method -> operation, of these kinds."""
    places = [place for resource in resources for place in _places(resource)]
    return {place.path: _item(place) for place in sorted(places, key=lambda place: place.path)}


def _places(resource: Resource) -> Iterator[Place]:
    head = f"/api{'s' if resource.group else ''}/{resource.api_version}"
    within = ("namespace",) if resource.namespaced else ()
    path = f"{head}/namespaces/{{namespace}}/{resource.plural}" if within else f"{head}/{resource.plural}"
    places = [
        Place(resource, path, _offered(MANY, resource.verbs), within),
        Place(resource, f"{path}/{{name}}", _offered(ONE, resource.verbs), ("name", *within)),
    ]
    if within:
        everywhere = _offered({"list": MANY["list"]}, resource.verbs)
        places.append(Place(resource, f"{head}/{resource.plural}", everywhere))
    for part in resource.subresources:
        verbs = _offered(PART, resource.subresource(part).verbs)
        places.append(Place(resource, f"{path}/{{name}}/{part}", verbs, ("name", *within), part))
    return (place for place in places if place.verbs)


def _offered(verbs: dict[str, Verb], allowed: tuple[str, ...]) -> dict[str, Verb]:
    return {name: verb for name, verb in verbs.items() if name in allowed}


# --- operations ------------------------------------------------------------------------------


def _item(place: Place) -> dict[str, Any]:
    """Everything that can be done at one path."""
    operations = {verb.method: _operation(place, name, verb) for name, verb in place.verbs.items()}
    return {**operations, "parameters": [*map(_in_path, place.parameters), _query("pretty")]}


def _operation(place: Place, name: str, verb: Verb) -> dict[str, Any]:
    resource, what = place.resource, place.what
    about = f"{place.part} of the specified {resource.kind}" if place.part else resource.kind
    queries = OF_SUBRESOURCE.get(place.part) or QUERIES.get(name, [])
    operation: dict[str, Any] = {
        "description": verb.about.format(about).replace("the specified " + place.part, place.part),
        "operationId": _operation_id(place, name, verb),
        "tags": [f"{_group(resource)}_{resource.version}"],
        "parameters": [_query(query) for query in queries],
        "responses": _responses(verb, _answer(place, name)),
        "x-kubernetes-action": _action(place, verb),
        "x-kubernetes-group-version-kind": {"group": what.group, "version": what.version, "kind": what.kind},
    }
    if (body := _body(name, place.type, place.resource)) and place.part not in CONNECTING:
        operation["requestBody"] = {"content": body, "required": not name.startswith("delete")}
    return operation


def _action(place: Place, verb: Verb) -> str:
    return "connect" if place.part in CONNECTING else verb.action


def _group(resource: Resource) -> str:
    """``rbacAuthorization`` for rbac.authorization.k8s.io."""
    first, *rest = (resource.group or "core").removesuffix(".k8s.io").split(".")
    return first + "".join(map(_upper, rest))


def _upper(word: str) -> str:
    return word[:1].upper() + word[1:]


def _operation_id(place: Place, name: str, verb: Verb) -> str:
    """``readAppsV1NamespacedDeploymentScale``: every one is different, for clients make functions of them."""
    resource, part = place.resource, _upper(place.part)
    api = _upper(_group(resource)) + _upper(resource.version)
    scope = "Namespaced" if "namespace" in place.parameters else ""
    if place.part in CONNECTING:
        return f"connect{api}{_upper(verb.method)}{scope}{resource.kind}{part}"
    many = "Collection" if name == "deletecollection" else ""
    everywhere = "ForAllNamespaces" if resource.namespaced and not scope else ""
    return f"{TITLES.get(name, name)}{api}{many}{scope}{resource.kind}{part}{everywhere}"


def _answer(place: Place, name: str) -> str:
    if name == "list":
        return f"{place.type}List"
    return META + "Status" if name.startswith("delete") else place.type


def _responses(verb: Verb, type_: str) -> dict[str, Any]:
    shown = _json(type_) if type_ else {"text/plain": {"schema": {"type": "string"}}}
    found: dict[str, Any] = {code: {"description": CODES[code], "content": shown} for code in verb.codes}
    return {**found, "401": {"description": "Unauthorized"}}


def _body(name: str, type_: str, resource: Resource) -> dict[str, Any]:
    if name == "patch":
        known = PATCHES if resource.builtin else PATCHES[:-1]  # nobody knows the keys of other people's lists
        return {media_type: {"schema": ref(META + "Patch")} for media_type in known}
    if name.startswith("delete"):
        return _json(META + "DeleteOptions")
    return _json(type_) if name in ("create", "update") and type_ else {}


def _json(type_: str) -> dict[str, Any]:
    return {"application/json": {"schema": ref(type_)}}
