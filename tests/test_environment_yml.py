"""environment.yml: conda brings python and pip, pip brings the rest. What conda makes of it is not tried."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENVIRONMENT: dict[str, Any] = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
CONDA = [line for line in ENVIRONMENT["dependencies"] if isinstance(line, str)]
PIP = next(line["pip"] for line in ENVIRONMENT["dependencies"] if isinstance(line, dict))


def extras() -> list[str]:
    """The extras that the pip list names: `-e .[lab,test]` gives lab and test."""
    named = re.fullmatch(r"-e \.\[([\w,]+)\]", PIP[0])
    assert named
    assert len(PIP) == 1
    return named[1].split(",")


def required() -> list[Requirement]:
    """What pyproject.toml asks for, for these extras, on this machine."""
    lines = PROJECT["dependencies"] + [
        d for extra in extras() for d in PROJECT["optional-dependencies"][extra]
    ]
    wanted = [Requirement(line) for line in lines]
    return [one for one in wanted if one.marker is None or one.marker.evaluate()]


def plain(name: str) -> str:
    """A distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_conda_brings_python_and_pip_alone_from_conda_forge() -> None:
    assert ENVIRONMENT["channels"] == ["conda-forge"]
    assert [line.split("=")[0] for line in CONDA] == ["python", "pip"]


def test_its_python_is_one_the_project_allows() -> None:
    assert f"{CONDA[0].split('=')[1]}.0" in SpecifierSet(PROJECT["requires-python"])


def test_its_extras_are_the_projects() -> None:
    assert set(extras()) <= set(PROJECT["optional-dependencies"])
    assert {"lab", "test"} <= set(extras())


@pytest.mark.slow
def test_pip_can_make_an_environment_of_the_list(tmp_path: pathlib.Path) -> None:
    """As conda does it: the list in a file, pip started beside environment.yml. It chooses versions that go together,
    and stops before it installs them: that the project works with what is installed is what all other tests show.
    """
    (tmp_path / "list.txt").write_text("\n".join(PIP))
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    pip = [python, "-m", "pip", "install", "-qq", "--dry-run", "--report", tmp_path / "report.json"]
    subprocess.run([*pip, "-r", tmp_path / "list.txt"], check=True, cwd=ROOT)

    chosen = [one["metadata"] for one in json.loads((tmp_path / "report.json").read_text())["install"]]
    versions = {plain(one["name"]): one["version"] for one in chosen}
    assert "k8slearn" in versions
    for one in required():
        assert versions[plain(one.name)] in one.specifier, f"{one}: got {versions[plain(one.name)]}"
