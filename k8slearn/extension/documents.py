"""What clients read before they ask: which kinds there are, what their fields mean; and tables, which the server
draws.

Kubernetes: apiserver/pkg/endpoints/discovery, kube-openapi; sample-apiserver gets all of this from libraries
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.objects import Object, dig
from k8slearn.api.resources import VERBS, Resource
from k8slearn.apiserver.tables.cells import age
from k8slearn.apiserver.tables.table import partial
from k8slearn.extension.kinds import GROUP, VERSIONS, VIEWS

STATIONS = {
    version: Resource(GROUP, version, "Station", "stations", short=("stn",), verbs=VERBS)
    for version in VERSIONS
}
WEATHERS = {
    version: Resource(GROUP, version, "Weather", "weathers", verbs=("get", "list")) for version in VERSIONS
}


def resource(version: str, plural: str) -> Resource | None:
    table = {"stations": STATIONS, "weathers": WEATHERS}.get(plural, {})
    return table.get(version)


def document(segments: list[str]) -> Object | None:
    """What stands at a path that is not about objects."""
    match segments:
        case ["apis"]:
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group()]}
        case ["apis", group] if group == GROUP:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group()}
        case ["apis", group, version] if group == GROUP and version in VERSIONS:
            found = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/{version}"}
            return {**found, "resources": [_listed(t[version]) for t in (STATIONS, WEATHERS)]}
        case ["openapi", "v3"]:
            places = {
                f"apis/{GROUP}/{v}": {"serverRelativeURL": f"/openapi/v3/apis/{GROUP}/{v}"} for v in VERSIONS
            }
            return {"paths": places}
        case ["openapi", "v3", "apis", group, version] if group == GROUP and version in VERSIONS:
            return openapi(version)
    return None


def _group() -> Object:
    named = [{"groupVersion": f"{GROUP}/{version}", "version": version} for version in VERSIONS]
    return {"name": GROUP, "versions": named, "preferredVersion": named[0]}


def _listed(row: Resource) -> Object:
    said = {"name": row.plural, "singularName": row.singular, "namespaced": True, "kind": row.kind}
    return {**said, "verbs": list(row.verbs), **({"shortNames": list(row.short)} if row.short else {})}


# --- tables -----------------------------------------------------------------------------------------

#: The columns of each kind and version: name, type, where it stands.
COLUMNS: dict[tuple[str, str], tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    ("Station", "v1"): (
        ("Location", "string", ("spec", "location")),
        ("Height", "string", ("spec", "height")),
    ),
    ("Station", "v2"): (
        ("Latitude", "number", ("spec", "position", "latitude")),
        ("Longitude", "number", ("spec", "position", "longitude")),
        ("Altitude", "number", ("spec", "altitude")),
    ),
}
WEATHER = (("Temperature", "number", ("temperature",)), ("Sky", "string", ("sky",)))


def table(row: Resource, objects: list[Object], metadata: Object, now: float, include: str) -> Object:
    columns = COLUMNS.get((row.kind, row.version), WEATHER)
    definitions = [_column("Name", "string", "name"), *(_column(name, kind) for name, kind, _ in columns)]
    stored = row.kind == "Station"
    rows = []
    for obj in objects:
        cells = [obj["metadata"]["name"], *(dig(obj, *path) for _, _, path in columns)]
        cells += [age(obj["metadata"]["creationTimestamp"], now)] if stored else []
        shown = {"Object": obj, "None": None}.get(include, partial(row, obj))
        rows.append({"cells": cells, "object": shown})
    definitions += [_column("Age", "string")] if stored else []
    head = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
    return {**head, "columnDefinitions": definitions, "rows": rows}


def _column(name: str, kind: str, form: str = "") -> Object:
    return {"name": name, "type": kind, "format": form, "description": "", "priority": 0}


# --- OpenAPI ------------------------------------------------------------------------------------------


def openapi(version: str) -> Object:
    """As little of it as kubectl needs to explain a kind, and to leave the checking to the server."""
    seen = {
        "temperature": {"type": "number", "description": "Degrees Celsius, now."},
        "sky": {"type": "string"},
    }
    where = {"type": "object", "description": "Where it stands.", "properties": VIEWS[version].fields}
    schemas = {
        f"com.example.weather.{version}.Station": _schema(STATIONS[version], {"spec": where}),
        f"com.example.weather.{version}.Weather": _schema(WEATHERS[version], seen),
    }
    paths = {path: item for table in (STATIONS, WEATHERS) for path, item in _paths(table[version]).items()}
    info = {"title": "Weather", "version": version}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _gvk(row: Resource) -> Object:
    return {"group": row.group, "version": row.version, "kind": row.kind}


def _schema(row: Resource, fields: Object) -> Object:
    always = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    told = {"Station": "A weather station.", "Weather": "The weather at a station, computed when it is read."}
    found = {"type": "object", "description": told[row.kind], "properties": {**always, **fields}}
    return {**found, "x-kubernetes-group-version-kind": [_gvk(row)]}


def _paths(row: Resource) -> dict[str, Any]:
    parameter = {"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}
    said = {"x-kubernetes-group-version-kind": _gvk(row), "responses": {}, "parameters": [parameter]}
    many = f"/apis/{row.api_version}/namespaces/{{namespace}}/{row.plural}"
    acts = {"get": {**said, "x-kubernetes-action": "list"}}
    one = {"get": {**said, "x-kubernetes-action": "get"}}
    if "create" in row.verbs:
        acts["post"] = {**said, "x-kubernetes-action": "post"}
        one["patch"] = {**said, "x-kubernetes-action": "patch"}
    return {many: acts, f"{many}/{{name}}": one}
