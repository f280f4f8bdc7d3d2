"""One file, two worlds: `k8slearn run`, simulated and against a server, through its own death and the server's."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.up import COMMAND, PATIENCE, Up

MIRROR = Path(__file__).with_name("operator_mirror.py")
HERE = "/api/v1/namespaces/default/configmaps"


def source(name: str, value: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "default", "labels": {"mirror": "yes"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": value}}


def ran(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, "run", *words], capture_output=True, text=True, timeout=PATIENCE)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    with Up(tmp_path / "home", "--nodes", "0", "--store", str(tmp_path / "state.db")) as running:
        yield running


class Operator:
    """The process."""

    def __init__(self, up: Up, *words: str) -> None:
        command = [COMMAND, "run", str(MIRROR), "--kubeconfig", str(up.kubeconfig), *words]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        self.began = self.process.stderr.readline()

    def end(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


def value(http: httpx.Client, name: str) -> str | None:
    try:
        found = http.get(f"{HERE}/{name}").json()
    except httpx.TransportError:
        return None
    return str(found["data"]["a"]) if "data" in found else None


def test_simulated_it_tells_the_story(tmp_path: Path) -> None:
    manifest = tmp_path / "cm.yaml"
    manifest.write_text(
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, labels: {mirror: "yes"}}\ndata: {a: "1"}\n'
    )
    done = ran(str(MIRROR), "--apply", str(manifest))
    assert done.returncode == 0, done.stderr
    assert (
        "mirror                    creates configmaps default/one-copy   because of 1 (client)" in done.stdout
    )


def test_the_same_file_against_a_server_through_deaths_of_both(up: Up) -> None:
    with up.http() as http:
        first = Operator(up)
        assert first.began.startswith(f"mirror at {up.url}")
        http.post(HERE, json=source("one", "1"))
        until(lambda: value(http, "one-copy") == "1")
        first.end(signal.SIGKILL)
        http.put(f"{HERE}/one", json=source("one", "2"))
        http.post(HERE, json=source("two", "1"))
        second = Operator(up)
        until(lambda: (value(http, "one-copy"), value(http, "two-copy")) == ("2", "1"))
        up.kill()
        up.start()
        until(lambda: value(http, "two") == "1")
        http.put(f"{HERE}/two", json=source("two", "3"))
        until(lambda: value(http, "two-copy") == "3")
        code, said = second.end(signal.SIGINT)
    assert code == 0
    assert said.splitlines()[-1].startswith("stopped: up 0 min, ")
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "no controller is defined in it"),
        ("\n\nx = nope\n", "line 3: NameError: name 'nope' is not defined"),
        ("def f(:\n", "line 1: SyntaxError"),
        (None, "there is no such file"),
    ],
)
def test_files_that_cannot_be_run(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "operator.py"
    if text is not None:
        file.write_text(text)
    done = ran(str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
