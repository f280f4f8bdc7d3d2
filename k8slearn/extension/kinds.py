"""The kinds of weather.example.com: Station in two versions, and Weather, of which nothing is stored.

Neither version is the stored one. Both are views of a row, by two small functions each; a definition (CRD)
would need a webhook for that, and could not leave out the storing.

Kubernetes: sample-apiserver/pkg/apis (conversion.go), metrics-server/pkg/api/node.go
"""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isfinite, pi, sin
from typing import Any, NamedTuple

from k8slearn.api.clock import timestamp
from k8slearn.api.errors import FieldError, invalid, required
from k8slearn.api.objects import Object
from k8slearn.extension.stations import Station

GROUP = "weather.example.com"
VERSIONS = ("v2", "v1")  # the preferred one first
SKIES = ("clear", "cloudy", "rain")

Place = tuple[float, float, float]  # latitude and longitude in degrees, height in metres


class View(NamedTuple):
    """How one version writes down where a station stands, and reads it. `fields`: the types of its spec."""

    write: Callable[[Place], Object]
    read: Callable[[Object], Place]
    fields: Object


def _v1(place: Place) -> Object:
    return {"location": f"{place[0]:g},{place[1]:g}", "height": f"{place[2]:g}m"}


def _of_v1(spec: Object) -> Place:
    latitude, longitude = spec["location"].split(",")
    return float(latitude), float(longitude), float(spec.get("height", "0m").removesuffix("m"))


def _v2(place: Place) -> Object:
    return {"position": {"latitude": place[0], "longitude": place[1]}, "altitude": place[2]}


def _of_v2(spec: Object) -> Place:
    position = spec["position"]
    return float(position["latitude"]), float(position["longitude"]), float(spec.get("altitude", 0))


STRING, NUMBER = {"type": "string"}, {"type": "number"}
POSITION = {"type": "object", "properties": {"latitude": NUMBER, "longitude": NUMBER}}
VIEWS = {
    "v1": View(_v1, _of_v1, {"location": STRING, "height": STRING}),
    "v2": View(_v2, _of_v2, {"position": POSITION, "altitude": NUMBER}),
}


def station_object(station: Station, version: str) -> Object:
    """A row, as a version shows it."""
    spec = VIEWS[version].write((station.latitude, station.longitude, station.height))
    status = {"installedBy": station.installed_by}
    return {**_head(station, version, "Station"), "spec": spec, "status": status}


def _head(station: Station, version: str, kind: str) -> Object:
    metadata = {
        "name": station.name,
        "namespace": station.namespace,
        "uid": station.uid,
        "resourceVersion": str(station.revision),
        "creationTimestamp": timestamp(station.created),
    }
    for field, text in (("labels", station.labels), ("annotations", station.annotations)):
        if text != "{}":
            metadata[field] = json.loads(text)
    return {"kind": kind, "apiVersion": f"{GROUP}/{version}", "metadata": metadata}


def read_place(spec: Any, version: str) -> Place | list[FieldError]:
    """Where a station stands, or what is wrong with its spec."""
    view = VIEWS[version]
    if not isinstance(spec, dict) or not spec:
        return [required("spec")]
    unknown = [name for name in spec if name not in view.fields]
    if unknown:
        return [invalid(f"spec.{name}", spec[name], f"{version} has no such field") for name in unknown]
    try:
        place = view.read(spec)
    except (ValueError, TypeError, AttributeError, KeyError):
        first = next(iter(view.fields))
        return [invalid(f"spec.{first}", spec.get(first), "must be a latitude and a longitude in degrees")]
    if not (abs(place[0]) <= 90 and abs(place[1]) <= 180 and isfinite(place[2])):
        first = next(iter(view.fields))
        return [invalid(f"spec.{first}", spec[first], "is nowhere on Earth")]
    return place


# --- computed -----------------------------------------------------------------------------------


def weather_object(station: Station, version: str, now: float) -> Object:
    """The weather at a station at this moment. It has no uid and no revision: it was never written."""
    head = _head(station, version, "Weather")
    metadata = {f: head["metadata"][f] for f in ("name", "namespace")}
    celsius = temperature(station, now)
    seen = {"temperature": round(celsius, 1), "sky": sky(station, now)}
    return {**head, "metadata": {**metadata, "creationTimestamp": timestamp(now)}, **seen}


def temperature(station: Station, now: float) -> float:
    """Degrees Celsius: colder towards the poles and with height, warmest in the early afternoon."""
    hour = (now / 3600 + station.longitude / 15) % 24
    return 30 - 0.5 * abs(station.latitude) - 0.0065 * station.height + 5 * sin((hour - 9) / 24 * 2 * pi)


def sky(station: Station, now: float) -> str:
    """It changes from hour to hour, and is the same whenever one asks about the same hour."""
    return SKIES[int(now // 3600 + abs(station.latitude) + abs(station.longitude)) % len(SKIES)]
