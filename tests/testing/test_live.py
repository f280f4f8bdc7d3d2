"""Operators that know nothing of us work with `live_cluster`: one made with kopf, and a script that uses kr8s."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

OPERATOR = Path(__file__).parents[1] / "compatibility" / "operator_kopf.py"
SCRIPT = Path(__file__).with_name("script_kr8s.py")


@pytest.fixture
def kopf_operator(live_cluster, tmp_path):
    with (tmp_path / "operator.log").open("w") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "kopf",
                "run",
                "--standalone",
                "-n",
                live_cluster.namespace,
                str(OPERATOR),
            ],
            env={**os.environ, **live_cluster.env},
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        yield process
        process.terminate()
        process.wait()


def heard(live_cluster, name: str) -> dict:
    """The ConfigMap of that name, as soon as there is one."""
    path = f"/api/v1/namespaces/{live_cluster.namespace}/configmaps"
    options = {"watch": "1", "fieldSelector": f"metadata.name={name}", "timeoutSeconds": "30"}
    with live_cluster.http() as http, http.stream("GET", path, params=options, timeout=40) as watch:
        return next(event["object"] for event in map(json.loads, watch.iter_lines()))


def test_a_script_asks_and_an_operator_answers(live_cluster, kopf_operator):
    said = subprocess.run(
        [sys.executable, str(SCRIPT), live_cluster.namespace],
        env={**os.environ, **live_cluster.env},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "Ada\n"
    greeting = heard(live_cluster, "ada-greeting")
    assert greeting["data"] == {"text": "Hello Ada"}
    assert greeting["metadata"]["ownerReferences"][0]["name"] == "ada"
