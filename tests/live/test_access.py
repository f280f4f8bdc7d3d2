"""How to get in: programs that say who we are, proxies, paths in a kubeconfig; and servers that are busy."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from k8slearn.api import errors
from k8slearn.client import Client
from k8slearn.live.access import NoConfig, find, http_client
from k8slearn.live.remote import LONGEST_WAIT, Remote, connect
from tests.up import Up, running

Enter = Callable[[Path], Client]
V1 = "client.authentication.k8s.io/v1"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    yield from running(tmp_path_factory.mktemp("up"), "--nodes", "0")


class Plugin:
    """A program that prints what is in a file beside it, and writes down that it was asked."""

    def __init__(self, folder: Path, version: str = V1) -> None:
        self.folder, self.version = folder, version
        self.file, self.asked = folder / "login", folder / "asked"
        self.asked.write_text("")
        self.file.write_text(
            f"#!{sys.executable}\n"
            "import os, pathlib, sys\n"
            "here = pathlib.Path(__file__).parent\n"
            "(here / 'asked').open('a').write(os.environ['KUBERNETES_EXEC_INFO'] + '\\n')\n"
            "print((here / 'says').read_text())\n"
            "sys.exit(int(os.environ.get('CODE', '0')))\n"
        )
        self.file.chmod(self.file.stat().st_mode | stat.S_IXUSR)

    def says(self, status: dict[str, Any] | None, version: str = V1) -> None:
        said = {"apiVersion": version, "kind": "ExecCredential", "status": status}
        (self.folder / "says").write_text(json.dumps(said))

    @property
    def times(self) -> int:
        return len(self.asked.read_text().splitlines())

    def user(self, **more: Any) -> dict[str, Any]:
        program = {"apiVersion": self.version, "command": "./login", "interactiveMode": "Never"}
        return {"exec": {**program, **more}}


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    return Plugin(tmp_path)


def written(up: Up, folder: Path, user: dict[str, Any], **cluster: Any) -> Path:
    """A kubeconfig in `folder` for that server."""
    said = up.config
    said["users"][0]["user"] = user
    said["clusters"][0]["cluster"].update(cluster)
    path = folder / "config"
    path.write_text(yaml.safe_dump(said))
    return path


@pytest.fixture
def enter() -> Iterator[Enter]:
    """``enter(path)``: a client, by what the kubeconfig says. Closed in the end."""
    with ExitStack() as opened:

        def one(path: Path) -> Client:
            remote = connect(path)
            opened.callback(remote.close)
            return Client(remote)

        yield one


def test_a_program_beside_the_kubeconfig_says_the_token_and_is_asked_once(
    enter: Enter, up: Up, plugin: Plugin, tmp_path: Path
) -> None:
    plugin.says({"token": up.token})
    found = enter(written(up, tmp_path, plugin.user()))
    found.list("configmaps")
    found.list("secrets")
    assert plugin.times == 1
    asked = json.loads(plugin.asked.read_text())
    assert asked == {"apiVersion": V1, "kind": "ExecCredential", "spec": {"interactive": False}}


def test_it_is_asked_again_when_what_it_said_has_run_out(
    enter: Enter, up: Up, plugin: Plugin, tmp_path: Path
) -> None:
    plugin.says({"token": up.token, "expirationTimestamp": "2020-01-01T00:00:00Z"})
    found = enter(written(up, tmp_path, plugin.user()))
    found.list("configmaps")
    asked = plugin.times
    found.list("configmaps")
    assert plugin.times > asked


def test_it_is_asked_again_when_it_is_not_believed_any_more(
    enter: Enter, up: Up, plugin: Plugin, tmp_path: Path
) -> None:
    plugin.says({"token": "old"})
    found = enter(written(up, tmp_path, plugin.user()))
    with pytest.raises(errors.Unauthorized):
        found.list("configmaps")
    plugin.says({"token": up.token})
    found.list("configmaps")


@pytest.mark.parametrize(
    ("status", "version", "code", "said"),
    [
        ({}, V1, "0", "plugin didn't return a status field"),
        ({"expirationTimestamp": "2030-01-01T00:00:00Z"}, V1, "0", "didn't return a token or cert/key pair"),
        ({"token": "a"}, "client.authentication.k8s.io/v1beta1", "0", "plugin returned version client.auth"),
        ({"token": "a"}, V1, "3", "failed with exit code 3"),
    ],
)
def test_programs_that_say_nothing_useful(
    enter: Enter,
    up: Up,
    plugin: Plugin,
    tmp_path: Path,
    status: dict[str, Any],
    version: str,
    code: str,
    said: str,
) -> None:
    plugin.says(status, version)
    path = written(up, tmp_path, plugin.user(env=[{"name": "CODE", "value": code}]))
    with pytest.raises(errors.Unauthorized, match=said):
        enter(path).list("configmaps")


def test_a_program_that_is_not_there_comes_with_the_hint_how_to_install_it(
    enter: Enter, up: Up, tmp_path: Path
) -> None:
    user = {"exec": {"apiVersion": V1, "command": "no-such-login", "installHint": "Ask Ada for it."}}
    with pytest.raises(errors.Unauthorized, match=r"no-such-login not found\s+Ask Ada for it\."):
        enter(written(up, tmp_path, user)).list("configmaps")


def test_a_program_of_a_version_that_nobody_speaks(up: Up, tmp_path: Path) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1alpha1", "command": "login"}}
    with pytest.raises(NoConfig, match="invalid apiVersion"):
        connect(written(up, tmp_path, user))


def test_the_path_of_a_token_begins_where_the_kubeconfig_is(
    enter: Enter, up: Up, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text(up.token)
    path = written(up, tmp_path, {"tokenFile": "token"})
    monkeypatch.chdir("/")
    assert enter(path).list("namespaces")


def test_a_proxy_of_the_kubeconfig_is_gone_through(enter: Enter, up: Up, tmp_path: Path) -> None:
    """A port at which nobody listens: without the proxy, the server would have been found."""
    path = written(up, tmp_path, {"token": up.token}, **{"proxy-url": "http://127.0.0.1:9"})
    with pytest.raises(errors.Unreachable):
        enter(path).list("configmaps")


def test_one_s_own_machine_is_reached_without_the_proxy_of_the_environment(
    enter: Enter, up: Up, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert enter(written(up, tmp_path, {"token": up.token})).list("namespaces")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2", "is no kubeconfig"),
        ("a: 1", "names 'clusters', which is not in it"),
        ("", "is no kubeconfig"),
    ],
)
def test_files_that_are_no_kubeconfig(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(NoConfig, match=said):
        connect(path)


def test_a_context_that_is_not_there_is_named(up: Up) -> None:
    with pytest.raises(NoConfig, match="moon"):
        connect(up.kubeconfig, "moon")


# --- a server that is busy ------------------------------------------------------------------------


class Busy:
    """Answers with these codes, one after the other, then with an empty list."""

    def __init__(self, *codes: int, pause: str = "2") -> None:
        self.codes, self.pause = list(codes), pause
        self.slept: list[float] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if self.codes:
            return httpx2.Response(self.codes.pop(0), headers={"Retry-After": self.pause}, text="too much")
        return httpx2.Response(200, json={"kind": "ConfigMapList", "metadata": {"resourceVersion": "1"}})


def remote(up: Up, server: Busy) -> Remote:
    found = Remote(find(up.kubeconfig))
    found.http.close()
    found.http = httpx2.Client(base_url="https://busy.example", transport=httpx2.MockTransport(server))
    found.sleep = server.slept.append
    return found


def test_a_busy_server_is_asked_again_when_it_says(up: Up) -> None:
    server = Busy(429, 503)
    assert remote(up, server).send("GET", "/api/v1/configmaps").status_code == 200
    assert server.slept == [2.0, 2.0]


def test_nobody_waits_for_ever(up: Up) -> None:
    server = Busy(*[429] * 100)
    with pytest.raises(errors.TooManyRequests):
        remote(up, server).send("GET", "/api/v1/configmaps")
    assert sum(server.slept) <= LONGEST_WAIT


def test_what_says_no_time_is_the_answer(up: Up) -> None:
    server = Busy(429, pause="soon")
    with pytest.raises(errors.TooManyRequests):
        remote(up, server).send("GET", "/api/v1/configmaps")
    assert server.slept == []


def test_a_client_can_be_made_of_a_context_alone(up: Up) -> None:
    with http_client(find(up.kubeconfig)) as http:
        assert http.get("/version").json()["major"] == "1"
