"""One file, two worlds: `k8slearn run`, simulated and against a server, through its own death and the server's."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.up import COMMAND, PATIENCE, Up

MIRROR = Path(__file__).with_name("operator_mirror.py")
RunBy = Callable[..., "Operator"]
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
    """The process. Ended by the fixture `run_by`, unless it has been."""

    def __init__(self, up: Up, *words: str, file: Path | None = MIRROR) -> None:
        command = [COMMAND, "run", *([str(file)] if file else []), "--kubeconfig", str(up.kubeconfig), *words]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.began = self.line()

    def line(self) -> str:
        """The next that it says."""
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def end(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said


@pytest.fixture
def run_by() -> Iterator[RunBy]:
    """``run_by(up, "--leader-elect")``"""
    begun: list[Operator] = []

    def one(up: Up, *words: str, file: Path | None = MIRROR) -> Operator:
        begun.append(Operator(up, *words, file=file))
        return begun[-1]

    yield one
    for operator in begun:
        if operator.process.poll() is None:
            operator.end(signal.SIGKILL)


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


def test_the_same_file_against_a_server_through_deaths_of_both(run_by: RunBy, up: Up) -> None:
    with up.http() as http:
        first = run_by(up)
        assert first.began.startswith(f"mirror at {up.url}")
        http.post(HERE, json=source("one", "1"))
        until(lambda: value(http, "one-copy") == "1")
        first.end(signal.SIGKILL)
        http.put(f"{HERE}/one", json=source("one", "2"))
        http.post(HERE, json=source("two", "1"))
        second = run_by(up)
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


def test_our_scheduler_places_the_pods_that_name_it_there(run_by: RunBy, up: Up) -> None:
    pods = "/api/v1/namespaces/default/pods"
    here = {"cpu": "4", "memory": "8Gi", "pods": "10"}
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "machine"},
        "status": {"allocatable": here},
    }
    container = {"name": "c", "image": "i:1", "resources": {"requests": {"cpu": "3"}}}

    def pod(name: str) -> dict[str, Any]:
        spec = {"schedulerName": "mine", "containers": [container]}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}

    def get(http: httpx.Client, name: str) -> dict[str, Any]:
        return http.get(f"{pods}/{name}").json()  # type: ignore[no-any-return]

    with up.http() as http:
        http.post("/api/v1/nodes", json=node)
        process = run_by(up, "--scheduler", "mine", file=None)
        assert process.began.startswith(f"mine at {up.url}")
        http.post(pods, json=pod("one"))
        until(lambda: get(http, "one")["spec"].get("nodeName") == "machine")
        http.post(pods, json=pod("two"))
        until(lambda: "Insufficient cpu" in str(get(http, "two")["status"].get("conditions")))
        said = http.get("/api/v1/namespaces/default/events?fieldSelector=reason=Scheduled").json()["items"]
        code, _ = process.end(signal.SIGINT)
    assert code == 0
    assert [(e["message"], e["source"]["component"]) for e in said] == [
        ("Successfully assigned default/one to machine", "mine")
    ]


def test_a_file_or_a_scheduler_but_not_both() -> None:
    for words in ((), (str(MIRROR), "--scheduler", "mine")):
        done = ran(*words)
        assert done.returncode == 2
        assert "run what? a FILE with your controllers, or --scheduler NAME" in done.stderr


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


# --- what whoever runs it wants to know -----------------------------------------------------------


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def asked(port: int, path: str) -> tuple[int, str]:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False)
    except httpx.TransportError:
        return 0, ""
    return answer.status_code, answer.text


def test_a_port_tells_whether_it_lives_and_whether_it_works(run_by: RunBy, up: Up) -> None:
    port = free_port()
    operator = run_by(up, "--health-port", str(port))
    until(lambda: asked(port, "/readyz") == (200, "ok"))
    assert asked(port, "/healthz") == (200, "ok")
    assert asked(port, "/")[0] == 404
    operator.end(signal.SIGTERM)
    assert asked(port, "/healthz")[0] == 0


def test_it_lives_but_does_not_work_while_there_is_no_server(run_by: RunBy, up: Up) -> None:
    up.kill()
    port = free_port()
    operator = run_by(up, "--health-port", str(port))
    assert "cannot be reached" in operator.began
    until(lambda: asked(port, "/healthz") == (200, "ok"))
    assert asked(port, "/readyz")[0] == 500
    up.start()
    until(lambda: asked(port, "/readyz") == (200, "ok"))
    assert operator.end(signal.SIGTERM)[0] == 0


def test_a_port_that_is_taken_is_named(up: Up) -> None:
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = ran(str(MIRROR), "--kubeconfig", str(up.kubeconfig), "--health-port", port)
    assert done.returncode == 2
    assert f"--health-port {port}: " in done.stderr
    assert "Traceback" not in done.stderr


def test_of_two_processes_one_works_and_the_other_takes_over(run_by: RunBy, up: Up) -> None:
    with up.http() as http:
        lease = "/apis/coordination.k8s.io/v1/namespaces/default/leases/mirror"

        def holder() -> str:
            return str(http.get(lease).json().get("spec", {}).get("holderIdentity", ""))

        first = run_by(up, "--leader-elect")
        until(lambda: bool(holder()))
        was = holder()
        second = run_by(up, "--leader-elect")
        http.post(HERE, json=source("one", "1"))
        until(lambda: value(http, "one-copy") == "1")
        assert holder() == was
        first.end(signal.SIGTERM)
        http.post(HERE, json=source("two", "1"))
        until(lambda: value(http, "two-copy") == "1")
        assert holder() != was
        second.end(signal.SIGTERM)


def test_a_reconcile_that_fails_is_told_of_with_its_line(run_by: RunBy, up: Up, tmp_path: Path) -> None:
    file = tmp_path / "operator.py"
    file.write_text(
        "from k8slearn import Controller\n\n\nclass Fails(Controller):\n    primary = 'namespaces'\n\n"
        "    def reconcile(self, key):\n        raise KeyError(key)\n"
    )
    operator = run_by(up, file=file)
    line = next(line for line in iter(operator.line, "") if line.startswith("fails default"))
    assert line == f"fails default: {file}, line 8: KeyError: 'default'; again in 0.005 s\n"
    assert operator.end(signal.SIGINT)[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--health-port", "8080"], "--health-port: only with --kubeconfig or --context"),
        (["--kubeconfig", "x", "--seed", "1", "--steps"], "--seed, --steps: only for a simulation"),
        (["--kubeconfig", "no-such-file"], "no-such-file"),
    ],
)
def test_options_that_do_not_go_together(words: list[str], said: str) -> None:
    done = ran(str(MIRROR), *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
