"""The weather server as a second process behind `k8slearn up`: what stock kubectl prints, while it lives and
when it dies."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from k8slearn.extension.kinds import GROUP
from k8slearn.live.certificates import Authority
from tests.live.kubectl import kubectl
from tests.up import PATIENCE, Up

HAS_KUBECTL = shutil.which("kubectl") is not None
with_kubectl = pytest.mark.skipif(not HAS_KUBECTL, reason="there is no kubectl on the path")
STATIONS = f"/apis/{GROUP}/v2/namespaces/default/stations"
FOREVER = 600.0  # seconds without any event, after which nothing will come any more
BERLIN = f"""
apiVersion: {GROUP}/v1
kind: Station
metadata: {{name: berlin}}
spec: {{location: "52.52,13.41", height: 34m}}
"""


class Weather:
    """The process. It keeps its stations in a file, and its port when it is started again."""

    def __init__(self, up: Up) -> None:
        self.up, self.port = up, 0
        self.folder = up.folder / "weather"
        self.start()

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        options = [
            "--port",
            str(self.port),
            "--home",
            str(self.folder),
            "--store",
            str(self.folder / "stations.db"),
        ]
        command = [
            sys.executable,
            "-m",
            "k8slearn.live.weather",
            "--kubeconfig",
            str(self.up.kubeconfig),
            *options,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("https://"), self.url + self.process.stdout.read()
        self.port = int(self.url.rpartition(":")[2])
        until_condition(self.up, "True")

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)


def until_condition(up: Up, wanted: str) -> dict[str, Any]:
    """Watch until both APIServices are as wanted; returns the last condition."""
    found: dict[str, Any] = {}
    with up.http() as client:
        url = "/apis/apiregistration.k8s.io/v1/apiservices?watch=1"
        with client.stream("GET", url, timeout=FOREVER) as events:
            for line in events.iter_lines():
                obj = json.loads(line)["object"]
                if obj["spec"].get("group") == GROUP:
                    for one in obj.get("status", {}).get("conditions", ()):
                        found[obj["metadata"]["name"]] = one
                if [c["status"] for c in found.values()] == [wanted, wanted]:
                    return dict(found[f"v2.{GROUP}"])
    raise AssertionError(f"they are {found}")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Ten times as fast as ours: availability is looked at every thirty seconds."""
    options = ("--nodes", "1", "--stages", "hollow", "--speed", "10")
    with Up(tmp_path_factory.mktemp("up"), *options) as running:
        yield running


@pytest.fixture(scope="module")
def weather(up: Up) -> Iterator[Weather]:
    with ExitStack() as stack:
        running = Weather(up)
        stack.callback(lambda: running.kill())
        yield running


@pytest.fixture
def api(up: Up, weather: Weather) -> Iterator[httpx.Client]:
    with up.http() as client:
        yield client
        client.delete(STATIONS)


def station(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"position": {"latitude": 1, "longitude": 2}, "altitude": 3}}


# --- while it lives --------------------------------------------------------------------------------


@with_kubectl
def test_kubectl_sees_no_difference(up: Up, api: httpx.Client) -> None:
    assert kubectl(up, "api-resources", f"--api-group={GROUP}") == (
        "NAME  SHORTNAMES  APIVERSION  NAMESPACED  KIND\n"
        "stations  stn  weather.example.com/v2  true  Station\n"
        "weathers  weather.example.com/v2  true  Weather"
    )
    assert kubectl(up, "apply", "-f", "-", given=BERLIN) == f"station.{GROUP}/berlin created"
    assert kubectl(up, "apply", "-f", "-", given=BERLIN) == f"station.{GROUP}/berlin unchanged"
    moved = BERLIN.replace("34m", "40m")
    assert kubectl(up, "apply", "-f", "-", given=moved) == f"station.{GROUP}/berlin configured"
    columns = "NAME  LATITUDE  LONGITUDE  ALTITUDE  AGE"
    assert kubectl(up, "get", "stn") == f"{columns}\nberlin  52.52  13.41  40  <age>"
    old = kubectl(up, "get", f"stations.v1.{GROUP}")
    assert old == "NAME  LOCATION  HEIGHT  AGE\nberlin  52.52,13.41  40m  <age>"
    assert re.fullmatch(r"NAME  TEMPERATURE  SKY\nberlin  -?[\d.]+  \w+", kubectl(up, "get", "weathers"))
    assert "altitude\t<number>" in kubectl(up, "explain", "station.spec")
    assert kubectl(up, "delete", "station", "berlin") == f'station.{GROUP} "berlin" deleted'
    assert kubectl(up, "get", "stations") == "No resources found in default namespace."


