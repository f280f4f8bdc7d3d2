"""The weather server beside a notebook's control plane: it can be killed, and comes back with what it had."""

from __future__ import annotations

import os

import httpx
import pytest

from k8slearn.live import start
from k8slearn.live.beside import Beside

STATIONS = "/apis/weather.example.com/v1/namespaces/default/stations"
BERLIN = {"metadata": {"name": "berlin"}, "spec": {"location": "52.52,13.41", "height": "34m"}}


def test_it_is_killed_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "KUBECONFIG", "")
    with start(nodes=0, speed=20) as plane:
        beside = Beside(plane)
        trust = str(plane.plane.settings.home / "ca.crt")
        headers = {"authorization": f"Bearer {plane.token}"}
        with httpx.Client(base_url=plane.url, headers=headers, verify=trust, timeout=60) as client:
            until(client, "True")
            assert client.post(STATIONS, json=BERLIN).status_code == 201
            beside.kill()
            until(client, "False")
            assert client.get(STATIONS).status_code == 503
            url = beside.url
            beside.start()
            until(client, "True")
            assert beside.url == url
            assert [one["metadata"]["name"] for one in client.get(STATIONS).json()["items"]] == ["berlin"]
        beside.kill()


def until(client: httpx.Client, wanted: str) -> None:
    """Watch until v1 is available, or is not."""
    path = "/apis/apiregistration.k8s.io/v1/apiservices?watch=1&fieldSelector=metadata.name%3Dv1.weather.example.com"
    with client.stream("GET", path) as events:
        for line in events.iter_lines():
            if f'"status":"{wanted}"' in line:
                return
    raise AssertionError("the watch has ended")
