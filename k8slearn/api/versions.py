"""One object, seen as several versions: stored in one of them, shown in the one that was asked for.

A conversion is a function from object to object, which changes nothing that it is given. Versions without one
differ in name only.

Kubernetes: apimachinery/pkg/conversion; pkg/apis/{core,events,autoscaling}/*/conversion.go;
apimachinery/pkg/version/helpers.go
"""

from __future__ import annotations

import re
from collections.abc import Callable

from k8slearn.api import hpa_versions
from k8slearn.api.objects import Object
from k8slearn.api.resources import Resource

Conversion = Callable[[Object], Object]


def convert(obj: Object, source: Resource, target: Resource) -> Object:
    """`obj`, which is of `source`, as `target` shows it. Rows of one kind; the same row: the same object."""
    if target.definition is not None:
        return convert_all([obj], source, target)[0]
    if source is target:
        return obj
    change = CONVERSIONS.get((source.api_version, source.kind, target.api_version))
    return {**(change(obj) if change else obj), "apiVersion": target.api_version}


def convert_all(objects: list[Object], source: Resource, target: Resource) -> list[Object]:
    """The same for many: those of a custom kind may lie in the store in any version that it ever had.

    Whatever a conversion makes, the schema of the version that was asked for keeps only what it knows.
    (Kubernetes: customresource_handler.go, schemaCoercingConverter)
    """
    if target.definition is None:
        return [convert(obj, source, target) for obj in objects]
    wanted, definition = target.api_version, target.definition
    if all(obj["apiVersion"] == wanted for obj in objects):
        return objects
    change = definition.converter or _renamed
    made = zip(objects, change(objects, wanted), strict=True)
    return [new if new is old else definition.prune(new)[0] for old, new in made]


def _renamed(objects: list[Object], wanted: str) -> list[Object]:
    """Of a kind that says nothing of conversion, versions differ in name only."""
    return [obj if obj["apiVersion"] == wanted else {**obj, "apiVersion": wanted} for obj in objects]


_VERSION = re.compile(r"v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?")


def priority(version: str) -> tuple[int, int, int]:
    """Sorts versions: v2 > v1 > v2beta1 > v1beta2 > v1alpha1 > anything else. (Then, A comes before B.)"""
    found = _VERSION.fullmatch(version)
    if not found:
        return (0, 0, 0)
    major, stage, minor = found.groups()
    return ({None: 3, "beta": 2, "alpha": 1}[stage], int(major), int(minor or 0))


# --- Events ----------------------------------------------------------------------------------

#: How v1 names a field, and how events.k8s.io/v1 does.
_RENAMED = {
    "involvedObject": "regarding",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
}
_NAMED_BACK = {new: old for old, new in _RENAMED.items()}

#: What each of them writes even while there is nothing to say.
_ALWAYS_V1: Object = {
    "involvedObject": {},
    "source": {},
    "firstTimestamp": None,
    "lastTimestamp": None,
    "eventTime": None,
    "reportingComponent": "",
    "reportingInstance": "",
}
_ALWAYS_EVENTS: Object = {
    "eventTime": None,
    "regarding": {},
    "deprecatedSource": {},
    "deprecatedFirstTimestamp": None,
    "deprecatedLastTimestamp": None,
}


def _to_events(obj: Object) -> Object:
    renamed = {_RENAMED.get(field, field): value for field, value in obj.items()}
    return {field: value for field, value in {**_ALWAYS_EVENTS, **renamed}.items() if value not in ("", 0)}


def _to_core(obj: Object) -> Object:
    return {**_ALWAYS_V1, **{_NAMED_BACK.get(field, field): value for field, value in obj.items()}}


_HPA = "HorizontalPodAutoscaler"

CONVERSIONS: dict[tuple[str, str, str], Conversion] = {
    ("v1", "Event", "events.k8s.io/v1"): _to_events,
    ("events.k8s.io/v1", "Event", "v1"): _to_core,
    ("autoscaling/v2", _HPA, "autoscaling/v1"): hpa_versions.to_v1,
    ("autoscaling/v1", _HPA, "autoscaling/v2"): hpa_versions.to_v2,
}
