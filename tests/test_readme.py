"""What the README promises."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_ten_lines_run_and_end_with_every_pod_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    found = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert found
    names: dict[str, object] = {}
    exec(compile(found[1], "README.md", "exec"), names)
    said = capsys.readouterr().out.splitlines()
    assert " client " in said[0]  # the chain of causes begins with a person's hand ...
    assert " default-scheduler " in said[-1]  # ... and ends where we asked
    sim = names["sim"]
    assert len(sim.client.list("pods")) == 6  # type: ignore[attr-defined]


def test_every_file_it_links_to_is_there() -> None:
    targets = re.findall(r"\]\(([^)#]+)", README)
    assert len(targets) > 10
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_its_picture_is_drawn_by_the_project() -> None:
    assert "docs/map.png" in README
    assert (ROOT / "docs" / "map.png").stat().st_size > 10_000
