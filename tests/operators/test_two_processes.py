"""The same operator in processes of its own, against a live API server: one is killed in the middle of its work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from k8slearn.operators import definition
from tests.operators.cloudtrial import bucket
from tests.up import COMMAND, PATIENCE, Up

FILE = Path("examples/operators/buckets.py")
HERE = "/apis/cloud.example.com/v1/namespaces/default/buckets"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/default/leases/bucket-controller"
COUNT = 12


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    with Up(tmp_path / "home", "--nodes", "0") as running:
        yield running


class Operators:
    """Some processes of the one file, and the cloud that they share."""

    def __init__(self, up: Up, cloud: Path) -> None:
        self.up, self.cloud = up, cloud
        self.running: list[subprocess.Popen[str]] = []

    def start(self) -> subprocess.Popen[str]:
        command = [COMMAND, "run", str(FILE), "--kubeconfig", str(self.up.kubeconfig)]
        env = {**os.environ, "CLOUD": str(self.cloud)}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env)
        assert process.stderr is not None
        process.stderr.readline()
        self.running.append(process)
        return process

    def buckets(self) -> list[dict[str, Any]]:
        if not self.cloud.exists():
            return []
        return list(json.loads(self.cloud.read_text(encoding="utf-8"))["buckets"].values())


@pytest.fixture
def operators(up: Up, tmp_path: Path) -> Iterator[Operators]:
    started = Operators(up, tmp_path / "cloud.json")
    yield started
    for process in started.running:
        process.kill()
        process.communicate(timeout=PATIENCE)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 2 * PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


@pytest.mark.slow
def test_nothing_is_lost_leaked_or_doubled_when_the_leader_is_killed(up: Up, operators: Operators) -> None:
    with up.http() as http:
        http.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json=definition("buckets"))
        until(lambda: http.get(HERE).status_code == 200)

        def ids() -> list[str]:
            return [
                b["status"]["id"] for b in http.get(HERE).json()["items"] if b.get("status", {}).get("id")
            ]

        first = operators.start()
        until(lambda: http.get(LEASE).status_code == 200)  # it leads
        second = operators.start()
        for number in range(COUNT):
            http.post(HERE, json=bucket(f"b-{number}"))
        until(lambda: len(operators.buckets()) >= 2)
        first.send_signal(signal.SIGKILL)
        until(lambda: len(ids()) == COUNT)
        assert http.get(LEASE).json()["spec"]["leaseTransitions"] == 1
        assert sorted(b["id"] for b in operators.buckets()) == sorted(ids())

        second.send_signal(signal.SIGTERM)
        second.wait(timeout=PATIENCE)
        operators.start()
        for number in range(COUNT // 2):
            http.delete(f"{HERE}/b-{number}")
        until(lambda: len(http.get(HERE).json()["items"]) == COUNT - COUNT // 2)
        assert sorted(b["id"] for b in operators.buckets()) == sorted(ids())
