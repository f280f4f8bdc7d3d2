"""A live control plane with a cloud: the same players, the same machines that come and go."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8slearn.live.controlplane import ControlPlane, Settings
from k8slearn.node.stages import HOLLOW
from tests.fakes import service


@pytest.fixture
def plane(tmp_path: Path):
    plane = ControlPlane(Settings(nodes=2, port=0, home=tmp_path, stages=HOLLOW, cloud="a"))
    yield plane
    plane.close()


def kubelets(plane: ControlPlane) -> list[str]:
    return [name for name in plane.driver.players() if name.startswith("kubelet/")]


def test_its_machines_come_and_go(plane):
    plane.driver.settle()
    assert kubelets(plane) == ["kubelet/node-0", "kubelet/node-1"]
    assert [n["spec"]["providerID"] for n in plane.store.list("nodes")] == [
        "cloud-a://north-1/i-0000",
        "cloud-a://north-2/i-0001",
    ]
    room = plane.driver.manager.players["machine-room"]
    room.machines.terminate("i-0001")  # type: ignore[attr-defined]
    room.queue.add("*")
    plane.driver.manager.touch("machine-room")
    plane.driver.settle()
    assert kubelets(plane) == ["kubelet/node-0"]


def test_its_load_balancers_are_one_thing_for_all_players(plane):
    from k8slearn.client import Client

    plane.driver.settle()
    Client(plane.server).create(service(type="LoadBalancer"))
    plane.driver.settle()
    balancers = plane.driver.manager.players["service-lb-controller"].balancers  # type: ignore[attr-defined]
    assert [b["hosts"] for b in balancers.list()] == [["node-0", "node-1"]]
    classes = [c["metadata"]["name"] for c in plane.store.list("storageclasses")]
    assert classes == ["balanced", "fast"]
