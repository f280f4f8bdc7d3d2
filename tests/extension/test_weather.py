"""The weather server alone: whom it believes, how it keeps stations, and what it makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k8slearn.apiserver.outside import Call
from k8slearn.extension import WeatherServer
from k8slearn.extension.kinds import GROUP, VIEWS
from tests import fakes

ANN = (("X-Remote-User", "ann"), ("Content-Type", "application/json"))
STATIONS = f"/apis/{GROUP}/{{}}/namespaces/default/stations"
TABLE = ("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
OSLO = {"metadata": {"name": "oslo"}, "spec": {"location": "59.9,10.7", "height": "23m"}}


@pytest.fixture
def clock() -> fakes.Clock:
    return fakes.Clock()


@pytest.fixture
def weather(clock: fakes.Clock) -> WeatherServer:
    return WeatherServer(clock)


def ask(
    weather: WeatherServer,
    target: str,
    method: str = "GET",
    body: Any = None,
    headers: Any = ANN,
    code: int = 200,
) -> Any:
    sent = json.dumps(body).encode() if body is not None else b""
    reply = weather(Call("", target, sent, method, tuple(headers), as_proxy=True))
    assert reply.code == code, reply.body
    return json.loads(reply.body)


def add(weather: WeatherServer, code: int = 201, **metadata: Any) -> Any:
    body = {**OSLO, "metadata": {**OSLO["metadata"], **metadata}}
    return ask(weather, STATIONS.format("v1"), "POST", body, code=code)


def test_nobody_but_the_proxy_is_believed(weather):
    """The headers alone are worth nothing: anybody can write them."""
    forged = Call("", STATIONS.format("v2"), b"", "GET", (("X-Remote-User", "system:admin"),))
    assert weather(forged).code == 401
    assert weather(forged._replace(as_proxy=True)).code == 200
    assert weather(forged._replace(as_proxy=True, headers=())).code == 401
    assert weather(forged._replace(target="/healthz")).body == b"ok"


def test_two_versions_of_one_row(weather):
    add(weather)
    v2 = ask(weather, f"{STATIONS.format('v2')}/oslo")
    assert v2["spec"] == {"position": {"latitude": 59.9, "longitude": 10.7}, "altitude": 23}
    assert v2["status"] == {"installedBy": "ann"}
    row = weather.stations.get("default", "oslo")
    assert row is not None
    assert (row.latitude, row.longitude, row.height) == (59.9, 10.7, 23)


@pytest.mark.parametrize("version", VIEWS)
@pytest.mark.parametrize("place", [(0.0, 0.0, 0.0), (-33.9, 151.2, 58.0), (89.5, -180.0, -3.5)])
def test_writing_and_reading_a_place_are_inverse(version, place):
    assert VIEWS[version].read(VIEWS[version].write(place)) == place


@pytest.mark.parametrize(
    ("version", "spec", "said"),
    [
        ("v1", None, "spec: Required value"),
        (
            "v1",
            {"location": "north"},
            'spec.location: Invalid value: "north": must be a latitude and a longitude',
        ),
        ("v2", {"location": "1,2"}, 'spec.location: Invalid value: "1,2": v2 has no such field'),
        ("v1", {"location": "91,0"}, 'spec.location: Invalid value: "91,0": is nowhere on Earth'),
    ],
)
def test_a_place_that_is_none(weather, version, spec, said):
    body = {"metadata": {"name": "x"}, **({"spec": spec} if spec else {})}
    assert said in ask(weather, STATIONS.format(version), "POST", body, code=422)["message"]
    assert weather.stations.all() == []


def test_writes_and_their_conflicts(weather):
    made = add(weather)
    assert add(weather, code=409)["reason"] == "AlreadyExists"
    one = f"{STATIONS.format('v1')}/oslo"
    moved = {**made, "spec": {"location": "59.9,10.7", "height": "30m"}}
    changed = ask(weather, one, "PUT", moved)
    assert int(changed["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    assert ask(weather, one, "PUT", moved, code=409)["reason"] == "Conflict"
    assert ask(weather, one, "PUT", changed)["metadata"] == changed["metadata"]  # nothing to write
    headers = (*ANN[:1], ("Content-Type", "application/merge-patch+json"))
    assert ask(weather, one, "PATCH", {"spec": {"height": "1m"}}, headers)["spec"]["height"] == "1m"
    odd = (*ANN[:1], ("Content-Type", "application/apply-patch+yaml"))
    assert ask(weather, one, "PATCH", {}, odd, code=415)["reason"] == "UnsupportedMediaType"
    assert ask(weather, one, "DELETE")["status"] == "Success"
    assert ask(weather, one, code=404)["message"] == f'stations.{GROUP} "oslo" not found'


@pytest.mark.parametrize(
    ("method", "target", "body", "code"),
    [
        ("GET", "?watch=1&resourceVersion=x", b"", 400),
        ("GET", "?labelSelector=a%20in%20(", b"", 400),
        ("POST", "", b"{", 400),
        ("POST", "", b"[]", 400),
        ("POST", "", b'{"metadata": 1}', 400),
        ("POST", "", b'{"metadata": {}, "spec": {"location": "1,2"}}', 422),
        ("POST", "", b'{"metadata": {"name": "A B"}, "spec": {"location": "1,2"}}', 422),
        ("POST", "", b'{"metadata": {"name": "a"}, "spec": {"location": "nan,2"}}', 422),
        ("POST", "", b'{"metadata": {"name": "a"}, "spec": []}', 422),
        ("PUT", "/nobody", b"{}", 404),
        ("POST", "/oslo/status", b"{}", 405),
        ("GET", "/a%20b", b"", 404),
    ],
)
def test_bad_input_is_refused(weather, method, target, body, code):
    call = Call("", STATIONS.format("v1") + target, body, method, ANN, as_proxy=True)
    reply = weather(call)
    assert (reply.code, json.loads(reply.body)["kind"]) == (code, "Status")
    assert weather.stations.all() == []


def test_a_rehearsal_writes_nothing(weather):
    ask(weather, f"{STATIONS.format('v1')}?dryRun=All", "POST", OSLO, code=201)
    assert weather.stations.all() == []


def test_a_watch_goes_on_where_it_was(weather):
    add(weather)
    seen = ask(weather, STATIONS.format("v1"))["metadata"]["resourceVersion"]
    ask(weather, f"{STATIONS.format('v1')}/oslo", "DELETE")
    add(weather, labels={"a": "b"})
    watch = f"{STATIONS.format('v1')}?watch=1&resourceVersion={seen}"
    lines = weather(Call("", watch, b"", "GET", ANN, as_proxy=True)).body.splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["DELETED", "ADDED"]
    labelled = weather(Call("", f"{watch}&labelSelector=a%3Db", b"", "GET", ANN, as_proxy=True)).body
    assert len(labelled.splitlines()) == 1


def test_tables(weather, clock):
    add(weather)
    clock.now = 120.0
    table = ask(weather, STATIONS.format("v2"), headers=(*ANN, TABLE))
    assert [c["name"] for c in table["columnDefinitions"]] == [
        "Name",
        "Latitude",
        "Longitude",
        "Altitude",
        "Age",
    ]
    assert table["rows"][0]["cells"] == ["oslo", 59.9, 10.7, 23, "2m"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    weathers = STATIONS.format("v2").replace("stations", "weathers")
    assert ask(weather, weathers, headers=(*ANN, TABLE))["rows"][0]["cells"] == ["oslo", -4.3, "cloudy"]


def test_the_weather_is_never_written(weather, clock):
    add(weather)
    weathers = STATIONS.format("v2").replace("stations", "weathers")
    revision = weather.stations.revision
    night = ask(weather, f"{weathers}/oslo")
    clock.now = 14 * 3600.0
    noon = ask(weather, f"{weathers}/oslo")
    assert noon["temperature"] > night["temperature"]
    assert "resourceVersion" not in noon["metadata"]
    assert weather.stations.revision == revision
    assert ask(weather, weathers, "POST", OSLO, code=405)["reason"] == "MethodNotAllowed"


def test_stations_outlive_the_process(clock, tmp_path: Path):
    path = str(tmp_path / "stations.db")
    made = add(WeatherServer(clock, path))
    assert ask(WeatherServer(clock, path), f"{STATIONS.format('v1')}/oslo") == made


def test_a_whole_namespace_is_emptied(weather):
    add(weather)
    ask(weather, STATIONS.format("v1").replace("default", "other"), "POST", OSLO, code=201)
    ask(weather, STATIONS.format("v1"), "DELETE")
    assert [s.namespace for s in weather.stations.all()] == ["other"]
