"""Tables and objects without their contents, as answers to a request.

Kubernetes: apiserver/pkg/endpoints/handlers/response.go (asTable, asPartialObjectMetadata)
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.api.errors import BadRequest
from k8slearn.api.kinds import Resource
from k8slearn.api.objects import Object, dig, name_of
from k8slearn.apiserver.tables.columns import columns, has_table
from k8slearn.apiserver.tables.pods import row_conditions

META = "meta.k8s.io/v1"


def partial(resource: Resource, obj: Object) -> Object:
    """Only the metadata. Garbage collectors and caches of many kinds need no more."""
    return {"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": obj.get("metadata") or {}}


def partial_list(
    resource: Resource, objects: Iterable[Object], list_metadata: Object | None = None
) -> Object:
    items = [partial(resource, obj) for obj in objects]
    named = {"kind": "PartialObjectMetadataList", "apiVersion": META}
    return {**named, "metadata": list_metadata or {}, "items": items}


def table(
    resource: Resource,
    objects: Iterable[Object],
    now: float,
    *,
    include: str = "Metadata",
    list_metadata: Object | None = None,
    headers: bool = True,
) -> Object:
    """One row an object. `headers`: say what the columns are; a watch says so in its first event only.

    `include` is what each row brings along of its object: None, Metadata or Object.
    """
    check_include(include)
    rows = [row(resource, obj, now, include) for obj in _in_order(resource, objects)]
    return {
        "kind": "Table",
        "apiVersion": META,
        "metadata": list_metadata or {},
        "columnDefinitions": [c.definition() for c in columns(resource)] if headers else None,
        "rows": rows or ([] if has_table(resource) else None),  # Go: an empty slice, or none at all
    }


def row(resource: Resource, obj: Object, now: float, include: str = "Metadata") -> Object:
    """What the table says of one object."""
    made: Object = {"cells": [c.cell(obj, now) for c in columns(resource)]}
    if resource.kind == "Pod" and (conditions := row_conditions(obj)):
        made["conditions"] = conditions
    made["object"] = obj if include == "Object" else None if include == "None" else partial(resource, obj)
    return made


def check_include(include: str) -> None:
    """Raises BadRequest. Kubernetes: meta/v1/validation (ValidateTableOptions)"""
    if include not in ("", "None", "Metadata", "Object"):
        said = f"includeObject: Invalid value: \"{include}\": must be 'Metadata', 'Object', 'None', or empty"
        raise BadRequest(f"Unable to convert to Table as requested: {said}")


def _in_order(resource: Resource, objects: Iterable[Object]) -> Iterable[Object]:
    """Flow schemas are shown as they are tried; everything else as it was listed."""
    if resource.kind != "FlowSchema":
        return objects
    return sorted(objects, key=lambda o: (dig(o, "spec", "matchingPrecedence", default=0), name_of(o)))
