"""kubectl in a cell: the real one, its ages left out; a kind word where there is none."""

from __future__ import annotations

import os
import pathlib
import sys

import pytest

from k8slearn.lab.terminal import kubectl


@pytest.fixture
def stub(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A program called kubectl that says what stands in a file, and then its arguments and its input."""
    if os.name == "nt":
        pytest.skip("a script without a suffix is no program here")
    program = tmp_path / "kubectl"
    lines = f"#!{sys.executable}\nimport sys, pathlib\n"
    lines += f"print(pathlib.Path({str(tmp_path / 'says')!r}).read_text(), end='')\n"
    lines += "print(*sys.argv[1:], sys.stdin.read() if '-' in sys.argv else '', sep='|')\n"
    program.write_text(lines)
    program.chmod(0o755)
    (tmp_path / "says").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_it_runs_the_command_and_sends_objects_as_yaml(
    stub: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl("apply -f - --field-manager='the team'", {"kind": "Pod"}) is None
    said = capsys.readouterr().out
    assert said.startswith("$ kubectl apply -f - --field-manager='the team'\n")
    assert "apply|-f|-|--field-manager=the team|kind: Pod" in said


def test_ages_are_left_out_and_nothing_else(stub: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (stub / "says").write_text(
        "NAME   DATA   AGE\ntea    3      5s\nmilk   12     3m20s\nnew    1      <unknown>\n"
    )
    kubectl("get configmaps")
    assert capsys.readouterr().out.splitlines()[1:5] == [
        "NAME   DATA   AGE",
        "tea    3      …",
        "milk   12     …",
        "new    1      …",
    ]
    (stub / "says").write_text("tea 5s\n")
    assert (kubectl("get", quiet=True) or "").startswith("tea 5s")


def test_without_kubectl_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    kubectl("get pods")
    assert capsys.readouterr().out == (
        "$ kubectl get pods\n"
        "kubectl is not installed on this machine, so this cell shows only what one would type.\n"
    )
