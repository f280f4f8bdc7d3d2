"""Another API server over HTTP: watches that break and go on, kinds that come later, servers that are not there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from k8slearn.api import errors
from k8slearn.client import Client
from k8slearn.live.remote import NoConfig, connect
from tests.crds import crd, widget
from tests.fakes import configmap
from tests.up import PATIENCE, Up


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    with Up(tmp_path / "home", "--nodes", "0", "--store", str(tmp_path / "state.db")) as running:
        yield running


@pytest.fixture
def client(up: Up) -> Iterator[Client]:
    remote = connect(up.kubeconfig)
    yield Client(remote)
    remote.close()


def until(holds: Callable[[], Any]) -> Any:
    """Ask until it is so: the other side is another process."""
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)
    return found


def heard(watch: Any, count: int) -> list[tuple[str, str]]:
    """The next events, as soon as they are there."""
    until(lambda: watch.lag >= count)
    events = [watch.take() for _ in range(count)]
    return [(e.type, e.object["metadata"]["name"]) for e in events]


def test_a_watch_hears_what_happens_and_rings(client: Client) -> None:
    rung: list[int] = []
    watch = client.watch("configmaps", "default", bell=lambda: rung.append(1))
    client.create(configmap("a"))
    client.patch("configmaps", "default/a", patch={"data": {"x": "1"}})
    client.delete("configmaps", "default/a")
    assert heard(watch, 3) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    assert len(rung) == 3
    watch.close()


def test_what_a_watch_brings_cannot_be_edited(client: Client) -> None:
    """It goes into caches, and is shared there."""
    watch = client.watch("configmaps", "default")
    client.create(configmap("a"))
    until(lambda: watch.waiting)
    with pytest.raises(TypeError):
        watch.take().object["data"] = {}  # type: ignore[union-attr]
    watch.close()


def test_a_watch_outlives_the_server(up: Up, client: Client) -> None:
    watch = client.watch("configmaps", "default")
    client.create(configmap("before"))
    up.kill()
    up.start()
    until(lambda: _reached(client))
    client.create(configmap("after"))
    assert heard(watch, 2) == [("ADDED", "before"), ("ADDED", "after")]
    watch.close()


def _reached(client: Client) -> bool:
    try:
        client.list("configmaps", "default")
    except errors.Unreachable:
        return False
    return True


def test_a_place_that_is_forgotten_ends_a_watch(tmp_path: Path) -> None:
    with Up(tmp_path / "home", "--nodes", "0") as up:  # in memory: what is older than its start is forgotten
        remote = connect(up.kubeconfig)
        watch = Client(remote).watch("configmaps", revision=1)
        until(lambda: watch.waiting)
        with pytest.raises(errors.Expired):
            watch.take()
        remote.close()


def test_a_long_list_comes_whole(client: Client) -> None:
    for n in range(7):
        client.create(configmap(f"c{n}", metadata={"labels": {"many": "yes"}}))
    from k8slearn.live import remote

    before, remote.PAGE = remote.PAGE, 3
    try:
        found = client.list("configmaps", "default", labels="many=yes")
    finally:
        remote.PAGE = before
    assert [o["metadata"]["name"] for o in found] == [f"c{n}" for n in range(7)]
    assert {(o["apiVersion"], o["kind"]) for o in found} == {("v1", "ConfigMap")}


@pytest.fixture(autouse=True)
def _ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a kind that was not there a moment ago."""
    monkeypatch.setattr("k8slearn.live.discovery.FRESH", 0.0)


def test_kinds_that_come_later_are_found(client: Client) -> None:
    with pytest.raises(errors.NotFound, match="doesn't have a resource type"):
        client.list("widgets.example.com")
    client.create(crd())
    until(lambda: _served(client))
    client.create(widget())
    assert [o["metadata"]["name"] for o in client.list("widgets.example.com")] == ["a"]


def _served(client: Client) -> bool:
    try:
        client.list("widgets.example.com")
    except errors.NotFound:
        return False
    return True


def test_a_server_that_is_not_there(up: Up, client: Client) -> None:
    client.list("configmaps")
    up.kill()
    with pytest.raises(errors.Unreachable, match="cannot be reached"):
        client.list("configmaps")


def test_a_wrong_token(up: Up, tmp_path: Path) -> None:
    config = tmp_path / "other"
    config.write_text(up.kubeconfig.read_text().replace(up.token, "wrong"))
    remote = connect(config)
    with pytest.raises(errors.Unauthorized):
        Client(remote).list("configmaps")
    remote.close()


def test_without_a_kubeconfig_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    with pytest.raises(NoConfig, match="--kubeconfig"):
        connect()
    with pytest.raises(NoConfig):
        connect(tmp_path / "none")


def test_a_kind_outlives_the_server_that_defined_it(up: Up, client: Client) -> None:
    """Its definition is in the store, and the table of kinds follows from that."""
    client.create(crd())
    until(lambda: _served(client))
    client.create(widget())
    up.kill()
    up.start()
    until(lambda: _reached(client))
    assert [o["metadata"]["name"] for o in client.list("widgets.example.com")] == ["a"]
