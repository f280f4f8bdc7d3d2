"""environment.yml: conda brings python and pip, pip brings the rest. What conda makes of it is not tried."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
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
INSTALLED = """
import importlib.metadata, json
print(json.dumps({d.metadata["Name"]: d.version for d in importlib.metadata.distributions()}))
"""


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
def test_the_pip_list_installs_into_a_clean_environment(tmp_path: pathlib.Path) -> None:
    """As conda does it: the list in a file, pip started beside environment.yml."""
    (tmp_path / "list.txt").write_text("\n".join(PIP))
    uv, venv = shutil.which("uv"), tmp_path / "venv"
    python = venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    make = [uv, "venv", "-q", "-p", sys.executable] if uv else [sys.executable, "-m", "venv"]
    install = [uv, "pip", "install", "-q", "-p", python] if uv else [python, "-m", "pip", "install", "-qq"]
    subprocess.run([*make, venv], check=True)
    subprocess.run([*install, "-r", tmp_path / "list.txt"], check=True, cwd=ROOT)

    def ask(code: str) -> str:
        return subprocess.run(
            [python, "-c", code], check=True, cwd=tmp_path, capture_output=True, text=True
        ).stdout

    versions = {plain(name): version for name, version in json.loads(ask(INSTALLED)).items()}
    for one in required():
        assert versions[plain(one.name)] in one.specifier, f"{one}: got {versions[plain(one.name)]}"
    assert pathlib.Path(
        ask("import k8slearn, k8slearn.lab; print(k8slearn.__file__)").strip()
    ).is_relative_to(ROOT)
    assert (
        "python3" in ask("from jupyter_client.kernelspec import find_kernel_specs as f; print(*f())").split()
    )