def test_a_watch_is_passed_on_while_it_happens(api: httpx.Client) -> None:
    api.post(STATIONS, json=station("first"))
    with api.stream("GET", f"{STATIONS}?watch=1&timeoutSeconds=20") as events:
        lines = events.iter_lines()
        assert json.loads(next(lines))["object"]["metadata"]["name"] == "first"
        api.post(STATIONS, json=station("second"))
        seen = json.loads(next(lines))
        assert (seen["type"], seen["object"]["metadata"]["name"]) == ("ADDED", "second")
        api.delete(f"{STATIONS}/first")
        assert json.loads(next(lines))["type"] == "DELETED"


def test_a_watch_ends_when_its_time_is_over(api: httpx.Client) -> None:
    with api.stream("GET", f"{STATIONS}?watch=1&timeoutSeconds=1") as events:
        assert list(events.iter_lines()) == []


def test_it_does_not_believe_who_comes_by_himself(up: Up, weather: Weather) -> None:
    """Neither headers alone, nor one who is called like the proxy, but has his certificate from the cluster's CA."""
    trust = ssl.create_default_context(cafile=str(weather.folder / "ca.crt"))
    claims = {"X-Remote-User": "system:admin", "X-Remote-Group": "system:masters"}
    assert httpx.get(f"{weather.url}{STATIONS}", headers=claims, verify=trust).status_code == 401
    forged = up.folder / "forged.pem"
    pair = Authority(up.folder).client("front-proxy-client")
    forged.write_bytes(pair.key + pair.certificate)
    trust.load_cert_chain(forged)
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{weather.url}{STATIONS}", headers=claims, verify=trust)


def test_the_cluster_says_whom_to_trust(up: Up) -> None:
    with up.http() as client:
        url = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
        data = client.get(url).json()["data"]
    assert data["requestheader-allowed-names"] == '["front-proxy-client"]'
    assert data["client-ca-file"] == up.authority.read_text()
    assert data["requestheader-client-ca-file"] == (up.folder / "front-proxy" / "ca.crt").read_text()


# --- when it dies, and comes back --------------------------------------------------------------------


def test_death_and_return(up: Up, weather: Weather, api: httpx.Client) -> None:
    namespaces = "/api/v1/namespaces"
    api.post(namespaces, json={"metadata": {"name": "far"}})
    assert api.post(STATIONS.replace("default", "far"), json=station("rome")).status_code == 201
    assert api.post(STATIONS, json=station("oslo")).status_code == 201
    if HAS_KUBECTL:  # it remembers which kinds there are
        assert "oslo" in kubectl(up, "get", "stations")
    with api.stream("GET", f"{STATIONS}?watch=1") as events:
        lines = events.iter_lines()
        next(lines)
        weather.kill()
        with pytest.raises(httpx.TransportError):  # it breaks off, and does not end as if all were well
            next(lines)
    broken = api.get(STATIONS)
    refused = f"dial tcp 127.0.0.1:{weather.port}: connect: connection refused"
    assert (broken.status_code, broken.text) == (503, f"error trying to reach service: {refused}\n")

    condition = until_condition(up, "False")
    url = f"https://localhost:{weather.port}/apis/{GROUP}/v2"
    assert condition["reason"] == "FailedDiscoveryCheck"
    assert condition["message"] == f'failing or missing response from {url}: Get "{url}": {refused}'
    assert (api.get(STATIONS).status_code, api.get(STATIONS).text) == (503, "service unavailable\n")
    if HAS_KUBECTL:
        said = "Error from server (ServiceUnavailable): the server is currently unable to handle the request"
        assert kubectl(up, "get", "stations", code=1) == f"{said} (get stations.{GROUP})"
        assert f"v2.{GROUP}  default/weather  False (FailedDiscoveryCheck)" in kubectl(
            up, "get", "apiservices"
        )
        assert GROUP not in kubectl(up, "api-resources")

    api.delete(f"{namespaces}/far")
    waits = watch_until(api, "far", lambda e: bool(failure(e["object"])))
    said = f"unable to retrieve the complete list of server APIs: {GROUP}/v1: stale GroupVersion discovery: {GROUP}/v1"
    assert said in failure(waits["object"])

    weather.start()
    assert watch_until(api, "far", lambda e: e["type"] == "DELETED")
    left = api.get(f"/apis/{GROUP}/v2/stations").json()["items"]
    assert [one["metadata"]["name"] for one in left] == ["oslo"]  # it was in the file


def failure(namespace: dict[str, Any]) -> str:
    """What the condition NamespaceDeletionDiscoveryFailure says, if it is true."""
    conditions = namespace.get("status", {}).get("conditions", ())
    kind = "NamespaceDeletionDiscoveryFailure"
    return "".join(c["message"] for c in conditions if c["type"] == kind and c["status"] == "True")


def watch_until(api: httpx.Client, name: str, what: Callable[[Any], bool]) -> dict[str, Any]:
    url = f"/api/v1/namespaces?watch=1&fieldSelector=metadata.name%3D{name}"
    with api.stream("GET", url, timeout=FOREVER) as events:
        for line in events.iter_lines():
            event: dict[str, Any] = json.loads(line)
            if what(event):
                return event
    raise AssertionError("it does not come true")
