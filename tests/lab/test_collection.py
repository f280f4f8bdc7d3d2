"""A collection over HTTPS, and kubectl watching beside a cell: both against a control plane of our own."""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Iterator
from urllib.error import HTTPError

import pytest

from k8slearn.lab.deskworld import note
from k8slearn.lab.terminal import tail
from k8slearn.live import start
from k8slearn.live.collection import Collection


@pytest.fixture(scope="module")
def kitchen() -> Iterator[Collection]:
    before = os.environ.get("KUBECONFIG")
    with start(nodes=0):
        yield Collection(labels="room=kitchen")
    os.environ.pop("KUBECONFIG")
    if before is not None:
        os.environ["KUBECONFIG"] = before


def test_a_watch_tells_what_happened_since_the_list(kitchen: Collection) -> None:
    listed = kitchen.list()
    assert listed["items"] == []
    kitchen.create(note("tea"))
    kitchen.replace(note("tea", text="five"))
    kitchen.delete("tea")
    events = list(kitchen.watch(listed["metadata"]["resourceVersion"], seconds=1))
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]


def test_a_refusal_is_an_http_error(kitchen: Collection) -> None:
    with pytest.raises(HTTPError, match="404"):
        kitchen.delete("nothing")


def test_what_kubectl_says_meanwhile_is_shown(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if os.name == "nt":
        pytest.skip("a script without a suffix is no program here")
    program = tmp_path / "kubectl"
    lines = ["print('NAME AGE', flush=True)", "print('tea 5s', flush=True)", "import time; time.sleep(60)"]
    program.write_text("\n".join([f"#!{sys.executable}", *lines]))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with tail("get configmaps --watch", lines=2) as watching:
        assert watching.said == ["NAME AGE"]
    assert capsys.readouterr().out == "$ kubectl get configmaps --watch\nNAME AGE\ntea …\n"


def test_without_kubectl_it_says_so(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with tail("get pods --watch", lines=2):
        pass
    assert "kubectl is not installed" in capsys.readouterr().out
