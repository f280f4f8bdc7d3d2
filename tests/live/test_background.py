"""A control plane beside the caller, as in a notebook."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import httpx
import pytest

import k8slearn.live
from tests.live.watching import Watching
from tests.up import Up


def test_it_runs_beside_us_and_points_kubectl_at_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "elsewhere")
    before = threading.active_count()
    with k8slearn.live.start(nodes=2) as background:
        up = Up.beside(background)
        assert os.environ["KUBECONFIG"] == str(background.kubeconfig)
        with up.http() as http:
            assert len(http.get("/api/v1/nodes").json()["items"]) == 2
        assert str(background) == f"<control plane at {up.url}, kubeconfig {background.kubeconfig}>"
    assert threading.active_count() == before
    with pytest.raises(httpx.ConnectError), up.http() as http:
        http.get("/readyz")


def test_two_of_them_know_nothing_of_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "elsewhere")
    with k8slearn.live.start(nodes=0) as one, k8slearn.live.start(nodes=0) as other:
        here, there = Up.beside(one), Up.beside(other)
        with here.http() as http:
            http.post("/api/v1/namespaces", json={"metadata": {"name": "mine"}}).raise_for_status()
        with there.http() as http:
            assert http.get("/api/v1/namespaces/mine").status_code == 404
        with there.http(here.token, here.trust) as http, pytest.raises(httpx.ConnectError):
            http.get("/api/v1/namespaces")  # one's authority did not sign the other's certificate


def test_stopping_ends_watches_and_may_be_said_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "elsewhere")
    background = k8slearn.live.start(nodes=0)
    with Watching(Up.beside(background), "/api/v1/namespaces") as watch:
        assert ("ADDED", "default") in watch.names(4)
        background.stop()
        assert watch.event() is None
        assert watch.ended_well
    background.stop()


def test_what_cannot_be_started_is_said_at_once_and_nothing_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "elsewhere")
    with k8slearn.live.start(nodes=0) as background:
        before = threading.active_count()
        with pytest.raises(RuntimeError, match="cannot listen on"):
            k8slearn.live.start(nodes=0, port=Up.beside(background).port)
        with pytest.raises(RuntimeError, match="is not a store of k8slearn"):
            k8slearn.live.start(nodes=0, store=str(background.kubeconfig))
        assert threading.active_count() == before
