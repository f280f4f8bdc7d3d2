"""Operators as people run them: files, in processes of their own, against a live API server; and their cloud."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from k8slearn.operators import definition
from tests.operators.cloudtrial import bucket
from tests.up import COMMAND, PATIENCE, Up

Bucket = dict[str, Any]

FILE = Path("examples/operators/buckets.py")
HERE = "/apis/cloud.example.com/v1/namespaces/default/buckets"
MERGE = {"content-type": "application/merge-patch+json"}


class Operators:
    """Some processes of one file or several, and what is to be seen of their work on both sides."""

    def __init__(self, up: Up, cloud: Path) -> None:
        self.up, self.cloud = up, cloud
        self.http: httpx.Client = up.http()
        self.running: list[subprocess.Popen[str]] = []
        self.http.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json=definition("buckets"))
        until(lambda: self.http.get(HERE).status_code == 200)

    def start(self, file: Path = FILE, **env: str) -> subprocess.Popen[str]:
        """Returns when it has said that it runs."""
        command = [COMMAND, "run", str(file), "--kubeconfig", str(self.up.kubeconfig)]
        known = {**os.environ, "CLOUD": str(self.cloud), **env}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=known)
        assert process.stderr is not None
        process.stderr.readline()
        self.running.append(process)
        return process

    def close(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=PATIENCE)
        self.http.close()

    # --- what people do ---

    def create(self, *names: str) -> None:
        for name in names:
            self.http.post(HERE, json=bucket(name)).raise_for_status()

    def patch(self, name: str, **spec: Any) -> None:
        body = json.dumps({"spec": spec})
        self.http.patch(f"{HERE}/{name}", content=body, headers=MERGE).raise_for_status()

    def delete(self, *names: str) -> None:
        for name in names:
            self.http.delete(f"{HERE}/{name}").raise_for_status()

    # --- what there is ---

    def objects(self) -> list[Bucket]:
        return list(self.http.get(HERE).json()["items"])

    def ids(self) -> list[str]:
        """Those that are written down."""
        return sorted(o["status"]["id"] for o in self.objects() if o.get("status", {}).get("id"))

    def buckets(self) -> list[Bucket]:
        """Those in the cloud."""
        return list(self._cloud()["buckets"].values())

    @property
    def made(self) -> int:
        """How many have ever been made."""
        return int(self._cloud()["made"])

    def _cloud(self) -> dict[str, Any]:
        if not self.cloud.exists():
            return {"buckets": {}, "made": 0}
        found: dict[str, Any] = json.loads(self.cloud.read_text(encoding="utf-8"))
        return found


def until(holds: Callable[[], bool]) -> None:
    """Ask until it is so: it is other processes that work."""
    end = time.monotonic() + 2 * PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)
